package rtsp

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hindsight/media"
)

// paper keeps what was logged.
type paper struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.Write(b)
}

func (p *paper) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.b.String()
}

func (p *paper) log(o *Options) { o.Log = slog.New(slog.NewTextHandler(p, nil)) }

// dialSmall opens a connection whose receiving side holds little, so that a
// reader that stopped is felt soon.
func dialSmall(t *testing.T, s *Server) net.Conn {
	t.Helper()
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 16<<10)
		})
	}}
	c, err := d.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// slowConn reads only when it is allowed to.
type slowConn struct {
	net.Conn
	open chan struct{}
}

func (c slowConn) Read(b []byte) (int, error) {
	<-c.open
	return c.Conn.Read(b)
}

// TestSlowReader: one that cannot take everything gets whole pictures, then, once
// it is too far behind, goes on at the newest key frame; nothing is torn.
func TestSlowReader(t *testing.T) {
	line := newTape(testVideo, testAudio)
	record(line, 0, recorded)
	p := &paper{}
	s := serve(t, map[string]Timeline{"cam": line}, p.log)
	v := dial(t, s, "cam")
	_ = v.conn.Close()
	c := slowConn{dialSmall(t, s), make(chan struct{}, 1000)}
	for range 8 {
		c.open <- struct{}{} // for the answers
	}
	v = &viewer{t: t, conn: c, base: s.url("cam"), answers: make(chan answered, 16)}
	go v.read()
	v.setup("tcp", 2)
	v.must("PLAY", "")
	record(line, recorded, 60*time.Second) // 5 MB, far more than any queue holds
	close(c.open)
	v.waitFor(0, 1799)
	got := numbers(v.units(), 0)
	if got[0] != 120 || !slices.IsSorted(got) {
		t.Errorf("pictures begin with %d or come twice: %v", got[0], got)
	}
	jumps := 0
	for i := 1; i < len(got); i++ {
		if got[i] != got[i-1]+1 {
			jumps++
			if got[i]%testRate != 0 {
				t.Errorf("after picture %d comes %d, which is no key frame", got[i-1], got[i])
			}
		}
	}
	if jumps == 0 || s.Stats().Skips != int64(jumps) {
		t.Errorf("%d jumps, %d counted; want at least one", jumps, s.Stats().Skips)
	}
	if !strings.Contains(p.String(), "too slow") || !strings.Contains(p.String(), "camera=cam") {
		t.Errorf("the log does not name the slow reader:\n%s", p)
	}
}

// TestNeverReads: a reader that takes nothing is closed, and named.
func TestNeverReads(t *testing.T) {
	t.Parallel()
	line := newTape(testVideo, testAudio)
	line.add(videoUnit(0)) // and never again a key frame to go on at: 2.8 MB
	for n := range 1800 {
		if n%testRate != 0 {
			line.add(videoUnit(n))
		}
	}
	p := &paper{}
	s := serve(t, map[string]Timeline{"cam": line}, p.log)
	c := dialSmall(t, s)
	if err := playOn(c, "tcp", "cam", 2); err != nil {
		t.Fatal(err)
	}
	until(t, "the reader being dropped", func() bool { return s.Stats().Drops["does not read"] == 1 })
	if got := p.String(); !strings.Contains(got, `reason="does not read"`) || !strings.Contains(got, "camera=cam") ||
		!strings.Contains(got, "from="+c.LocalAddr().String()) {
		t.Errorf("the log does not name the reader:\n%s", got)
	}
	until(t, "its cursor being closed", func() bool { return line.open() == 0 })
}

// TestNotRTSP: whatever is no RTSP is closed and named, and takes no memory worth speaking of.
func TestNotRTSP(t *testing.T) {
	random := make([]byte, 1<<20)
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	options := "OPTIONS rtsp://x/cam RTSP/1.0\r\nCSeq: 1\r\n"
	cases := []struct {
		name, send, reason string
	}{
		{"random bytes", string(random), ""}, // how far they get depends on the bytes
		{"spaces", strings.Repeat(" ", 1<<20), "a request of more than 16 KiB"},
		{"endless header", options + "X: " + strings.Repeat("x", 1<<20), "not rtsp"},
		{"endless headers", options + strings.Repeat("X: y\r\n", 1<<16), "not rtsp"},
		{"long headers", options + strings.Repeat("X: "+strings.Repeat("y", 2000)+"\r\n", 200), "a request of more than 16 KiB"},
		{"announced body", options + "Content-Length: 120000\r\n\r\n", "a request of more than 16 KiB"},
		{"announced body in pieces", options + "cOnTent-lengTh:    99999\r\n\r\n", "a request of more than 16 KiB"},
		{"frames before playing", strings.Repeat("$\x00\x00\x10"+strings.Repeat("z", 16), 1000), "not rtsp"},
		{"browser", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "http spoken to an rtsp address"},
		{"http tunnel", "GET /cam HTTP/1.0\r\nAccept: application/x-rtsp-tunnelled\r\nX-Sessioncookie: 1\r\n\r\n", "http spoken to an rtsp address"},
		{"no cseq", "OPTIONS rtsp://x/cam RTSP/1.0\r\n\r\n", "not rtsp"},
		{"bad version", "OPTIONS rtsp://x/cam RTSP/9.0\r\n\r\n", "not rtsp"},
		{"bad url", "DESCRIBE :: RTSP/1.0\r\nCSeq: 1\r\n\r\n", "not rtsp"},
		{"an answer", "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n", "not rtsp"},
		{"flood of requests", strings.Repeat(options+"\r\n", 1<<14), "sends more than a player does"},
		{"play without session", "PLAY rtsp://x/cam RTSP/1.0\r\nCSeq: 1\r\nSession: 1\r\n\r\n", "not rtsp"},
	}
	for _, x := range cases {
		t.Run(x.name, func(t *testing.T) {
			p := &paper{}
			s := serve(t, map[string]Timeline{"cam": newTape(testVideo)}, p.log)
			c, err := net.Dial("tcp", s.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			go func() { _, _ = io.WriteString(c, x.send) }()
			_ = c.SetReadDeadline(time.Now().Add(time.Minute))
			if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Fatalf("the connection is still open: %v", err)
			}
			until(t, "the drop being counted", func() bool { return len(s.Stats().Drops) == 1 })
			if got := s.Stats().Drops; x.reason != "" && got[x.reason] != 1 {
				t.Errorf("dropped for %v, want %q", got, x.reason)
			}
			until(t, "a line in the log", func() bool { return strings.Contains(p.String(), "from="+c.LocalAddr().String()) })
			if n := s.Stats().BytesReceived; n > inboundBurst+1<<13 {
				t.Errorf("%d bytes were read", n)
			}
		})
	}
}

// TestTooManyReaders: more readers than allowed are refused with a sentence; a place that is given back is free.
func TestTooManyReaders(t *testing.T) {
	line := newTape(testVideo, testAudio)
	record(line, 0, recorded)
	s := serve(t, map[string]Timeline{"cam": line}, func(o *Options) { o.MaxReaders, o.MaxReadersPerHost = 2, 2 })
	a, b, c := dial(t, s, "cam"), dial(t, s, "cam"), dial(t, s, "cam")
	a.setup("tcp", 2)
	b.setup("tcp", 2)
	if got := c.ask("SETUP", "/trackID=0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"); !strings.HasPrefix(got.status, "453 readers: too many") {
		t.Errorf("the third reader got %q", got.status)
	}
	a.must("TEARDOWN", "")
	until(t, "a free place", func() bool { return s.Stats().Sessions == 1 })
	c.session = ""
	c.setup("tcp", 2)
}

// TestTooManyConnections: beyond the limit connections are closed at once; one that ends makes room.
func TestTooManyConnections(t *testing.T) {
	p := &paper{}
	s := serve(t, nil, p.log, func(o *Options) { o.MaxConns, o.MaxConnsPerHost = 3, 3 })
	var open []net.Conn
	for range 5 {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			continue // reset before Dial returned
		}
		defer func() { _ = c.Close() }()
		open = append(open, c)
	}
	until(t, "two refusals", func() bool { return s.Stats().Refused == 2 })
	if got := p.String(); strings.Count(got, "too many at once") != 1 {
		t.Errorf("want one line for refusals of one host:\n%s", got)
	}
	_ = open[0].Close()
	until(t, "a free place", func() bool { return s.Stats().Connections == 2 })
	v := dial(t, s, "cam")
	v.must("OPTIONS", "")
}

// TestCrowd: fifty readers get every unit, beside one that never reads, ones that
// send garbage, and a thousand connections that say nothing.
func TestCrowd(t *testing.T) {
	t.Parallel()
	line := newTape(testVideo, testAudio)
	record(line, 0, recorded)
	s := serve(t, map[string]Timeline{"cam": line}, (&paper{}).log)
	address := s.Addr().String()
	idle := make([]net.Conn, 1000)
	for i := range idle {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		idle[i] = c
		if i%2 == 0 {
			_, _ = io.WriteString(c, "DESCRIBE rtsp://x/cam RTSP/1.0\r\nCSe") // half a request
		}
		defer func() { _ = c.Close() }()
	}
	stuck := dialSmall(t, s)
	if err := playOn(stuck, "tcp", "cam", 2); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var noise sync.WaitGroup
	noise.Go(func() { shout(ctx, address) })
	defer noise.Wait()
	defer cancel()

	var readers []*viewer
	for i := range 50 {
		v := dial(t, s, "cam")
		v.setup(transports[i%5/4], 2) // every fifth over UDP
		v.must("PLAY", "")
		readers = append(readers, v)
	}
	for at := recorded; at < 14*time.Second; at += 250 * time.Millisecond {
		record(line, at, at+250*time.Millisecond)
		last := int((at + 250*time.Millisecond - 1) / testStep)
		until(t, "fifty readers", func() bool {
			return !slices.ContainsFunc(readers, func(v *viewer) bool { return !v.has(1, audioUnit(last)) })
		})
	}
	for i, v := range readers {
		all := v.units()
		if got, want := numbers(all, 0), sequence(120, 420); !slices.Equal(got, want) {
			t.Errorf("reader %d: pictures %v, want 120 to 419", i, got)
		}
		if got, want := numbers(all, 1), sequence(200, 700); !slices.Equal(got, want) {
			t.Errorf("reader %d: sounds %v, want 200 to 699", i, got)
		}
	}
	if n := s.Stats().Playing["cam"]; n < 50 {
		t.Errorf("%d readers play, want 50 or more", n)
	}
	until(t, "the silent ones being closed", func() bool { return s.Stats().Drops["no whole request within 10 s"] == 1000 })
}

// has reports whether an audio unit arrived, without looking at everything again.
func (v *viewer) has(track int, u media.Unit) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, a := range slices.Backward(v.got) {
		if a.track == track && a.rtp != nil {
			return bytes.Equal(a.rtp.Payload, u.Payload)
		}
	}
	return false
}

// shout opens connections and sends random bytes until ctx ends.
func shout(ctx context.Context, address string) {
	r := rand.New(rand.NewPCG(1, 2))
	for ctx.Err() == nil {
		c, err := net.Dial("tcp", address)
		if err != nil {
			continue
		}
		b := make([]byte, 4096)
		for ctx.Err() == nil {
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			if _, err := c.Write(b); err != nil {
				break
			}
		}
		_ = c.Close()
	}
}

// TestSentences: what cannot be played is refused with a sentence that a person can use.
func TestSentences(t *testing.T) {
	line := newTape(testVideo, testAudio)
	record(line, 0, recorded)
	odd := newTape(media.Track{ID: 1, Kind: media.Audio, Codec: media.AAC, ClockRate: 48000, Channels: 2})
	s := serve(t, map[string]Timeline{"cam": line, "door": newTape(), "odd": odd},
		func(o *Options) { o.Patience = 50 * time.Millisecond })
	for _, x := range []struct{ path, want string }{
		{"nobody", `404 no camera "nobody"; there is cam, door, odd`},
		{"", "404 the address names no camera; there is cam, door, odd"},
		{"CAM", `404 camera name "CAM": use 1 to 32 of a-z, 0-9 and -, beginning with a letter; there is cam, door, odd`},
		{"cam/live", "404 there is no /cam/live, only /cam, /cam/timeline, /cam/at/FROM and /cam/at/FROM-TO"},
		{"door", `503 camera "door" has shown nothing yet; try again when it does`},
		{"odd", `415 camera "odd" has no track that RTP can carry`},
	} {
		v := dial(t, s, x.path)
		if got := v.ask("DESCRIBE", ""); got.status != x.want {
			t.Errorf("/%s: %q, want %q", x.path, got.status, x.want)
		} else if want := x.want[4:] + "\n"; got.body != want {
			t.Errorf("/%s: body %q, want %q", x.path, got.body, want)
		}
		got := v.ask("SETUP", "/trackID=0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
		if !strings.HasPrefix(got.status, x.want[:4]) {
			t.Errorf("/%s: SETUP: %q, want %q", x.path, got.status, x.want)
		}
	}
	v := dial(t, s, "cam")
	v.setup("tcp", 2)
	for _, r := range []string{"clock=2026-", "smpte=0:10:00-", "bananas"} {
		if got := v.ask("PLAY", "", "Range: "+r); !strings.HasPrefix(got.status, "457 ") {
			t.Errorf("Range %q: %q, want 457", r, got.status)
		}
	}
	v.must("PLAY", "") // the session has survived
}

// TestLateCamera: a camera that shows its first unit a moment after it was asked for plays.
func TestLateCamera(t *testing.T) {
	line := newTape()
	s := serve(t, map[string]Timeline{"cam": line})
	v := dial(t, s, "cam")
	go func() {
		line.change(func() { line.tracks = []media.Track{testAudio} }) // sound is there first
		line.add(audioUnit(0))
		line.change(func() { line.tracks = append(line.tracks, testVideo) })
		line.add(videoUnit(0))
	}()
	if a := v.must("DESCRIBE", ""); strings.Count(a.body, "m=") != 2 {
		t.Errorf("not two tracks in\n%s", a.body)
	}
	v.setup("tcp", 2)
	v.must("PLAY", "")
	v.waitFor(0, 0)
}

// TestNothingYet: PLAY succeeds while nothing comes, and playing begins when something does.
func TestNothingYet(t *testing.T) {
	line := newTape(testVideo, testAudio)
	s := serve(t, map[string]Timeline{"cam": line})
	v := dial(t, s, "cam")
	v.setup("tcp", 2)
	play := v.must("PLAY", "")
	if strings.Contains(play.header.Get("Rtp-Info"), "rtptime") {
		t.Errorf("RTP-Info %q names a time that nobody can know", play.header.Get("Rtp-Info"))
	}
	record(line, 0, time.Second)
	v.waitFor(0, 29)
	checkTruth(t, v.units())
}

// TestUnfit: a unit that RTP cannot carry is counted and left out; what follows plays.
func TestUnfit(t *testing.T) {
	line := newTape(testVideo, testAudio)
	record(line, 0, recorded)
	line.add(media.Unit{Track: 2, Flags: media.Key, DTS: recorded - 1, Payload: make([]byte, 2000)})
	line.add(media.Unit{Track: 1, DTS: recorded - 1, Payload: []byte{0, 0, 0, 99, 1}})
	record(line, recorded, 5*time.Second)
	p := &paper{}
	s := serve(t, map[string]Timeline{"cam": line}, p.log)
	v := dial(t, s, "cam")
	v.setup("tcp", 2)
	v.must("PLAY", "")
	record(line, 5*time.Second, 6*time.Second)
	v.waitFor(0, 179)
	if n := s.Stats().Unfit; n != 0 && n != 2 {
		t.Errorf("%d units counted", n)
	}
	_ = p
}
