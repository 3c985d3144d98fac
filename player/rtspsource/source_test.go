package rtspsource

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/player"
)

func at(recorded time.Duration) player.Moment {
	return player.Moment{Place: player.AtRecorded, Recorded: recorded}
}

func TestHello(t *testing.T) {
	h := newRig(t).dial(nil).Hello()
	want := player.Point{Position: media.Position{Run: 1, Time: time.Second}, Time: wall(1, time.Second), Trusted: true}
	if h.Camera != "cam" || h.Foreign || h.Length != 69*time.Second || h.Oldest == nil || *h.Oldest != want {
		t.Errorf("%+v, oldest %+v", h, h.Oldest)
	}
}

// TestPlaysThroughIntoLive: every unit once, in recorded time; a point with the gap
// behind each; and what is recorded next follows.
func TestPlaysThroughIntoLive(t *testing.T) {
	for _, udp := range []bool{false, true} {
		t.Run(map[bool]string{false: "tcp", true: "udp"}[udp], func(t *testing.T) { playThrough(t, udp) })
	}
}

func playThrough(t *testing.T, udp bool) {
	rig := newRig(t)
	s := rig.dial(func(o *Options) { o.UDP = udp })
	from := time.Duration(0)
	if udp { // which is sent no faster than it was recorded, so that it takes a clock that goes
		from = 68 * time.Second
		stop, stopped := make(chan struct{}), make(chan struct{})
		defer func() { close(stop); <-stopped }()
		go func() {
			defer close(stopped)
			for {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
					rig.clock.pass(5 * time.Millisecond)
				}
			}
		}()
	}
	r := open(t, s, at(from), player.Manner{})
	if l := r.Landing(); l.Point.Recorded != from || l.Asked.Recorded != from || l.Live || l.Gap != nil {
		t.Fatalf("landed %+v", l)
	}
	type place struct {
		recorded time.Duration
		run      media.Run
		at       time.Duration
		gap      media.Reason
	}
	var places []place
	seen := [3]int{}
	read := func(until time.Duration) {
		last := [3]time.Duration{-1, -1, -1}
		for {
			it := next(t, r)
			if it.DTS <= last[it.Track] {
				t.Fatalf("track %d goes from %v to %v", it.Track, last[it.Track], it.DTS)
			}
			last[it.Track] = it.DTS
			if p := it.Point; p != nil {
				g := media.Reason("")
				if it.Gap != nil {
					g = it.Gap.Reason
				}
				places = append(places, place{p.Recorded, p.Position.Run, p.Position.Time, g})
				if want := wall(p.Position.Run, p.Position.Time); p.Time.Sub(want).Abs() > time.Microsecond || p.Recorded != it.PTS() {
					t.Errorf("point %+v of a unit at %v; it was %v", *p, it.PTS(), want)
				}
			}
			at, run := it.DTS+time.Second, media.Run(1)
			switch {
			case it.DTS >= 39*time.Second-time.Millisecond:
				at, run = it.DTS-38*time.Second, 2
			case it.DTS >= 19*time.Second-time.Millisecond:
				at = it.DTS + 31*time.Second
			}
			step := map[uint16]time.Duration{1: frame, 2: piece}[it.Track]
			if n := number(t, it.Unit); n != int((at+step/2)/step) || (at-time.Duration(n)*step).Abs() > time.Millisecond {
				t.Fatalf("track %d: unit %d at %v, run %d at %v", it.Track, n, it.DTS, run, at)
			}
			if it.Flags&media.Lost != 0 || it.Track == 1 && it.IsKey() != (number(t, it.Unit)%25 == 0) {
				t.Errorf("unit %d of track %d: flags %d", number(t, it.Unit), it.Track, it.Flags)
			}
			seen[it.Track]++
			if it.Track == 1 && it.DTS > until-frame-time.Millisecond {
				return
			}
		}
	}
	read(69 * time.Second)
	rig.record(2 * time.Second)
	read(71 * time.Second)
	want := []place{{from, 1, time.Second, ""}, {19 * time.Second, 1, 50 * time.Second, media.CameraLost}, {39 * time.Second, 2, time.Second, media.Off}}
	if udp {
		want = []place{{from, 2, 30 * time.Second, ""}}
	}
	if len(places) != len(want) {
		t.Fatalf("points %+v, want %+v", places, want)
	}
	for i, w := range want {
		if places[i] != w {
			t.Errorf("point %d: %+v, want %+v", i, places[i], w)
		}
	}
	if n := int((71*time.Second - from) / frame); seen[1] != n {
		t.Errorf("%d pictures, want %d", seen[1], n)
	}
}

func TestSeeks(t *testing.T) {
	s := newRig(t).dial(nil)
	pos := func(run media.Run, at time.Duration) player.Moment {
		return player.Moment{Place: player.AtPosition, Position: media.Position{Run: run, Time: at}}
	}
	clock := func(run media.Run, at time.Duration) player.Moment {
		return player.Moment{Place: player.AtTime, Time: wall(run, at)}
	}
	for _, c := range []struct {
		name         string
		at           player.Moment
		asked, point time.Duration
		first        int
		gap          media.Reason
		live         bool
	}{
		{"a key frame", at(5 * time.Second), 5 * time.Second, 5 * time.Second, 150, "", false},
		{"between key frames", at(5400 * time.Millisecond), 5400 * time.Millisecond, 5 * time.Second, 150, "", false},
		{"behind the first gap", at(20 * time.Second), 20 * time.Second, 20 * time.Second, 1275, "", false},
		{"run 2", at(40 * time.Second), 40 * time.Second, 40 * time.Second, 50, "", false},
		{"before everything", at(-time.Second), 0, 0, 25, "", false},
		{"a position", pos(2, 11*time.Second), 49 * time.Second, 49 * time.Second, 275, "", false},
		{"a position in a gap", pos(1, 30*time.Second), 19 * time.Second, 19 * time.Second, 1250, media.CameraLost, false},
		{"a time", clock(1, 60*time.Second+500*time.Millisecond), 29500 * time.Millisecond, 29 * time.Second, 1500, "", false},
		{"a time in a gap", clock(1, 30*time.Second), 19 * time.Second, 19 * time.Second, 1250, media.CameraLost, false},
		{"a time between the runs", clock(1, 20*time.Minute), 39 * time.Second, 39 * time.Second, 25, media.Off, false},
		{"a time before everything", clock(1, -time.Hour), 0, 0, 25, "", false},
		{"a time to come", clock(2, 10*time.Minute), 0, 68 * time.Second, 750, "", true},
		{"live", player.Moment{}, 0, 68 * time.Second, 750, "", true},
		{"behind everything", at(time.Hour), 0, 68 * time.Second, 750, "", true},
	} {
		r := open(t, s, c.at, player.Manner{})
		l := r.Landing()
		gap := media.Reason("")
		if l.Gap != nil {
			gap = l.Gap.Reason
		}
		if l.Point.Recorded != c.point || !c.live && l.Asked.Recorded != c.asked || l.Live != c.live || gap != c.gap {
			t.Errorf("%s: landed %+v, gap %v; want %v, asked %v", c.name, l, l.Gap, c.point, c.asked)
		}
		it := next(t, r)
		if it.Track != 1 || !it.IsKey() || number(t, it.Unit) != c.first || it.Point == nil || *it.Point != l.Point {
			t.Errorf("%s: begins with unit %d of track %d at %+v, want %d at %+v", c.name, number(t, it.Unit), it.Track, it.Point, c.first, l.Point)
		}
	}
}

// TestSeekStorm: a reader that another took the place of yields nothing more, and
// the newest has its own units only.
func TestSeekStorm(t *testing.T) {
	s := newRig(t).dial(nil)
	var before player.Reader
	for i := range 15 {
		recorded := time.Duration(i*37%60) * time.Second
		r := open(t, s, at(recorded), player.Manner{})
		if before != nil {
			if _, err := before.Next(t.Context()); err == nil || errors.Is(err, io.EOF) {
				t.Fatalf("the reader before: %v", err)
			}
		}
		for range i {
			if it := next(t, r); it.PTS() < recorded || it.PTS() > recorded+5*time.Second {
				t.Fatalf("seek to %v yields %v", recorded, it.PTS())
			}
		}
		before = r
	}
}

func TestKeyFramesForwardAndBack(t *testing.T) {
	s := newRig(t).dial(nil)
	r := open(t, s, at(17*time.Second), player.Manner{Keys: true})
	for i := range 30 { // 17 s to 46 s
		it := next(t, r)
		if want := time.Duration(17+i) * time.Second; it.Track != 1 || !it.IsKey() || it.DTS != want {
			t.Fatalf("key frame %d: track %d at %v, want %v", i, it.Track, it.DTS, want)
		}
		if (it.Point != nil) != (i == 0 || i == 2 || i == 22) {
			t.Errorf("key frame %d: point %+v", i, it.Point)
		}
	}
	r = open(t, s, at(41500*time.Millisecond), player.Manner{Keys: true, Back: true})
	for i := range 42 { // 41 s to 0
		it := next(t, r)
		if want := time.Duration(41-i) * time.Second; it.Track != 1 || !it.IsKey() || it.DTS != want {
			t.Fatalf("back, key frame %d: track %d at %v, want %v", i, it.Track, it.DTS, want)
		}
		if p := it.Point; p != nil && (p.Time.Sub(wall(p.Position.Run, p.Position.Time)).Abs() > time.Microsecond || p.Recorded != it.DTS) {
			t.Errorf("back: point %+v", *p)
		}
	}
	if _, err := r.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("before the beginning: %v", err)
	}
	if it := next(t, open(t, s, at(3*time.Second), player.Manner{})); it.DTS != 3*time.Second { // the session goes on
		t.Errorf("then %v", it.DTS)
	}
}

// TestWithoutTheAPI: recorded time counts the gaps, and a date still finds its moment.
func TestWithoutTheAPI(t *testing.T) {
	rig := newRig(t)
	s := rig.dial(func(o *Options) { o.Get = nil })
	h := s.Hello()
	if h.Foreign || h.Oldest == nil || !h.Oldest.Time.Equal(wall(1, time.Second)) || h.Length != wall(2, 31*time.Second).Sub(wall(1, time.Second)) {
		t.Fatalf("%+v", h)
	}
	r := open(t, s, player.Moment{Place: player.AtTime, Time: wall(1, 18*time.Second)}, player.Manner{})
	if l := r.Landing(); l.Point.Recorded != 17*time.Second || !l.Point.Time.Equal(wall(1, 18*time.Second)) {
		t.Errorf("landed %+v", l)
	}
	for {
		it := next(t, r)
		if it.Point != nil && it.DTS > 18*time.Second {
			if it.DTS != 49*time.Second || !it.Point.Time.Equal(wall(1, 50*time.Second)) {
				t.Errorf("behind the gap: %v, %+v", it.DTS, it.Point)
			}
			break
		}
	}
	var missing *player.Missing
	if _, err := s.Open(t.Context(), player.Moment{Place: player.AtPosition, Position: media.Position{Run: 1}}, player.Manner{}); !errors.As(err, &missing) {
		t.Errorf("a position: %v", err)
	}
}

// TestAPIFailing is TestWithoutTheAPI with one that answers with errors.
func TestAPIFailing(t *testing.T) {
	s := newRig(t).dial(func(o *Options) {
		o.Get = func(context.Context, string) (*http.Response, error) { return nil, errors.New("nobody answers") }
	})
	if l := open(t, s, at(5*time.Second), player.Manner{}).Landing(); l.Point.Recorded != 5*time.Second {
		t.Errorf("landed %+v", l)
	}
}

// TestASlowReader: what is not taken is not lost, and the session is paused when
// it takes too long.
func TestASlowReader(t *testing.T) {
	rig := newRig(t)
	s := rig.dial(nil)
	r := open(t, s, at(0), player.Manner{}).(*Reader)
	for range 10 {
		next(t, r)
	}
	s.mu.Lock()
	r.bytes += mostQueued + 1 // as if much more waited
	s.mu.Unlock()
	s.hold(r)
	s.mu.Lock()
	held, playing := r.held, s.playing
	r.bytes -= mostQueued + 1
	s.mu.Unlock()
	if !held || playing {
		t.Fatalf("held %v, playing %v", held, playing)
	}
	last := [3]int{0, 24, 49}
	for seen := 0; seen < 1500; seen++ {
		it := next(t, r)
		if it.DTS >= 19*time.Second-time.Millisecond {
			break
		}
		n := number(t, it.Unit)
		if last[it.Track] >= 25 && n != last[it.Track]+1 && last[it.Track] != 24 && last[it.Track] != 49 {
			t.Fatalf("track %d goes from %d to %d", it.Track, last[it.Track], n)
		}
		last[it.Track] = n
	}
	if last[1] != 499 {
		t.Errorf("the last picture is %d", last[1])
	}
}

func TestDialSaysWhatIsWrong(t *testing.T) {
	rig := newRig(t)
	for address, want := range map[string]string{
		"cam":                               "the address is none",
		"http://me:hunter2@x/":              "the address is none",
		rig.address() + "x":                 "there is no stream at this path",
		"rtsp://me:hunter2@127.0.0.1:1/cam": "nobody answers at this port",
	} {
		s, err := Dial(t.Context(), Options{Address: address, Log: quiet})
		if err == nil {
			s.Close()
			t.Errorf("%s was opened", address)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
}

// TestCloseTearsDown: the server sees the session's end at once, by TEARDOWN.
func TestCloseTearsDown(t *testing.T) {
	rig := newRig(t)
	s := rig.dial(nil)
	next(t, open(t, s, at(0), player.Manner{}))
	s.Close()
	for end := time.Now().Add(20 * time.Second); rig.rtsp.Stats().Sessions != 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the session is still there")
		}
	}
	if st := rig.rtsp.Stats(); len(st.Drops) != 0 {
		t.Errorf("dropped: %+v", st.Drops)
	}
}
