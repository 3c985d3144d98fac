package rtsp

import (
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

func TestNewRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	udp, err := freePair("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.close()
	whole := Options{
		Address: "127.0.0.1:0", UDPAddress: "127.0.0.1:0", Clock: media.SystemClock{}, Log: slog.New(slog.DiscardHandler),
		Cameras: func(string) (Timeline, bool) { return nil, false }, Names: func() []string { return nil },
	}
	for name, x := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"port in use":     {func(o *Options) { o.Address = taken.Addr().String() }, "is in use by another program"},
		"no address":      {func(o *Options) { o.Address = "" }, "are needed"},
		"no clock":        {func(o *Options) { o.Clock = nil }, "are needed"},
		"bad address":     {func(o *Options) { o.Address = "nonsense" }, "nonsense"},
		"odd udp port":    {func(o *Options) { o.UDPAddress = "127.0.0.1:8001" }, "must be an even number"},
		"bad udp address": {func(o *Options) { o.UDPAddress = "x" }, "udp address"},
		"udp port in use": {func(o *Options) { o.UDPAddress = udp.rtp.LocalAddr().String() }, "address already in use"},
	} {
		o := whole
		x.change(&o)
		s, err := New(o)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", name, err, x.want)
		}
	}
}

// TestUsualUDPTaken: two servers on one machine both serve UDP.
func TestUsualUDPTaken(t *testing.T) {
	line := newTape(testVideo, testAudio)
	record(line, 0, recorded)
	none := func(o *Options) { o.UDPAddress = "" }
	for range 2 {
		s := serve(t, map[string]Timeline{"cam": line}, none)
		v := dial(t, s, "cam")
		v.setup("udp", 2)
		v.must("PLAY", "")
		v.waitFor(0, 134)
	}
}

// TestIPv6: an IPv6 address serves like any other.
func TestIPv6(t *testing.T) {
	line := newTape(testVideo, testAudio)
	record(line, 0, recorded)
	s := serve(t, map[string]Timeline{"cam": line}, func(o *Options) { o.Address, o.UDPAddress = "[::1]:0", "[::1]:0" })
	v := dial(t, s, "cam")
	v.setup("tcp", 2)
	v.must("PLAY", "")
	v.waitFor(0, 134)
}

// TestStats: what is open, who plays, and what was sent.
func TestStats(t *testing.T) {
	line := newTape(testVideo, testAudio)
	record(line, 0, recorded)
	s := serve(t, map[string]Timeline{"cam": line, "door": line})
	a, b := dial(t, s, "cam"), dial(t, s, "door")
	for i, v := range []*viewer{a, b} {
		v.setup(transports[i], 2)
		v.must("PLAY", "")
		v.waitFor(0, 134)
	}
	got := s.Stats()
	if got.Connections != 2 || got.Sessions != 2 || got.Playing["cam"] != 1 || got.Playing["door"] != 1 {
		t.Errorf("%+v", got)
	}
	if got.BytesSent < 2*60000 || got.BytesReceived == 0 {
		t.Errorf("bytes: %+v", got)
	}
	a.must("PAUSE", "")
	if got := s.Stats(); got.Playing["cam"] != 0 || got.Sessions != 2 {
		t.Errorf("after PAUSE: %+v", got)
	}
	b.must("TEARDOWN", "")
	until(t, "the session's end", func() bool { return s.Stats().Sessions == 1 })
	if n := len(s.shelves); n != 1 {
		t.Errorf("%d shelves for one camera with sessions", n)
	}
	if got := s.Stats(); len(got.Drops) != 0 {
		t.Errorf("drops %v, nobody was dropped", got.Drops)
	}
}

// TestComplaints: the same of the same host is one line in ten seconds, with a count.
func TestComplaints(t *testing.T) {
	p, clock := &paper{}, &hand{}
	c := complaints{clock: clock, log: slog.New(slog.NewTextHandler(p, nil))}
	for range 1000 {
		c.say("a", "reason", "flood")
	}
	c.say("b", "reason", "other")
	clock.now = 11 * time.Second
	c.say("a", "reason", "flood")
	lines := strings.Split(strings.TrimSpace(p.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[2], "times=1000") {
		t.Errorf("%d lines:\n%s", len(lines), p)
	}
}
