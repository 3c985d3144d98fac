package rtsp

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/textproto"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hindsight/media"
)

// A benchmark's readers live in a process of their own, this same binary with
// the variable set, so that what is measured is the server alone.
const readersVariable = "HINDSIGHT_TEST_READERS"

func TestMain(m *testing.M) {
	if job := os.Getenv(readersVariable); job != "" {
		readForEver(job)
		return
	}
	os.Exit(m.Run())
}

// readForEver opens "COUNT ADDRESS" TCP readers, says "ready" and throws away what they get.
func readForEver(job string) {
	var n int
	var address string
	if _, err := fmt.Sscan(job, &n, &address); err != nil {
		panic(err)
	}
	for range n {
		c, err := playTCP(address, "cam", 2)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		go io.Copy(io.Discard, c)
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent closes it
}

// playTCP plays a camera's first tracks through a plain socket.
func playTCP(address, camera string, tracks int) (net.Conn, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return playOn(c, address, camera, tracks)
}

func playOn(c net.Conn, address, camera string, tracks int) (net.Conn, error) {
	r := textproto.NewReader(bufio.NewReaderSize(c, 1024))
	session := ""
	ask := func(n int, method, path, more string) error {
		if session != "" {
			more += "Session: " + session + "\r\n"
		}
		fmt.Fprintf(c, "%s rtsp://%s/%s RTSP/1.0\r\nCSeq: %d\r\n%s\r\n", method, address, path, n, more)
		line, err := r.ReadLine()
		if err != nil {
			return err
		}
		if !strings.HasPrefix(line, "RTSP/1.0 200") {
			return fmt.Errorf("%s: %s", method, line)
		}
		h, err := r.ReadMIMEHeader()
		if err != nil {
			return err
		}
		if s, _, _ := strings.Cut(h.Get("Session"), ";"); s != "" {
			session = s
		}
		length, _ := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
		_, err = io.CopyN(io.Discard, r.R, length)
		return err
	}
	for i := range tracks {
		path := fmt.Sprintf("%s/trackID=%d", camera, i)
		if err := ask(i+1, "SETUP", path, fmt.Sprintf("Transport: RTP/AVP/TCP;unicast;interleaved=%d-%d\r\n", 2*i, 2*i+1)); err != nil {
			return c, err
		}
	}
	return c, ask(tracks+1, "PLAY", camera, "")
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkReaders says how much of a core the server takes for live readers of
// 720p at 30 pictures a second and 2.5 Mbit/s, with sound. The tape's own work,
// a small part, is in it. One iteration lasts five seconds.
func BenchmarkReaders(b *testing.B) {
	video := cached("720p", func() *clip {
		return h264Clip(b, "-f lavfi -i testsrc2=size=1280x720:rate=30 -t 4 -c:v libx264 -preset ultrafast -bf 0 -g 30 "+
			"-b:v 2500k -minrate 2500k -maxrate 2500k -bufsize 500k -x264-params aud=1:repeat-headers=1:scenecut=0:nal-hrd=cbr -f h264", 1280, 720)
	})
	bytes := 0
	for _, u := range video.units {
		bytes += len(u)
	}
	for _, n := range []int{0, 1, 50} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := serve(b, map[string]Timeline{"cam": air(b, video, clipOf(b, media.Opus))},
				func(o *Options) { o.Log = slog.New(slog.DiscardHandler) })
			stop := readersOf(b, n, s.Addr().String())
			defer stop()
			before, sent, begun := cpuTime(), s.Stats().BytesSent, time.Now()
			for range b.N {
				time.Sleep(5 * time.Second)
			}
			took := time.Since(begun)
			b.ReportMetric(100*float64(cpuTime()-before)/float64(took), "%core")
			b.ReportMetric(float64(s.Stats().BytesSent-sent)*8/took.Seconds()/1e6, "Mbit/s")
			b.ReportMetric(0, "ns/op")
			if got := s.Stats().Playing["cam"]; got != n {
				b.Errorf("%d readers at the end, want %d", got, n)
			}
		})
	}
}

// readersOf starts a process of n readers and waits until all of them play.
func readersOf(b *testing.B, n int, address string) (stop func()) {
	if n == 0 {
		return func() {}
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s", readersVariable, n, address))
	in, _ := c.StdinPipe()
	out, _ := c.StdoutPipe()
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready\n" {
		b.Fatalf("readers: %q, %v", line, err)
	}
	return func() {
		_ = in.Close()
		_ = c.Wait()
	}
}
