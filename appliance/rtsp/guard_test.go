package rtsp

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
)

var lengths = []struct {
	text string
	want int
}{
	{"Content-Length: 120000\r\n", 120000},
	{"CONTENT-LENGTH:7", 7},
	{"content-length:    99", 99},
	{"X: y\r\nContent-Length: 12\r\nContent-Length: 5\r\n", 12},
	{"cocontent-length: 8", 8},
	{"content-length: 99999999999999999999999999", 1 << 30},
	{"content-length : 8", 0},
	{"content-length: x8", 0},
	{"length: 8", 0},
	{"", 0},
}

func TestLengthWatch(t *testing.T) {
	for _, x := range lengths {
		var w lengthWatch
		if got := w.feed([]byte(x.text)); got != x.want {
			t.Errorf("%q: %d, want %d", x.text, got, x.want)
		}
	}
}

// FuzzLengthWatch: it makes no difference where the bytes are cut.
func FuzzLengthWatch(f *testing.F) {
	for _, x := range lengths {
		f.Add([]byte(x.text), 3)
	}
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		if at < 0 || at > len(b) {
			return
		}
		var whole, parts lengthWatch
		want := whole.feed(b)
		if got := max(parts.feed(b[:at]), parts.feed(b[at:])); got != want {
			t.Errorf("%q cut at %d: %d, in one piece %d", b, at, got, want)
		}
	})
}

// TestMoreFollows: packets of a picture are gathered up to the one with the marker; nothing else waits.
func TestMoreFollows(t *testing.T) {
	frame := func(channel, second byte) []byte {
		return append([]byte{'$', channel, 0, 20, 0x80, second}, make([]byte, 18)...)
	}
	for _, x := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"picture, not the last", frame(0, payloadH264), true},
		{"JPEG, not the last", frame(6, payloadJPEG), true},
		{"picture, the last", frame(0, 0x80|payloadH264), false},
		{"sound", frame(2, payloadAudio), false},
		{"G.711", frame(2, payloadPCMA), false},
		{"sender report", frame(1, 200), false},
		{"short", frame(0, payloadH264)[:10], false},
		{"an answer", []byte("RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"), false},
	} {
		if got := moreFollows(x.b); got != x.want {
			t.Errorf("%s: %v", x.name, got)
		}
	}
}

// TestGuardGathers: gathered packets come out in order, in one write, before what follows them.
func TestGuardGathers(t *testing.T) {
	c := &recordingConn{}
	g := &guard{Conn: c, srv: &Server{}}
	frame := func(second byte, n int) string {
		return string(append([]byte{'$', 0, 0, 20, 0x80, second}, make([]byte, n)...))
	}
	a, b, last := frame(payloadH264, 30), frame(payloadH264, 40), frame(0x80|payloadH264, 50)
	for _, s := range []string{a, b, last, "RTSP/1.0 200 OK\r\n\r\n", a, "RTSP/1.0 200 OK\r\n\r\n"} {
		if n, err := g.Write([]byte(s)); n != len(s) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	want := []string{a + b + last, "RTSP/1.0 200 OK\r\n\r\n", a + "RTSP/1.0 200 OK\r\n\r\n"}
	if strings.Join(c.writes, "|") != strings.Join(want, "|") {
		t.Errorf("writes %q, want %q", c.writes, want)
	}
	c.writes = nil
	for range 100 {
		_, _ = g.Write([]byte(frame(payloadH264, 1400)))
	}
	if n := len(c.writes); n < 3 || n > 5 {
		t.Errorf("140 kB without a marker took %d writes, want about four", n)
	}
}

type recordingConn struct {
	net.Conn
	writes []string
}

func (c *recordingConn) Write(b []byte) (int, error) {
	c.writes = append(c.writes, string(b))
	return len(b), nil
}

func TestGate(t *testing.T) {
	a, b := netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("192.0.2.2/32")
	g := newGate(3, 2)
	for i, x := range []struct {
		host netip.Prefix
		want string
	}{{a, ""}, {a, ""}, {a, "too many from one address"}, {b, ""}, {b, "too many at once"}} {
		if got := g.enter(x.host); got != x.want {
			t.Errorf("%d: %q, want %q", i, got, x.want)
		}
	}
	g.leave(a)
	if got := g.enter(b); got != "" {
		t.Errorf("after a place became free: %q", got)
	}
	if g.count() != 3 {
		t.Errorf("count %d", g.count())
	}
	for range 2 {
		g.leave(b)
	}
	g.leave(a)
	if len(g.hosts) != 0 {
		t.Errorf("hosts are remembered for ever: %v", g.hosts)
	}
}

func TestHostOf(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7:5000":            "192.0.2.7/32",
		"[::ffff:192.0.2.7]:5000":   "192.0.2.7/32",
		"[2001:db8:1:2:3:4:5:6]:99": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:99":         "fe80::/64",
	} {
		a, err := net.ResolveTCPAddr("tcp", strings.Replace(in, "%eth0", "", 1))
		if err != nil {
			t.Fatal(err)
		}
		if got := hostOf(a).String(); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestBucket(t *testing.T) {
	b := newBucket(100, 50)
	for i, x := range []struct {
		n         int
		now, want time.Duration
	}{
		{50, 0, 0},
		{10, 0, 100 * time.Millisecond},
		{0, 100 * time.Millisecond, 0},
		{10, 200 * time.Millisecond, 0},
		{51, time.Hour, 10 * time.Millisecond},
	} {
		if got := b.take(x.n, x.now); got != x.want {
			t.Errorf("%d: wait %v, want %v", i, got, x.want)
		}
	}
}

// TestDefaults: descriptors stay for the recorder whatever the limit is.
func TestDefaults(t *testing.T) {
	for _, x := range []struct{ files, conns, host, readers int }{
		{1 << 20, 2000, 1200, 500},
		{4096, 2000, 1200, 500},
		{1024, 768, 460, 500},
		{256, 192, 115, 192},
	} {
		o := Options{}.withDefaults(x.files)
		if o.MaxConns != x.conns || o.MaxConnsPerHost != x.host || o.MaxReaders != x.readers {
			t.Errorf("%d files: %d connections, %d from one host, %d readers; want %d, %d, %d",
				x.files, o.MaxConns, o.MaxConnsPerHost, o.MaxReaders, x.conns, x.host, x.readers)
		}
	}
	if o := (Options{MaxConns: 7, MaxReadersPerHost: 3}).withDefaults(1024); o.MaxConns != 7 || o.MaxReadersPerHost != 3 {
		t.Errorf("what was asked for is changed: %+v", o)
	}
}

// TestGStreamerIsNotDelayed: gortsplib sleeps a second for a SETUP of a user agent of that name.
func TestGStreamerIsNotDelayed(t *testing.T) {
	h, c := &handler{}, &gortsplib.ServerConn{}
	c.SetUserData(&peer{})
	for _, m := range []base.Method{base.Setup, base.Describe} {
		r := &base.Request{Method: m, Header: base.Header{"User-Agent": {"GStreamer/1.22.0"}}}
		h.OnRequest(c, r)
		if _, ok := r.Header["User-Agent"]; ok == (m == base.Setup) {
			t.Errorf("%s: user agent kept: %v", m, ok)
		}
	}
}

// deadlines is a connection that notes what was set.
type deadlines struct {
	net.Conn
	read, write time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error  { d.read = t; return nil }
func (d *deadlines) SetWriteDeadline(t time.Time) error { d.write = t; return nil }

// A reader of history may pause by reading nothing and saying nothing; a live one may not.
func TestPatience(t *testing.T) {
	now := time.Now()
	for _, x := range []struct {
		paused, history bool
		read, write     time.Duration
	}{
		{false, false, idleTimeout, writeTimeout},
		{true, false, pausedTimeout, writeTimeout},
		{true, true, pausedTimeout, stalledTimeout},
	} {
		c := &deadlines{}
		g := &guard{Conn: c, opened: true}
		g.paused.Store(x.paused)
		g.history.Store(x.history)
		if err := errors.Join(g.SetReadDeadline(now.Add(idleTimeout)), g.SetWriteDeadline(now.Add(writeTimeout))); err != nil {
			t.Fatal(err)
		}
		if r, w := c.read.Sub(now), c.write.Sub(now); r != x.read || w != x.write {
			t.Errorf("paused %v, in history %v: %v to read and %v to write, want %v and %v", x.paused, x.history, r, w, x.read, x.write)
		}
	}
}
