package bench

import (
	"bufio"
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
)

// A seek is measured at a server that does what it should, and refused at one that does not.
func TestSeek(t *testing.T) {
	set := func(key, value string) func(base.Method, *base.Response) {
		return func(m base.Method, r *base.Response) {
			if m == base.Play {
				r.Header[key] = base.HeaderValue{value}
			}
		}
	}
	cases := []struct {
		name   string
		script *scripted
		want   string // of the error; empty: none
	}{
		{"right", &scripted{}, ""},
		{"packets before the answer", &scripted{early: true}, ""},
		{"another place is answered", &scripted{edit: set("Range", "npt=5000.000-")}, "it is answered with npt=5000.000"},
		{"no place is answered", &scripted{edit: set("Range", "clock=20261124T101500Z-")}, "its Range: want npt"},
		{"another picture comes", &scripted{late: 7 * time.Second}, "its picture is that of npt="},
		{"the picture before comes", &scripted{late: -time.Second}, "its picture is that of npt="},
		{"another time", &scripted{edit: set("RTP-Info", "url=ADDRESS/trackID=0;seq=65530;rtptime=9")}, "its RTP-Info says 9"},
		{"no sequence number", &scripted{edit: set("RTP-Info", "url=ADDRESS/trackID=0")}, "tells no sequence number and time of rtsp://"},
		{"another track", &scripted{edit: set("RTP-Info", "url=ADDRESS/trackID=1;seq=1;rtptime=2")}, "tells no sequence number and time of rtsp://"},
		{"refused", &scripted{edit: func(m base.Method, r *base.Response) {
			if m == base.Play {
				r.StatusCode, r.StatusMessage = base.StatusInvalidRange, "no"
			}
		}}, "457 no"},
		{"answer to another request", &scripted{edit: set("CSeq", "99")}, `one to request ["99"]`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := c.script
			s.length = time.Hour
			if edit := s.edit; edit != nil {
				s.edit = func(m base.Method, r *base.Response) {
					edit(m, r)
					if i := r.Header["RTP-Info"]; len(i) == 1 {
						r.Header["RTP-Info"] = base.HeaderValue{strings.ReplaceAll(i[0], "ADDRESS", s.address)}
					}
				}
			}
			s.serve(t)
			l, err := seeks(t.Context(), s.address, 3, false)
			switch {
			case c.want == "":
				if err != nil || l.Seeks != 3 || l.Proven != 3 || l.P50 <= 0 || l.Most < l.P99 || s.count(base.Play) != 3 || s.count(base.Setup) != 2 {
					t.Errorf("%v: %+v", err, l)
				}
			case err == nil || !strings.Contains(err.Error(), c.want):
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// What counts is when the first packet of the new place came, whatever came
// before it, and that the picture is the one that was asked for.
func TestSeeking(t *testing.T) {
	v := &viewer{channel: 2, video: "rtsp://h/c/trackID=1", cseq: 4}
	start := time.Unix(1000, 0)
	packet := func(seq uint16, ticks byte, marker byte) message {
		return message{channel: 2, packet: []byte{0x80, 96 | marker<<7, byte(seq >> 8), byte(seq), 0, 0, 0, ticks, 1, 1, 1, 1, 0}}
	}
	answer := message{answer: &base.Response{StatusCode: base.StatusOK, Header: base.Header{"CSeq": base.HeaderValue{"4"},
		"Range": base.HeaderValue{"npt=29.500-"}, "RTP-Info": base.HeaderValue{"url=rtsp://h/c/trackID=1;seq=2;rtptime=50"}}}}
	other := packet(3, 50, 1)
	other.channel = 0
	short := message{channel: 2, packet: []byte{0x80, 96, 0, 2}}
	for name, ms := range map[string][]message{
		"after the answer":        {packet(65534, 40, 1), answer, packet(1, 41, 1), packet(2, 50, 0), packet(3, 50, 1)},
		"in the wrap":             {answer, packet(65535, 40, 1), packet(0, 40, 1), packet(2, 50, 1)},
		"other tracks":            {answer, other, short, packet(2, 50, 1)},
		"the first was lost":      {answer, packet(1, 40, 1), other, packet(3, 50, 1)},
		"the end of it was lost":  {answer, packet(1, 40, 1), other, packet(2, 50, 0), packet(4, 53, 0)},
		"it came with the answer": {other, other, other, packet(2, 50, 1), answer},
	} {
		s := seeking{to: 30 * time.Second}
		for i, m := range ms {
			if err := s.take(v, m, start.Add(time.Duration(i)*time.Millisecond)); err != nil {
				t.Errorf("%s: message %d: %v", name, i, err)
			}
		}
		if took := s.first.Sub(start); took != 3*time.Millisecond || !s.whole {
			t.Errorf("%s: %v, whole %v; want 3 ms", name, took, s.whole)
		}
	}
}

func TestLatency(t *testing.T) {
	var took []time.Duration
	for i := range 100 {
		took = append(took, time.Duration(100-i)*time.Millisecond)
	}
	if l, want := latencyOf(took, 7), (Latency{100, 7, 50, 95, 99, 100}); l != want {
		t.Errorf("%+v, want %+v", l, want)
	}
	if l, want := latencyOf([]time.Duration{4 * time.Millisecond}, 0), (Latency{1, 0, 4, 4, 4, 4}); l != want {
		t.Errorf("%+v, want %+v", l, want)
	}
}

// Three viewers play, each on a connection of its own; what they get is counted.
func TestCrowd(t *testing.T) {
	s := (&scripted{length: time.Hour, pace: 10 * time.Millisecond}).serve(t)
	c, err := gather(t.Context(), s.address, 3, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; {
		if err := c.wait(t.Context(), 20*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		got, played := c.sums()
		if played[0] > 10*videoClock && played[1] > 10*videoClock && played[2] > 10*videoClock && got > 3*40*2*17 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes, %v ticks in a minute", got, played)
		}
	}
	c.leave()
	if s.count(base.Play) != 3 {
		t.Errorf("%d asked to play", s.count(base.Play))
	}
	if _, err := gather(t.Context(), s.address, 1, time.Hour); err == nil || !strings.Contains(err.Error(), "too short to watch") {
		t.Errorf("a history that is too short: %v", err)
	}
}

// Viewers that get less than real time are told, so that nobody takes a server
// that cannot keep up for a frugal one.
func TestCrowdBehind(t *testing.T) {
	s := (&scripted{length: time.Hour, pace: time.Hour}).serve(t) // nothing ever comes
	c, err := gather(t.Context(), s.address, 2, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.leave()
	before := usage{rss: 1000, anon: 500}
	w, err := c.measure(t.Context(), os.Getpid(), 0, before, 0, 20*time.Millisecond)
	if err != nil || w.Viewers != 2 || w.Behind != 2 || w.Received != 0 || w.RSS <= w.Memory || w.Memory <= 0 || w.Each != w.CPU/2 {
		t.Errorf("%v: %+v", err, w)
	}
}

// The end of a connection is told, not waited out.
func TestCrowdCut(t *testing.T) {
	s := (&scripted{length: time.Hour, edit: func(m base.Method, r *base.Response) {
		if m == base.Play {
			r.StatusCode = base.StatusNotFound
		}
	}}).serve(t)
	c, err := gather(t.Context(), s.address, 1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.leave()
	if err := c.wait(t.Context(), time.Minute); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("%v, want that PLAY was refused", err)
	}
}

// The timeline is read; where it is not there yet, what was recorded is.
func TestHistory(t *testing.T) {
	for status, want := range map[base.StatusCode]string{
		base.StatusOK:                 "/timeline",
		base.StatusServiceUnavailable: "/at/19700101T000000Z",
		base.StatusNotFound:           "",
	} {
		s := &scripted{length: time.Hour}
		s.edit = func(m base.Method, r *base.Response) {
			if m == base.Describe && s.count(m) == 1 {
				r.StatusCode = status
			}
		}
		s.serve(t)
		live := strings.TrimSuffix(s.address, "/timeline")
		got, err := history(t.Context(), live)
		if want == "" && err == nil || want != "" && (err != nil || got != live+want) {
			t.Errorf("%d: %q, %v; want %q", status, got, err, want)
		}
	}
}

// A live address has no length, and takes viewers all the same, but no seeks.
func TestLive(t *testing.T) {
	s := (&scripted{}).serve(t)
	c, err := gather(t.Context(), s.address, 1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	c.leave()
	if _, err := seeks(t.Context(), s.address, 1, false); err == nil || !strings.Contains(err.Error(), "no length of history") {
		t.Errorf("%v", err)
	}
}

// messages are what a server may send: how many of them can be read, and how
// many bytes of packets.
var messages = []struct {
	in           string
	count, bytes int
}{
	{"", 0, 0},
	{"$", 0, 0},
	{"$\x00\x00\x00", 1, 4},
	{"$\x00\x00\x02ab$\x01\x00\x00", 2, 10},
	{"$\x00\xff\xffab", 0, 0},
	{"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n$\x00\x00\x00", 2, 4},
	{"RTSP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n$$$$$\x00\x00\x00", 2, 4},
	{"RTSP/1.0 200 OK\r\nContent-Length: 4\r\n\r\n$$", 0, 0},
	{"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n", 0, 0},
	{"HTTP/1.1 200 OK\r\n\r\n", 0, 0},
}

func FuzzMessage(f *testing.F) {
	read := func(in []byte) (count, size int) {
		r := bufio.NewReaderSize(bytes.NewReader(in), 1<<16+4)
		for {
			m, n, err := readMessage(r)
			if err != nil {
				return count, size
			}
			if m.answer == nil && len(m.packet) != n-4 {
				return -1, n
			}
			count, size = count+1, size+n
		}
	}
	for _, m := range messages {
		if count, size := read([]byte(m.in)); count != m.count || size != m.bytes {
			f.Errorf("%q: %d messages, %d bytes of packets; want %d, %d", m.in, count, size, m.count, m.bytes)
		}
		f.Add([]byte(m.in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if count, size := read(in); count < 0 || size > len(in) {
			t.Errorf("%q: %d messages, %d bytes of packets", in, count, size)
		}
	})
}

// descriptions are how long a history is; -1: refused.
var descriptions = map[string]time.Duration{
	sdpOf(0):                   0,
	sdpOf(time.Hour):           time.Hour,
	sdpOf(168*time.Hour + 1e6): 168*time.Hour + 1e6,
	strings.Replace(sdpOf(time.Hour), "npt=0.000-3600.000", "npt=10.000-3600.000", 1):     time.Hour - 10*time.Second,
	strings.Replace(sdpOf(time.Hour), "npt=0.000-3600.000", "npt=9-3", 1):                 -1,
	strings.Replace(sdpOf(time.Hour), "npt=0.000-3600.000", "clock=20261124T101500Z-", 1): -1,
	strings.Replace(sdpOf(time.Hour), "npt=0.000-3600.000", "npt=now-", 1):                0,
	strings.Replace(sdpOf(time.Hour), "npt=0.000-3600.000", "soon", 1):                    -1,
	"":      -1,
	"hello": -1,
}

func FuzzDescription(f *testing.F) {
	for in, want := range descriptions {
		v := &viewer{}
		medias, err := v.learn([]byte(in))
		if (err != nil) != (want < 0) || err == nil && (v.length != want || len(medias) != 2) {
			f.Errorf("%q: %v, length %v, %d tracks; want %v", in, err, v.length, len(medias), want)
		}
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		v := &viewer{}
		if _, err := v.learn(in); err == nil && v.length < 0 {
			t.Errorf("%q: a history of %v", in, v.length)
		}
	})
}
