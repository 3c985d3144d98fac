package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/textproto"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hindsight/appliance/fill"
)

// guest is somebody who plays a recording through a plain connection from an address of its own.
type guest struct {
	net.Conn
	r       *bufio.Reader
	url     string
	session string
	cseq    int
}

// comes opens an address from 127.0.0.host and sets up its first two tracks.
func comes(t *testing.T, s *server, host byte, path string) *guest {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, host)}}
	c, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(s.rtsp, "rtsp://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() }) //nolint:errcheck // the server may have closed it
	g := &guest{Conn: c, r: bufio.NewReaderSize(c, 64<<10), url: s.rtsp + path}
	for i := range 2 {
		how := fmt.Sprintf("Transport: RTP/AVP/TCP;unicast;interleaved=%d-%d", 2*i, 2*i+1)
		if err := g.ask("SETUP", fmt.Sprintf("%s/trackID=%d", g.url, i), how); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	return g
}

// narrow lets the kernel take little for the guest.
func (g *guest) narrow() *guest {
	_ = g.Conn.(*net.TCPConn).SetReadBuffer(16 << 10)
	return g
}

// says sends a request.
func (g *guest) says(method, url string, headers ...string) error {
	g.cseq++
	if g.session != "" {
		headers = append(headers, "Session: "+g.session)
	}
	_, err := fmt.Fprintf(g, "%s %s RTSP/1.0\r\nCSeq: %d\r\n%s\r\n\r\n", method, url, g.cseq, strings.Join(headers, "\r\n"))
	return err
}

// ask sends a request, and reads until its answer, which must say yes.
func (g *guest) ask(method, url string, headers ...string) error {
	if err := g.says(method, url, headers...); err != nil {
		return err
	}
	for {
		if _, _, err := g.packet(); err == nil {
			continue
		}
		line, err := textproto.NewReader(g.r).ReadLine()
		if err != nil {
			return err
		}
		h, err := textproto.NewReader(g.r).ReadMIMEHeader()
		if err != nil {
			return err
		}
		if session, _, _ := strings.Cut(h.Get("Session"), ";"); session != "" {
			g.session = session
		}
		if !strings.HasPrefix(line, "RTSP/1.0 200") || h.Get("CSeq") != strconv.Itoa(g.cseq) {
			return fmt.Errorf("%s: %s, CSeq %s", method, line, h.Get("CSeq"))
		}
		return nil
	}
}

// packet reads a packet; an error where an answer begins, or nothing more comes.
func (g *guest) packet() (channel byte, b []byte, err error) {
	head, err := g.r.Peek(4)
	if err != nil || head[0] != '$' {
		return 0, nil, fmt.Errorf("no packet: %w", err)
	}
	channel, b = head[1], make([]byte, int(head[2])<<8|int(head[3]))
	_, _ = g.r.Discard(4)
	_, err = io.ReadFull(g.r, b)
	return channel, b, err
}

// watches plays and reads until ctx ends, and counts pictures; none may be missing in the sequence.
func (g *guest) watches(ctx context.Context) (pictures int, err error) {
	defer context.AfterFunc(ctx, func() { _ = g.SetDeadline(time.Unix(1, 0)) })()
	if err := g.ask("PLAY", g.url); err != nil {
		return 0, err
	}
	for last := -1; ; {
		channel, b, err := g.packet()
		if ctx.Err() != nil {
			return pictures, nil
		}
		if err != nil {
			return pictures, err
		}
		if channel != 0 || len(b) < 12 {
			continue
		}
		seq := int(b[2])<<8 | int(b[3])
		if last >= 0 && seq != (last+1)&0xffff {
			return pictures, fmt.Errorf("packet %d after %d", seq, last)
		}
		if last = seq; b[1]&0x80 != 0 {
			pictures++
		}
	}
}

// metric is the sum of a metric's values, of all label sets that contain with.
func (s *server) metric(name, with string) (sum float64) {
	s.t.Helper()
	res, err := http.Get(s.http + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	lines, found := bufio.NewScanner(res.Body), false
	for lines.Scan() {
		at, value, _ := strings.Cut(lines.Text(), " ")
		if base, labels, _ := strings.Cut(at, "{"); base == name && strings.Contains(labels, with) {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				s.t.Fatalf("%s: %v", lines.Text(), err)
			}
			sum, found = sum+v, true
		}
	}
	if !found {
		s.t.Errorf("there is no metric %s with %s", name, with)
	}
	return sum
}

// logged waits for a line of the log that tells a reason and who it was.
func (s *server) logged(reason string, host byte) {
	s.t.Helper()
	line := regexp.MustCompile(fmt.Sprintf(`reason="?%s"? from=127\.0\.0\.%d:`, reason, host))
	until(s.t, fmt.Sprintf("%q of 127.0.0.%d in the log", reason, host), func() bool { return line.MatchString(s.log.String()) })
}

// A replay reader is a guest: a hundred that play, each from a moment of its
// own, one that never reads, one that reads slowly and one that seeks twenty times a second do
// nothing to a recording in progress. Who takes too little or asks too much is named.
func TestReplayReadersAreGuests(t *testing.T) {
	const history, readers = 10 * time.Minute, 100
	data := filepath.Join(t.TempDir(), "data")
	// Pictures of 2000 bytes; a hundred readers take what ten of a real camera would.
	if r := runProgram(t, "bench", "fill", "--data", data, "--for", history.String(), "--frame-bytes", "2000"); r.code != 0 {
		t.Fatalf("bench fill: %s", r.err)
	}
	s := serveIn(t, data, "--video", "demo", "--audio", "demo", "--size", "320x240", "--rate", "25")
	s.more("video", 25)
	from := s.unitsOf("video")

	const never, slowly, storm = 3, 4, 5
	play := func(g *guest, speed string) {
		if err := g.says("PLAY", g.url, "Speed: "+speed); err != nil {
			t.Fatal(err)
		}
	}
	stalled := comes(t, s, never, "/cam/at/1.1000").narrow()
	play(stalled, "16")
	slow := comes(t, s, slowly, "/cam/at/1.2000").narrow()
	play(slow, "16")
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var wg sync.WaitGroup
	wg.Go(func() {
		defer slow.Close()
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			if _, err := io.CopyN(io.Discard, slow.r, 1000); err != nil {
				t.Errorf("the slow reader: %v", err)
				return
			}
			<-tick.C
		}
	})
	seeker, seeks := comes(t, s, storm, "/cam/timeline"), 0
	wg.Go(func() {
		defer seeker.Close()
		tick := time.NewTicker(time.Second / 20)
		defer tick.Stop()
		for random := rand.New(rand.NewPCG(1, 2)); ctx.Err() == nil; seeks++ {
			if err := seeker.ask("PLAY", seeker.url, fmt.Sprintf("Range: npt=%.3f-", 590*random.Float64())); err != nil {
				t.Errorf("seek %d: %v", seeks, err)
				return
			}
			<-tick.C
		}
	})
	pictures := make([]int, readers)
	for i := range readers {
		g := comes(t, s, 2, fmt.Sprintf("/cam/at/1.%d", 1000+i*5000))
		wg.Go(func() {
			defer g.Close()
			var err error
			if pictures[i], err = g.watches(ctx); err != nil {
				t.Errorf("reader %d: %v", i, err)
			}
		})
	}

	s.more("video", 15*25)
	s.logged("reads more slowly than it plays", never)
	s.logged("reads more slowly than it plays", slowly)
	s.logged("seeks too often: slowed down", storm)
	if n := s.metric("hindsight_rtsp_sessions", `kind="history"`); n != readers+3 {
		t.Errorf("%v sessions are counted, want %d", n, readers+3)
	}
	leave()
	wg.Wait()
	for i, n := range pictures {
		if n < 5*fill.Rate { // real time would be three times as many
			t.Errorf("reader %d got %d pictures", i, n)
		}
	}
	if n, took := s.metric("hindsight_rtsp_seek_seconds_count", ""), s.metric("hindsight_rtsp_seek_seconds_sum", ""); int(n) < seeks || seeks < 20 || took <= 0 {
		t.Errorf("%v seeks in %v s are counted, there were %d", n, took, seeks)
	}
	if n := s.metric("hindsight_rtsp_slowed_total", ""); n < 10 {
		t.Errorf("%v seeks were slowed down, of %d", n, seeks)
	}
	if slowest := s.metric("hindsight_camera_commit_slowest_seconds", ""); slowest <= 0 || slowest > 10 {
		t.Errorf("the slowest commit took %v s", slowest)
	}
	if n := s.metric("hindsight_camera_commit_errors_total", "") + s.metric("hindsight_camera_lost_bytes_total", ""); n != 0 {
		t.Errorf("%v commits failed or bytes were lost", n)
	}
	// What never reads is dropped after ten minutes. It goes by itself here.
	stalled.Close() //nolint:errcheck // it is of no use any more
	until(t, "the guests to be gone", func() bool { return s.metric("hindsight_rtsp_sessions", "") <= 2 })

	recorded := s.unitsOf("video") - from
	file := filepath.Join(t.TempDir(), "x.mp4")
	if r := runProgram(t, "export", "--data", data, "--from", "-14s", "--to", "-1s", "-o", file); r.code != 0 {
		t.Fatalf("export: %s", r.err)
	}
	s.stop()
	if m := measure(t, "-frames", fmt.Sprint(13*25), "-max-offset", "20ms", "-no-gaps", file); m.code != 0 || recorded < 15*25 {
		t.Errorf("the recording is not in order: %d pictures, %s%s", recorded, m.out, m.err)
	}
	checkClean(t, data)
}
