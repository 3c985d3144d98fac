package timeline

import (
	"slices"
	"time"

	"hindsight/media"
)

// When the wall clock and the anchors part by more, a new anchor is set.
const (
	stepLimit  = 100 * time.Millisecond // at any time
	driftLimit = 20 * time.Millisecond  // while the clock is trusted
)

// slumber is the least sleep of the machine that is told as a gap.
const slumber = 500 * time.Millisecond

// sighting is one look at both clocks.
type sighting struct {
	boot    time.Duration
	wall    time.Time
	trusted bool
}

// look reads both clocks, again if the goroutine was held up in between.
func (t *Timeline) look() (boot time.Duration, s sighting) {
	for range 5 {
		s.boot = t.o.Clock.Boot()
		s.wall, s.trusted = t.o.Clock.Wall()
		if t.o.Clock.Boot()-s.boot < 5*time.Millisecond {
			break
		}
	}
	if y := s.wall.Year(); y < 1970 || y > 2200 { // no date at all; the store would refuse it
		s.wall, s.trusted = time.Unix(0, 0).UTC(), false
	}
	return s.boot, s
}

// clockLoop compares the clocks every Options.AnchorEvery.
func (t *Timeline) clockLoop() {
	tick := time.NewTicker(t.o.AnchorEvery)
	defer tick.Stop()
	for {
		select {
		case <-t.done:
			return
		case <-tick.C:
			t.checkClock()
		}
	}
}

// checkClock sets a new anchor when the wall clock was stepped, has drifted, or
// is no longer, or newly, trusted. The recording goes on as if nothing had happened.
func (t *Timeline) checkClock() {
	boot, now := t.look()
	t.mu.Lock()
	defer t.mu.Unlock()
	off := now.wall.Sub(t.seen.wall) - (now.boot - t.seen.boot)
	apart := off.Abs()
	if now.trusted == t.seen.trusted && apart <= stepLimit && (!now.trusted || apart <= driftLimit) {
		return
	}
	t.seen = now
	a := media.Anchor{Media: t.Media(boot), Wall: now.wall, Trusted: now.trusted}
	if floor := t.floor.Add(a.Media); !a.Trusted && a.Wall.Before(floor) {
		a.Wall = floor
	}
	t.anchor(a)
	t.log.Info("the wall clock changed; the recording goes on", "by", off, "trusted", a.Trusted, "now", a.Wall)
}

// Anchor adds an anchor to the run being recorded. One outside the years 1970 to 2200 is left out.
func (t *Timeline) Anchor(a media.Anchor) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if y := a.Wall.Year(); !t.o.ReadOnly && !t.ended && y >= 1970 && y <= 2200 {
		t.anchor(a)
	}
}

func (t *Timeline) anchor(a media.Anchor) {
	a.Media = max(a.Media, 0)
	a.Wall = a.Wall.UTC().Round(0)
	i := len(t.anchors)
	for i > 0 && t.anchors[i-1].Media > a.Media {
		i--
	}
	t.anchors = slices.Insert(slices.Clone(t.anchors), i, a)
	t.fresh = append(t.fresh[:len(t.fresh):len(t.fresh)], a)
	t.date()
}

// date publishes how the run being recorded is dated.
func (t *Timeline) date() {
	d := dated(t.anchors, t.floor)
	t.dates.Store(&d)
}

// sleeping is how long the machine has slept since it started, plus a constant.
func (t *Timeline) sleeping(boot time.Duration) time.Duration {
	if t.o.Awake == nil {
		return 0
	}
	return boot - t.o.Awake()
}

// noticeSleep is called before a unit at media time at is placed: if nothing
// arrived for a second and the machine slept meanwhile, that is why.
func (t *Timeline) noticeSleep(at time.Duration) {
	since := t.heads.end()
	if t.o.Awake == nil || len(t.heads) == 0 || at-since < slumber {
		return
	}
	now := t.sleeping(t.o.Clock.Boot())
	slept := now - t.slept
	t.slept = now
	if slept < slumber {
		return
	}
	if awake := since + slept; at-awake > 5*time.Second { // something else was missing after that
		at = awake
	}
	g := media.Gap{From: since, Until: at, Reason: media.Suspended}
	t.gaps = append(t.gaps, &gapState{Gap: g, dirty: true})
	t.reshape()
	t.log.Warn("the machine slept", "from", since, "for", slept)
}
