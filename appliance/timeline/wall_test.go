package timeline

import (
	"slices"
	"testing"
	"time"

	"hindsight/media"
)

const year = 365 * 24 * time.Hour

func (r *rig) checkWall(run media.Run, m time.Duration, want time.Time, trusted bool) {
	r.t.Helper()
	if got, tr := r.Wall(media.Position{Run: run, Time: m}); !got.Equal(want) || tr != trusted {
		r.t.Errorf("run %d at %v: %v trusted %v, want %v %v", run, m, got, tr, want, trusted)
	}
}

func (r *rig) checkPosition(wall time.Time, run media.Run, m time.Duration) {
	r.t.Helper()
	if p, ok := r.Position(wall); !ok || p != (media.Position{Run: run, Time: m}) {
		r.t.Errorf("position of %v: %d@%v %v, want %d@%v", wall, p.Run, p.Time, ok, run, m)
	}
}

// TestClockYearsOff: a Pi without a battery clock starts in 2017 and learns
// the time after 20 s. The recording is not cut and all of it is dated right, also after a restart.
func TestClockYearsOff(t *testing.T) {
	r := newRig(t, nil)
	r.clock.step(-9*year, false)
	r = rigOn(t, r.clock, r.mem, nil).both()
	r.seconds(0, 20)
	r.checkWall(r.run, moment(0), epoch.Add(-9*year+moment(0)), false)
	r.clock.step(9*year, true)
	r.checkClock()
	r.seconds(20, 40)
	check := func(r *rig, run media.Run) {
		t.Helper()
		for _, s := range []float64{0, 10, 19.9, 20, 39.9} {
			r.checkWall(run, moment(s), epoch.Add(moment(s)), true)
			r.checkPosition(epoch.Add(moment(s)), run, moment(s))
		}
		if n := len(r.Map().Spans); n != 1 {
			t.Errorf("the step cut the recording into %d spans", n)
		}
		r.checkPosition(epoch.Add(-time.Hour), run, moment(0))
		if _, ok := r.Position(epoch.Add(moment(40))); ok {
			t.Error("there is a position after the end")
		}
	}
	run := r.run
	check(r, run)
	check(r.reopen(nil), run)
}

// TestClockBackAndForth: somebody plays with the date, unsynchronised all the time.
func TestClockBackAndForth(t *testing.T) {
	m := newRig(t, nil)
	m.clock.step(0, false)
	r := rigOn(t, m.clock, m.mem, nil).both()
	run := r.run
	r.seconds(0, 10)
	r.clock.step(time.Hour, false)
	r.checkClock()
	r.seconds(10, 20)
	r.clock.step(-time.Hour-5*time.Second, false)
	r.checkClock()
	r.seconds(20, 30)
	check := func(r *rig) {
		t.Helper()
		for _, c := range []struct {
			m    time.Duration
			wall time.Duration
		}{{moment(5), moment(5)}, {moment(15), time.Hour + moment(15)}, {moment(25), moment(20)}} {
			r.checkWall(run, c.m, epoch.Add(c.wall), false)
			r.checkPosition(epoch.Add(c.wall), run, c.m)
		}
		r.checkPosition(epoch.Add(30*time.Minute), run, 10*time.Second) // exists nowhere: what follows
	}
	check(r)
	check(r.reopen(nil))
}

// TestTwiceTheSameTime: a trusted run whose clock was an hour fast, then one
// whose clock is right: an hour later both hold the same wall time.
func TestTwiceTheSameTime(t *testing.T) {
	fast := newRig(t, nil)
	fast.clock.step(time.Hour, true)
	a := rigOn(t, fast.clock, fast.mem, nil).both()
	a.seconds(0, 10)
	must(t, a.Close(media.Off))
	a.clock.step(-time.Hour, true)
	a.clock.pass(time.Hour - 15*time.Second) // it is now 5 s before the first run's beginning
	b := a.reopen(nil).both()
	b.seconds(0, 8)
	b.checkPosition(epoch.Add(time.Hour+moment(1)), b.run, moment(6))      // in both: the newest
	b.checkPosition(epoch.Add(time.Hour+moment(5)), a.run, moment(5))      // only in the first
	b.checkPosition(epoch.Add(time.Hour-moment(4)), b.run, moment(1)-2*ms) // only in the second
	b.checkPosition(epoch, b.run, moment(0))                               // before both: the earlier moment
	if m := b.Map(); len(m.Spans) != 2 || m.Spans[0].Run != a.run || m.Spans[1].Run != b.run {
		t.Errorf("spans %v are not in the order of runs", spansOf(m))
	}
}

// TestUntrustedAfterAnotherRun: a run without a clock cannot lie before its predecessor.
func TestUntrustedAfterAnotherRun(t *testing.T) {
	a := newRig(t, nil).both()
	a.seconds(0, 10)
	must(t, a.Close(media.Off))
	end := epoch.Add(moment(10))
	a.clock.step(-3*year, false)
	b := a.reopen(nil).both()
	b.seconds(0, 5)
	b.checkWall(2, 0, end, false)
	b.checkPosition(end.Add(moment(2)), 2, moment(2))
	b.clock.step(time.Hour, false) // still years too early
	b.checkClock()
	b.seconds(5, 8)
	b.checkWall(2, moment(7), end.Add(moment(7)), false)
	must(t, b.Close(media.Off))
	c := b.reopen(nil).both() // a third, years early as well
	c.seconds(0, 2)
	c.checkWall(2, moment(7), end.Add(moment(7)), false)
	c.checkWall(3, 0, end.Add(moment(8)), false)
	c.clock.step(3*year, true) // and now the truth
	c.checkClock()
	want, _ := c.clock.Wall()
	c.checkWall(3, 2*time.Second, want, true)
	c.checkWall(2, moment(7), end.Add(moment(7)), false)
	must(t, c.Close(media.Off))
	m := c.mem.Reopen()
	for m.Runs()[0].Run == 1 {
		_, err := m.DropOldest()
		must(t, err)
	}
	d := rigOn(t, c.clock, m, nil) // what it was dated by is gone; the dates stay
	d.checkWall(2, moment(3), end.Add(moment(3)), false)
	d.checkWall(2, moment(7), end.Add(moment(7)), false)
}

func TestPieces(t *testing.T) {
	d := dated(media.Anchors{
		{Media: 0, Wall: epoch, Trusted: true},
		{Media: 10, Wall: epoch.Add(110), Trusted: true},
		{Media: 20, Wall: epoch.Add(5), Trusted: true},
	}, time.Time{})
	for _, c := range []struct {
		from, until time.Duration
		want        []piece
	}{
		{2, 8, []piece{{1, 2, 8, epoch.Add(2)}}},
		{2, 10, []piece{{1, 2, 10, epoch.Add(2)}}},
		{10, 20, []piece{{1, 10, 20, epoch.Add(110)}}},
		{8, 30, []piece{{1, 8, 10, epoch.Add(8)}, {1, 10, 20, epoch.Add(110)}, {1, 20, 30, epoch.Add(5)}}},
		{25, 30, []piece{{1, 25, 30, epoch.Add(10)}}},
	} {
		if got := d.pieces(1, c.from, c.until); !slices.Equal(got, c.want) {
			t.Errorf("%d to %d: %v, want %v", c.from, c.until, got, c.want)
		}
	}
}

func TestPositionInGaps(t *testing.T) {
	r := newRig(t, nil).both()
	if _, ok := r.Position(epoch); ok {
		t.Error("an empty timeline has a position")
	}
	r.seconds(0, 4)
	r.Lose(0, moment(4), media.Paused, "")
	r.clock.pass(6 * time.Second)
	r.Regain(0, moment(10))
	r.seconds(10, 12)
	must(t, r.Close(media.Off))
	r.clock.pass(time.Minute)
	r = r.reopen(nil).both()
	r.seconds(0, 2)
	r.checkPosition(epoch.Add(-year), 1, moment(0))
	r.checkPosition(epoch.Add(moment(3.5)), 1, moment(3.5))
	r.checkPosition(epoch.Add(moment(7)), 1, moment(10))
	r.checkPosition(epoch.Add(30*time.Second), 2, moment(0))
	r.checkPosition(epoch.Add(72*time.Second+moment(1)), 2, moment(1))
	if p, ok := r.Position(epoch.Add(74*time.Second + moment(0))); ok {
		t.Errorf("behind the last unit there is %v", p)
	}
	old, ok := r.Oldest()
	nw, ok2 := r.Newest()
	if !ok || !ok2 || old != at(1, 0) || nw != at(2, 1.9) {
		t.Errorf("kept is %v to %v", old, nw)
	}
}
