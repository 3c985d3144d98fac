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
	"runtime"
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

// readForEver opens "COUNT TRANSPORT ADDRESS" readers, says "ready" and throws away what they get.
func readForEver(job string) {
	var n int
	var transport, address string
	if _, err := fmt.Sscan(job, &n, &transport, &address); err != nil {
		panic(err)
	}
	for range n {
		c, err := net.Dial("tcp", address)
		if err == nil {
			err = playOn(c, transport, "cam", 2)
		}
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		go io.Copy(io.Discard, c)
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent closes it
}

// playOn plays a camera's first tracks through a plain socket.
func playOn(c net.Conn, transport, camera string, tracks int) error {
	address := c.RemoteAddr().String()
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
		how := fmt.Sprintf("RTP/AVP/TCP;unicast;interleaved=%d-%d", 2*i, 2*i+1)
		if transport == "udp" {
			p, err := freePair("127.0.0.1")
			if err != nil {
				return err
			}
			go io.Copy(io.Discard, p.rtp)
			port := p.rtp.LocalAddr().(*net.UDPAddr).Port
			how = fmt.Sprintf("RTP/AVP;unicast;client_port=%d-%d", port, port+1)
		}
		if err := ask(i+1, "SETUP", fmt.Sprintf("%s/trackID=%d", camera, i), "Transport: "+how+"\r\n"); err != nil {
			return err
		}
	}
	return ask(tracks+1, "PLAY", camera, "")
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
	for _, x := range []struct {
		n         int
		transport string
	}{{0, "tcp"}, {1, "tcp"}, {50, "tcp"}, {1, "udp"}, {50, "udp"}} {
		b.Run(fmt.Sprint(x.n, x.transport), func(b *testing.B) {
			s := serve(b, map[string]Timeline{"cam": air(b, video, clipOf(b, media.Opus))},
				func(o *Options) { o.Log = slog.New(slog.DiscardHandler) })
			idle := memory()
			stop := readersOf(b, x.n, x.transport, s.Addr().String())
			defer stop()
			before, sent, begun := cpuTime(), s.Stats().BytesSent, time.Now()
			for range b.N {
				time.Sleep(5 * time.Second)
			}
			took := time.Since(begun)
			b.ReportMetric(100*float64(cpuTime()-before)/float64(took), "%core")
			b.ReportMetric(float64(s.Stats().BytesSent-sent)*8/took.Seconds()/1e6, "Mbit/s")
			b.ReportMetric(float64(memory()-idle)/float64(max(x.n, 1))/1024, "kB/reader")
			b.ReportMetric(0, "ns/op")
			if got := s.Stats().Playing["cam"]; got != x.n {
				b.Errorf("%d readers at the end, want %d", got, x.n)
			}
		})
	}
}

// memory is what lives on the heap and on stacks.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// readersOf starts a process of n readers and waits until all of them play.
func readersOf(b *testing.B, n int, transport, address string) (stop func()) {
	if n == 0 {
		return func() {}
	}
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%d %s %s", readersVariable, n, transport, address))
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
