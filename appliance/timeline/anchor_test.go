package timeline

import (
	"testing"
	"time"

	"hindsight/media"
)

func (r *rig) anchorsNow() media.Anchors {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.anchors
}

func TestWhenAnAnchorIsSet(t *testing.T) {
	for _, c := range []struct {
		name          string
		before, after bool
		by            time.Duration
		want          bool
	}{
		{"trusted, nothing", true, true, 0, false},
		{"trusted, 20 ms of drift", true, true, 20 * ms, false},
		{"trusted, 21 ms of drift", true, true, 21 * ms, true},
		{"trusted, 21 ms back", true, true, -21 * ms, true},
		{"trusted, a step", true, true, time.Hour, true},
		{"untrusted, 21 ms", false, false, 21 * ms, false},
		{"untrusted, 100 ms", false, false, 100 * ms, false},
		{"untrusted, 101 ms", false, false, 101 * ms, true},
		{"untrusted, years back", false, false, -9 * year, true},
		{"now trusted, right all the time", false, true, 0, true},
		{"no longer trusted", true, false, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := newClock()
			clock.step(0, c.before)
			r := rigOn(t, clock, newRig(t, nil).mem, nil)
			clock.pass(time.Minute)
			r.checkClock()
			if n := len(r.anchorsNow()); n != 1 {
				t.Fatalf("%d anchors though the clock went right, want 1", n)
			}
			clock.step(c.by, c.after)
			r.checkClock()
			as := r.anchorsNow()
			if got := len(as) == 2; got != c.want {
				t.Fatalf("a new anchor: %v, want %v", got, c.want)
			}
			if a := as[len(as)-1]; c.want && (a.Media != time.Minute || !a.Wall.Equal(clock.wall) || a.Trusted != c.after) {
				t.Errorf("the anchor is %+v", a)
			}
			r.checkClock()
			if len(r.anchorsNow()) != len(as) {
				t.Error("the same step set a second anchor")
			}
		})
	}
}

// TestSlowDrift: 1 ms a minute adds up; each time it has passed 20 ms the anchor follows.
func TestSlowDrift(t *testing.T) {
	r := newRig(t, nil)
	for range 100 {
		r.clock.pass(time.Minute)
		r.clock.step(ms, true)
		r.checkClock()
	}
	if n := len(r.anchorsNow()); n != 1+4 {
		t.Errorf("%d anchors after 100 ms of drift, want 5", n)
	}
	wall, _ := r.Wall(media.Position{Run: r.run, Time: 100 * time.Minute})
	now, _ := r.clock.Wall()
	if off := now.Sub(wall).Abs(); off > driftLimit {
		t.Errorf("the end is dated %v off", off)
	}
}

func TestAnchorsAreKept(t *testing.T) {
	r := newRig(t, nil).both()
	r.Anchor(media.Anchor{Media: 5 * time.Second, Wall: epoch.Add(time.Hour), Trusted: true})
	r.Anchor(media.Anchor{Media: 2 * time.Second, Wall: epoch.Add(time.Minute), Trusted: true})
	r.seconds(0, 1)
	r.Anchor(media.Anchor{Media: 8 * time.Second, Wall: epoch.Add(2 * time.Hour), Trusted: true})
	must(t, r.Close(media.Off))
	n := r.reopen(nil)
	n.checkWall(1, 3*time.Second, epoch.Add(time.Minute+time.Second), true)
	n.checkWall(1, 6*time.Second, epoch.Add(time.Hour+time.Second), true)
	n.checkWall(1, 9*time.Second, epoch.Add(2*time.Hour+time.Second), true)
}

func TestSuspended(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Awake = o.Clock.(*fakeClock).awake }).both()
	r.seconds(0, 3)
	r.clock.sleep(8 * time.Hour)
	r.seconds(3+8*3600, 5+8*3600)
	r.clock.pass(4 * time.Second) // nothing came, but it did not sleep
	r.seconds(9+8*3600, 10+8*3600)
	m := r.Map()
	checkMap(t, m, [][3]float64{{1, 0, 3}, {1, 28803, 28810}}, []shape{{0, at(1, 3), at(1, 28803), media.Suspended}})
	r.clock.sleep(time.Minute)
	r.clock.pass(20 * time.Second) // the camera takes its time after waking
	r.seconds(8*3600+90, 8*3600+91)
	holes := r.Map().Holes
	if h := holes[len(holes)-1]; h.From != at(1, 28810) || h.Until != at(1, 28870) || h.Reason != media.Suspended {
		t.Errorf("the second sleep is told as %+v", h)
	}
}
