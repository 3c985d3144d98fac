package rtsp

import (
	"testing"
	"time"

	"hindsight/media"
)

func at(run media.Run, t time.Duration) media.Position { return media.Position{Run: run, Time: t} }

// TestStamper: session time is media time from the first unit on; a new run goes
// on by the wall time that passed, never back.
func TestStamper(t *testing.T) {
	began := map[media.Run]time.Time{
		1: epoch, 2: epoch.Add(time.Hour), 3: epoch.Add(30 * time.Minute), // the clock was set back before run 3
	}
	wall := func(p media.Position) (time.Time, bool) {
		if b, ok := began[p.Run]; ok {
			return b.Add(p.Time), true
		}
		return time.Time{}, false
	}
	var s stamper
	for _, x := range []struct {
		at   media.Position
		want time.Duration
	}{
		{at(1, 10*time.Second), 0},
		{at(1, 10020*time.Millisecond), 20 * time.Millisecond},
		{at(1, 10010*time.Millisecond), 10 * time.Millisecond}, // a B frame
		{at(1, 15*time.Second), 5 * time.Second},
		{at(1, 75*time.Second), 65 * time.Second},     // a gap inside the run keeps to real time
		{at(2, 0), 65*time.Second + 3525*time.Second}, // 1:00:00 less 0:01:15
		{at(2, time.Second), 3591 * time.Second},
		{at(3, 5*time.Second), 3591*time.Second + shortStep},
		{at(3, 6*time.Second), 3592*time.Second + shortStep},
		{at(4, 9*time.Second), 3592*time.Second + 2*shortStep}, // no wall time is known
	} {
		if got := s.at(x.at, wall); got != x.want {
			t.Errorf("%v: session time %v, want %v", x.at, got, x.want)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, x := range []struct {
		at   time.Duration
		rate uint32
		want uint32
	}{
		{0, 90000, 0},
		{time.Second / 30, 90000, 2999}, // 33.333333 ms
		{time.Second, 90000, 90000},
		{20 * time.Millisecond, 48000, 960},
		{-time.Second / 2, 90000, 0xffffffff - 44999},
		{100 * time.Hour, 90000, 32400000000 % (1 << 32)},
		{10000 * time.Hour, 48000, 1728000000000 % (1 << 32)},
	} {
		if got := ticks(x.at, x.rate); got != x.want {
			t.Errorf("%v at %d Hz: %d, want %d", x.at, x.rate, got, x.want)
		}
	}
}

// hand is a clock that a test sets.
type hand struct{ now time.Duration }

func (h *hand) Boot() time.Duration     { return h.now }
func (h *hand) Wall() (time.Time, bool) { return epoch.Add(h.now), true }

// TestPace: the past is sent at four times real time after a head start of
// 100 ms; at the live end nothing is held back any more.
func TestPace(t *testing.T) {
	clock := &hand{now: time.Hour}
	c := pace{clock: clock}
	for _, x := range []struct{ passed, at, want time.Duration }{
		{0, 50 * time.Second, -25 * time.Millisecond},
		{0, 50*time.Second + 100*time.Millisecond, 0},
		{0, 51 * time.Second, 225 * time.Millisecond},
		{225 * time.Millisecond, 51 * time.Second, 0},
		{225 * time.Millisecond, 52 * time.Second, 250 * time.Millisecond},
		{2100 * time.Millisecond, 52 * time.Second, -1625 * time.Millisecond}, // caught up
		{2100 * time.Millisecond, 99 * time.Second, 0},
	} {
		clock.now = time.Hour + x.passed
		if got := c.wait(x.at); got != x.want {
			t.Errorf("%v after the start, unit at %v: wait %v, want %v", x.passed, x.at, got, x.want)
		}
	}
	c.again()
	if got := c.wait(100 * time.Second); got != -headStart/catchUp {
		t.Errorf("begun again: wait %v", got)
	}
	if got := c.wait(101 * time.Second); got != 225*time.Millisecond {
		t.Errorf("begun again, a second later: wait %v", got)
	}
}
