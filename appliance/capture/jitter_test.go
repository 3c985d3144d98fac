package capture

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

const ms = time.Millisecond

// series simulates a camera: frame i is taken at taken[i] and arrives at arrived[i].
type series struct{ taken, arrived []time.Duration }

// simulate makes a series of n frames. period gives the distance to the next
// frame; lost says which frames never arrive; delay is how late a frame arrives.
func simulate(n int, period func(i int) time.Duration, lost func(i int) bool, delay func(i int) time.Duration) series {
	var s series
	now, last := time.Hour, time.Duration(0)
	for i := range n {
		if lost == nil || !lost(i) {
			last = max(last+time.Microsecond, now+delay(i)) // frames do not overtake one another
			s.taken, s.arrived = append(s.taken, now), append(s.arrived, last)
		}
		now += period(i)
	}
	return s
}

func steady(rate float64) func(int) time.Duration {
	return func(int) time.Duration { return time.Duration(float64(time.Second) / rate) }
}

// uniform is jitter between nothing and most.
func uniform(r *rand.Rand, most time.Duration) func(int) time.Duration {
	return func(int) time.Duration { return time.Duration(r.Int64N(int64(most) + 1)) }
}

// worst runs the filter over the series and returns the largest error of the
// stamps of frames taken settle or more after the first, checking on the way what holds always.
func worst(t *testing.T, f *PeriodFilter, s series, settle time.Duration) time.Duration {
	t.Helper()
	var worst, last time.Duration
	for i, arrived := range s.arrived {
		stamp := f.Stamp(arrived)
		if stamp > arrived {
			t.Fatalf("frame %d: stamp %v is later than its arrival %v", i, stamp, arrived)
		}
		if i > 0 && stamp <= last {
			t.Fatalf("frame %d: stamp %v after %v", i, stamp, last)
		}
		last = stamp
		if s.taken[i]-s.taken[0] >= settle {
			worst = max(worst, (stamp - s.taken[i]).Abs())
		}
	}
	return worst
}

func TestPeriodFilterFreesStampsOfJitter(t *testing.T) {
	drifting := func(i int) time.Duration { // 30 frames a second becomes 29.93 in 200 s
		return time.Duration(float64(time.Second) / (30 - 0.1*float64(i)/9000))
	}
	for _, c := range []struct {
		name   string
		hint   float64
		period func(int) time.Duration
		want   float64 // frames a second at the end
		settle time.Duration
	}{
		{"30", 30, steady(30), 30, 10 * time.Second},
		{"29.97 where 30 is said", 30, steady(30000.0 / 1001), 30000.0 / 1001, 10 * time.Second},
		{"15 where 30 is said", 30, steady(15), 15, 60 * time.Second},
		{"25 where 30 is said", 30, steady(25), 25, 60 * time.Second},
		{"27 where 30 is said", 30, steady(27), 27, 10 * time.Second},
		{"30 where 25 is said", 25, steady(30), 30, 10 * time.Second},
		{"24 where nothing is said", 0, steady(24), 24, 10 * time.Second},
		{"5", 5, steady(5), 5, 60 * time.Second},
		{"drifting", 30, drifting, 30 - 0.1*6000/9000, 10 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(10) {
				r := rand.New(rand.NewPCG(seed, 1))
				f := NewPeriodFilter(c.hint)
				s := simulate(6000, c.period, nil, uniform(r, 30*ms))
				if e := worst(t, f, s, c.settle); e >= 5*ms {
					t.Errorf("seed %d: error up to %v", seed, e)
				}
				if got := 1 / f.Period().Seconds(); math.Abs(got/c.want-1) > 0.0003 {
					t.Errorf("seed %d: believes in %.3f frames a second, want %.3f", seed, got, c.want)
				}
			}
		})
	}
}

func TestPeriodFilterCountsDroppedFrames(t *testing.T) {
	for _, c := range []struct {
		name string
		lost func(r *rand.Rand) func(int) bool
	}{
		{"one in ten at random", func(r *rand.Rand) func(int) bool { return func(i int) bool { return i >= 300 && r.IntN(10) == 0 } }},
		{"every third", func(*rand.Rand) func(int) bool { return func(i int) bool { return i >= 300 && i%3 == 2 } }},
		{"five in a row each second", func(*rand.Rand) func(int) bool { return func(i int) bool { return i >= 300 && i%30 < 5 } }},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(10) {
				r := rand.New(rand.NewPCG(seed, 2))
				s := simulate(3000, steady(29.97), c.lost(r), uniform(r, 25*ms))
				if e := worst(t, NewPeriodFilter(30), s, 10*time.Second); e >= 5*ms {
					t.Errorf("seed %d: error up to %v", seed, e)
				}
			}
		})
	}
}

func TestPeriodFilterFollowsAChangedRate(t *testing.T) {
	// A camera in the dark exposes longer, and later shorter again.
	period := func(i int) time.Duration {
		if i >= 600 && i < 900 {
			return steady(15)(i)
		}
		return steady(30)(i)
	}
	r := rand.New(rand.NewPCG(1, 3))
	s := simulate(2400, period, nil, uniform(r, 20*ms))
	f := NewPeriodFilter(30)
	var bad int
	for i, arrived := range s.arrived {
		e := (f.Stamp(arrived) - s.taken[i]).Abs()
		changing := i >= 600 && i < 600+4*filterReview || i >= 900 && i < 900+4*filterReview
		if i > 60 && !changing && e >= 5*ms {
			bad++
		}
		if e > 40*ms {
			t.Fatalf("frame %d: error %v", i, e)
		}
	}
	if bad > 0 {
		t.Errorf("%d frames away from the changes are wrong by 5 ms or more", bad)
	}
}

func TestPeriodFilterSurvivesPausesAndStalls(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 4))
	jitter := uniform(r, 20*ms)
	period := func(i int) time.Duration {
		if i == 500 {
			return time.Minute + 7*ms // paused, and begun anew out of step
		}
		return steady(30)(i)
	}
	delay := func(i int) time.Duration {
		if i >= 1000 && i < 1012 { // held up 400 ms, then all at once
			return time.Duration(1012-i) * steady(30)(i)
		}
		return jitter(i)
	}
	s := simulate(1500, period, nil, delay)
	f := NewPeriodFilter(30)
	for i, arrived := range s.arrived {
		e := (f.Stamp(arrived) - s.taken[i]).Abs()
		settled := i > 60 && i < 500 || i > 560 && i < 1000 || i > 1020
		if settled && e >= 5*ms {
			t.Errorf("frame %d: error %v", i, e)
		}
	}
}

func TestPeriodFilterLeavesExactArrivalsAlone(t *testing.T) {
	s := simulate(3000, steady(30), nil, func(int) time.Duration { return 0 })
	if e := worst(t, NewPeriodFilter(30), s, 0); e > 10*time.Microsecond {
		t.Errorf("error %v without any jitter", e)
	}
}

func TestPeriodFilterKeepsItsPromisesOnNoise(t *testing.T) {
	// Arrivals without any sense: it must neither fail nor break what it promises.
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 5))
		var now time.Duration
		var s series
		for range 2000 {
			now += time.Duration(r.ExpFloat64() * float64(30*ms))
			if r.IntN(200) == 0 {
				now += time.Duration(r.Int64N(int64(5 * time.Second)))
			}
			now++
			s.taken, s.arrived = append(s.taken, now), append(s.arrived, now)
		}
		worst(t, NewPeriodFilter(float64(r.IntN(60))), s, 0)
	}
}

func BenchmarkPeriodFilter(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 6))
	s := simulate(3000, steady(30), nil, uniform(r, 30*ms))
	for b.Loop() {
		f := NewPeriodFilter(30)
		for _, a := range s.arrived {
			f.Stamp(a)
		}
	}
}
