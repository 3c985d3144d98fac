package rtsp

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
	"hindsight/store"
)

// slowClock goes only when it is told to.
type slowClock struct {
	mu   sync.Mutex
	boot time.Duration
	wall time.Time
}

func (c *slowClock) Boot() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.boot
}

func (c *slowClock) Wall() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall, true
}

func (c *slowClock) pass(d, step time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boot += d
	c.wall = c.wall.Add(d + step)
}

// past is a recording on the real timeline, on a clock of its own. Its units are
// those that viewers check.
type past struct {
	t     testing.TB
	clock *slowClock
	mem   *store.Memory
	line  *timeline.Timeline
	ids   [2]uint16     // of picture and sound, now
	at    time.Duration // media time that the run has come to
}

// newPast begins with a run that records nothing before 1 s: nothing stands at 0.
func newPast(t testing.TB) *past {
	t.Helper()
	m := store.NewMemory()
	m.SegmentBlocks = 7
	p := &past{t: t, clock: &slowClock{boot: time.Hour, wall: epoch}, mem: m}
	p.begin()
	return p
}

// begin begins a run at once.
func (p *past) begin() {
	p.t.Helper()
	line, err := timeline.New(timeline.Options{
		Camera: "cam", Store: p.mem, Clock: p.clock, Log: slog.New(slog.DiscardHandler), Commit: time.Hour, AnchorEvery: -1,
		TailSpan: 3 * time.Second,
	})
	p.check(err)
	p.line, p.at = line, 0
	p.tracks()
	p.skip(time.Second)
	p.t.Cleanup(func() { _ = line.Close(media.Off) })
}

// tracks makes the tracks, if others have taken their place.
func (p *past) tracks() {
	p.t.Helper()
	for i, tr := range []media.Track{testVideo, testAudio} {
		got, err := p.line.Track(tr)
		p.check(err)
		p.ids[i] = got.ID
	}
}

func (p *past) check(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// skip lets time pass without recording, and without a gap.
func (p *past) skip(d time.Duration) {
	p.at += d
	p.clock.pass(d, 0)
}

// record records for so long; every second is committed.
func (p *past) record(d time.Duration) {
	p.t.Helper()
	for end := p.at + d; p.at < end; {
		step := min(time.Second, end-p.at)
		p.units(p.at, p.at+step)
		p.skip(step)
		p.check(p.line.Sync(context.Background()))
	}
}

// units appends all of [from, until) in order of time.
func (p *past) units(from, until time.Duration) {
	v, a := int((from*testRate+time.Second-1)/time.Second), int((from+testStep-1)/testStep)
	for {
		u := videoUnit(v)
		if au := audioUnit(a); au.DTS < u.DTS {
			u = au
			a++
		} else {
			v++
		}
		if u.DTS >= until {
			return
		}
		u.Track = p.ids[u.Track-1]
		p.check(p.line.Append(u))
	}
}

// gap is a stretch without recording inside the run.
func (p *past) gap(d time.Duration) {
	p.line.Lose(0, p.at, media.CameraLost, "")
	p.skip(d)
	p.line.Regain(0, p.at)
}

// end ends the run; the next one begins after a pause.
func (p *past) end(pause time.Duration) {
	p.t.Helper()
	p.check(p.line.Close(media.Off))
	p.clock.pass(pause, 0)
	p.mem = p.mem.Reopen()
	p.begin()
}

// twoRuns is what most tests play: run 1 from 1 s to 20 s and from 50 s to 70 s, an hour
// of nothing, run 2 from 1 s to 31 s and going on. In recorded time: 0 to 19, 19 to 39, 39 to 69 s.
func twoRuns(t testing.TB) *past {
	p := newPast(t)
	p.record(19 * time.Second)
	p.gap(30 * time.Second)
	p.record(20 * time.Second)
	p.end(time.Hour)
	p.record(30 * time.Second)
	return p
}

// wallOf is when run 2 of twoRuns was at a media time.
func secondRun(at time.Duration) time.Time { return epoch.Add(70*time.Second + time.Hour + at) }

func (p *past) serve(change ...func(*Options)) *Server {
	return serve(p.t, map[string]Timeline{"cam": Of(p.line)}, append([]func(*Options){func(o *Options) { o.Clock = p.clock }}, change...)...)
}

// freely is for tests that want all at once.
const freely = "Rate-Control: no"
