package rtsp

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

// otherCodec records d of MJPEG in the place of the picture.
func (p *past) otherCodec(d time.Duration) {
	p.t.Helper()
	other, err := p.line.Track(media.Track{Kind: media.Video, Codec: media.MJPEG, ClockRate: 90000, Width: 640, Height: 360})
	p.check(err)
	for end := p.at + d; p.at < end; {
		for i := range 10 {
			p.check(p.line.Append(media.Unit{Track: other.ID, Flags: media.Key, DTS: p.at + time.Duration(i)*100*time.Millisecond, Payload: numbered(nil, 0xff, i, 500)}))
		}
		p.skip(time.Second)
		p.check(p.line.Sync(context.Background()))
	}
}

// Another codec inside history is passed over as a gap is, at once; met at the live end it ends the session.
func TestOtherCodecInHistory(t *testing.T) {
	p := newPast(t)
	p.record(9 * time.Second)
	p.otherCodec(10 * time.Second)
	p.tracks()
	p.record(10 * time.Second)
	s := p.serve()
	v := dial(t, s, "cam/timeline")
	v.must("DESCRIBE", "")
	v.must("SETUP", "/trackID=0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
	v.must("PLAY", "", freely)
	v.waitFor(0, 899)
	all := v.units()
	if got, want := numbers(all, 0), slices.Concat(sequence(30, 300), sequence(600, 900)); !slices.Equal(got, want) {
		t.Errorf("pictures %v, want %v", got, want)
	}
	if d := all[270].stamp - all[269].stamp; d > 90000/10 {
		t.Errorf("time stamps go on by %d over it", d)
	}
	// What was recorded in that codec is described by it.
	w := dial(t, s, "cam/at/1.12000-1.15000")
	if sdp := w.must("DESCRIBE", "").body; !strings.Contains(sdp, "JPEG") && !strings.Contains(sdp, "RTP/AVP 26") {
		t.Errorf("of MJPEG:\n%s", sdp)
	}
	p.otherCodec(2 * time.Second)
	until(t, "the end of the connection", v.ended)
	if v.byes() != 1 {
		t.Errorf("%d goodbyes", v.byes())
	}
}

// A session that never meets its codec again ends when it comes to the live end.
func TestOtherCodecUntilNow(t *testing.T) {
	p := newPast(t)
	p.record(9 * time.Second)
	s := p.serve()
	v := dial(t, s, "cam/timeline")
	v.must("DESCRIBE", "")
	v.must("SETUP", "/trackID=0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
	p.otherCodec(20 * time.Second)
	v.must("PLAY", "", freely)
	v.waitFor(0, 299)
	p.otherCodec(time.Second)
	until(t, "the end of the connection", v.ended)
}

// A clock that is set back while it records: what exists twice is what came last,
// every moment has one position, and what goes by media time does not notice.
func TestClockSetBack(t *testing.T) {
	p := newPast(t)
	p.record(29 * time.Second) // until 10:15:30
	p.clock.pass(0, -10*time.Second)
	p.anchor()
	p.record(30 * time.Second) // from 10:15:20 to 10:15:50
	s := p.serve()
	checkFirst(t, s, map[string]int{
		"cam/at/20261124T101510Z": 300,  // shown once
		"cam/at/20261124T101525Z": 1050, // twice: the later one, 35 s into the run
		"cam/at/20261124T101545Z": 1650,
		"cam/at/1.25000":          750, // the earlier one
		"cam/at/-40s":             600, // forty seconds ago, whatever the clock said
		"cam/at/-5s":              1650,
	})
	v := dial(t, s, "cam/timeline")
	v.must("DESCRIBE", "")
	v.setup("tcp", 2)
	v.must("PLAY", "", freely)
	v.waitFor(0, 1799)
	all := v.units()
	if got, want := numbers(all, 0), sequence(30, 1800); !slices.Equal(got, want) {
		t.Errorf("pictures %v, want %v", got, want)
	}
	if d := all[len(all)-1].wall.Sub(epoch); d < 49*time.Second || d > 50*time.Second {
		t.Errorf("the last one is of %v after the beginning, want 50 s: the reports follow the clock", d)
	}
}

// checkFirst: each address begins with a picture.
func checkFirst(t *testing.T, s *Server, first map[string]int) {
	t.Helper()
	for path, first := range first {
		v := dial(t, s, path)
		v.must("DESCRIBE", "")
		v.setup("tcp", 2)
		v.must("PLAY", "")
		v.waitFor(0, first)
		if got := numbers(v.units(), 0)[0]; got != first {
			t.Errorf("%s begins with picture %d, want %d", path, got, first)
		}
	}
}

// anchor tells the timeline what the clock shows now.
func (p *past) anchor() {
	wall, trusted := p.clock.Wall()
	p.line.Anchor(media.Anchor{Media: p.at, Wall: wall, Trusted: trusted})
}

// Two runs that overlap in wall time: the newer one has the say, the older is reached by its number.
func TestRunsThatOverlap(t *testing.T) {
	p := newPast(t)
	p.record(59 * time.Second)
	p.clock.pass(0, -30*time.Second)
	p.end(0) // run 2 begins at 10:15:30
	p.record(29 * time.Second)
	s := p.serve()
	checkFirst(t, s, map[string]int{
		"cam/at/20261124T101520Z": 600, // run 1
		"cam/at/20261124T101540Z": 300, // run 2
		"cam/at/1.40000":          1200,
		"cam/at/1.45000-1.50000":  1350,
	})
}

// A re-dating while a session plays moves nothing of it: its reports tell the new
// time from then on, and a seek by npt finds what it found before.
func TestRedatedWhilePlaying(t *testing.T) {
	p := newPast(t)
	p.record(29 * time.Second)
	v := dial(t, p.serve(), "cam/at/20261124T101510Z")
	v.must("DESCRIBE", "")
	v.setup("tcp", 2)
	v.must("PLAY", "")
	v.waitFor(0, 330)
	p.clock.pass(0, 24*time.Hour) // and trusted: the whole run is of the next day
	p.anchor()
	v.must("PLAY", "", "Range: npt=5-", freely)
	v.waitFor(0, 899)
	all := v.units()
	got := numbers(all, 0)
	if i := slices.Index(got, 450); i < 0 || !slices.Equal(got[i:], sequence(450, 900)) {
		t.Errorf("pictures %v, want 450 to 899 after npt 5", got)
	}
	if d := all[len(all)-1].wall.Sub(epoch.Add(30 * time.Second)); d < 23*time.Hour && d > time.Second {
		t.Errorf("the last one is of %v later than it was", d)
	}
}

// A window that ends in the future plays on live until then, and ends in time also when nothing more is recorded.
func TestWindowIntoTheFuture(t *testing.T) {
	p := newPast(t)
	p.record(9 * time.Second)
	s := p.serve()
	v, w := dial(t, s, "cam/at/-4s-20261124T101515Z"), dial(t, s, "cam/at/-4s-1.30000")
	for _, v := range []*viewer{v, w} {
		v.must("DESCRIBE", "")
		v.setup("tcp", 2)
		v.must("PLAY", "", freely)
		v.waitFor(0, 299)
	}
	p.record(10 * time.Second)
	until(t, "BYE", func() bool { return v.byes() == 2 })
	if got, want := numbers(v.units(), 0), sequence(180, 450); !slices.Equal(got, want) {
		t.Errorf("pictures %v, want %v", got, want)
	}
	w.waitFor(0, 599)
	w.waitFor(1, 999)
	p.skip(20 * time.Second)
	w.must("PAUSE", "") // looks at the clock again
	w.must("PLAY", "")
	until(t, "BYE", func() bool { return w.byes() == 2 })
	if got, want := numbers(w.units(), 0), sequence(180, 600); !slices.Equal(got, want) {
		t.Errorf("pictures %v, want %v", got, want)
	}
}
