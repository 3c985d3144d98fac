package encode

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// simulation runs a follower on counts alone, as Audio drives it with sound.
type simulation struct {
	rate   int
	piece  int                                         // samples
	ppm    func(at time.Duration) float64              // the card's error, at a true time
	late   func(at time.Duration, n int) time.Duration // by which a stamp is late
	settle time.Duration                               // as AudioOptions.Settle
}

// seen is what a simulation found.
type seen struct {
	worst, worstLate time.Duration // offset of stored from true time: ever, and after the first ten minutes
	phase            float64       // largest correction after the first ten minutes
	card             float64       // largest error of the learnt rate after the first hour
	jumps            []time.Duration
	err              error
}

// run simulates so much sound. from is the true time of each sample, kept by integration.
func (s simulation) run(length time.Duration) seen {
	var out seen
	var f *follower
	var index int64
	type stamp struct {
		index int64
		at    time.Duration
	}
	var held []stamp
	at := 0.0       // true time, seconds
	var moved int64 // samples put in, less those left out
	observe := func(x stamp) {
		x.index += moved
		jump, err := f.observe(x.index, x.at)
		if jump != 0 {
			out.jumps = append(out.jumps, jump)
			moved += int64(jump.Seconds() * float64(s.rate))
		}
		if err != nil {
			out.err = err
		}
		for ready := f.position(x.index+int64(s.piece)) - 16; float64(f.out) < ready-240; {
			f.advance(240)
		}
	}
	for n := 0; at < length.Seconds() && out.err == nil; n++ {
		now := time.Duration(at * 1e9)
		x := stamp{index, now + s.late(now, n)}
		if f == nil {
			held = append(held, x)
			if settled(perSecond(int(index)+s.piece, s.rate), len(held), s.settle) {
				origin := held[0].at
				for _, h := range held {
					origin = min(origin, h.at-perSecond(int(h.index), s.rate))
				}
				f = newFollower(s.rate, origin, 0)
				for _, h := range held {
					observe(h)
				}
			}
		} else {
			observe(x)
			off := (f.when(index+moved) - now).Abs()
			out.worst = max(out.worst, off)
			if at > 600 {
				out.worstLate = max(out.worstLate, off)
				out.phase = max(out.phase, math.Abs(f.phase))
			}
			if at > 3600 {
				out.card = max(out.card, math.Abs(f.card-s.ppm(now)*1e-6))
			}
		}
		index += int64(s.piece)
		at += float64(s.piece) / (float64(s.rate) * (1 + s.ppm(now)*1e-6))
	}
	return out
}

func constant(ppm float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return ppm }
}

// uniform lateness up to most.
func uniform(seed uint64, most time.Duration) func(time.Duration, int) time.Duration {
	r := rand.New(rand.NewPCG(seed, 2))
	return func(time.Duration, int) time.Duration { return time.Duration(r.Int64N(int64(most) + 1)) }
}

// withHolds adds to late that every ten minutes the sound server holds back for
// 1 to 7 s: what was to come in that time comes at its end.
func withHolds(seed uint64, late func(time.Duration, int) time.Duration) func(time.Duration, int) time.Duration {
	r := rand.New(rand.NewPCG(seed, 3))
	next, until := 30*time.Second, time.Duration(0)
	return func(at time.Duration, n int) time.Duration {
		if at >= next {
			until = at + time.Second + time.Duration(r.Int64N(int64(6*time.Second)))
			next = at + 10*time.Minute
		}
		return max(late(at, n), until-at)
	}
}

func TestADayOfSoundStaysOnTheClock(t *testing.T) {
	day := func(at time.Duration) float64 { // a card that warms up and feels the time of day
		return 150 - 60*math.Exp(-at.Seconds()/900) + 10*math.Sin(at.Hours()/24*2*math.Pi)
	}
	cases := []struct {
		name string
		sim  simulation
	}{
		{"+200 ppm, stamps late by up to a piece", simulation{rate: 48000, piece: 960, ppm: constant(200), late: uniform(1, 20*time.Millisecond)}},
		{"-200 ppm, stamps late by up to a piece", simulation{rate: 48000, piece: 960, ppm: constant(-200), late: uniform(2, 20*time.Millisecond)}},
		{"+200 ppm, stamps late by up to 100 ms", simulation{rate: 44100, piece: 441, ppm: constant(200), late: uniform(3, 100*time.Millisecond)}},
		{"-200 ppm, stamps late by up to 100 ms", simulation{rate: 44100, piece: 441, ppm: constant(-200), late: uniform(4, 100*time.Millisecond)}},
		{"+200 ppm, pieces of 100 ms, late by up to one", simulation{rate: 16000, piece: 1600, ppm: constant(200), late: uniform(5, 100*time.Millisecond)}},
		{"-200 ppm, pieces of 100 ms, late by up to one", simulation{rate: 16000, piece: 1600, ppm: constant(-200), late: uniform(6, 100*time.Millisecond)}},
		{"+200 ppm, held back for seconds", simulation{rate: 48000, piece: 1024, ppm: constant(200), late: withHolds(7, uniform(7, 100*time.Millisecond))}},
		{"-200 ppm, held back for seconds", simulation{rate: 48000, piece: 1024, ppm: constant(-200), late: withHolds(8, uniform(8, 100*time.Millisecond))}},
		{"a rate that wanders, held back for seconds", simulation{rate: 48000, piece: 960, ppm: day, late: withHolds(9, uniform(9, 40*time.Millisecond))}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.sim.settle = 500 * time.Millisecond
			got := c.sim.run(24 * time.Hour)
			t.Logf("worst %v, after ten minutes %v; correction %.0f ppm, rate off by %.1f ppm", got.worst, got.worstLate, 1e6*got.phase, 1e6*got.card)
			if got.err != nil || len(got.jumps) > 0 {
				t.Fatalf("jumps %v, error %v", got.jumps, got.err)
			}
			if got.worst > 40*time.Millisecond {
				t.Errorf("offset of %v at some time, want at most 40ms", got.worst)
			}
			if got.worstLate > 5*time.Millisecond {
				t.Errorf("offset of %v after ten minutes, want at most 5ms", got.worstLate)
			}
			if got.phase > 100e-6 || got.card > 30e-6 {
				t.Errorf("corrections of %.0f ppm beyond the card's own rate, which is known to %.0f ppm: want 100 and 30", 1e6*got.phase, 1e6*got.card)
			}
		})
	}
}

// step is a lateness that stays once it is there.
func step(from, by time.Duration) func(time.Duration, int) time.Duration {
	return func(at time.Duration, _ int) time.Duration {
		if at >= from {
			return by
		}
		return 0
	}
}

func TestStampsThatMoveForGood(t *testing.T) {
	cases := []struct {
		name string
		by   time.Duration
		jump bool
		err  error
	}{
		{"unreported loss of 300 ms", 300 * time.Millisecond, true, nil},
		{"unreported loss of 4 s", 4 * time.Second, true, nil},
		{"200 ms of sound delivered twice", -200 * time.Millisecond, true, nil},
		{"20 ms are put right by the pace", 20 * time.Millisecond, false, nil},
		{"an hour of suspension", time.Hour, false, ErrDiscontinuity},
		{"stamps an hour back", -time.Hour, false, ErrDiscontinuity},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := simulation{rate: 48000, piece: 960, ppm: constant(50), settle: 500 * time.Millisecond, late: step(20*time.Minute, c.by)}
			got := s.run(21 * time.Minute)
			if !errors.Is(got.err, c.err) {
				t.Fatalf("error %v, want %v", got.err, c.err)
			}
			if c.jump != (len(got.jumps) == 1) {
				t.Fatalf("jumps %v", got.jumps)
			}
			if c.jump && (got.jumps[0]-c.by).Abs() > 5*time.Millisecond {
				t.Errorf("jump of %v, want %v", got.jumps[0], c.by)
			}
		})
	}
}

func TestABeginningInABacklog(t *testing.T) {
	// What a sound server had stored for two seconds comes at once.
	late := func(at time.Duration, _ int) time.Duration { return max(0, 2*time.Second-at) }
	s := simulation{rate: 48000, piece: 960, ppm: constant(0), settle: 500 * time.Millisecond, late: late}
	got := s.run(20 * time.Second)
	if got.err != nil || len(got.jumps) != 1 || (got.jumps[0]+1500*time.Millisecond).Abs() > 20*time.Millisecond {
		t.Fatalf("jumps %v, error %v: want one of -1.5s", got.jumps, got.err)
	}
}

func TestAWrongStampChangesLittle(t *testing.T) {
	for _, wrong := range []time.Duration{-25 * time.Millisecond, -10 * time.Second, -time.Hour, time.Hour} {
		late := func(_ time.Duration, n int) time.Duration {
			if n%5000 == 4999 { // one in 100 s
				return wrong
			}
			return 0
		}
		got := simulation{rate: 48000, piece: 960, ppm: constant(100), settle: 500 * time.Millisecond, late: late}.run(2 * time.Hour)
		if got.err != nil || len(got.jumps) > 0 || got.worstLate > 5*time.Millisecond {
			t.Errorf("stamps off by %v now and then: offset %v, jumps %v, error %v", wrong, got.worstLate, got.jumps, got.err)
		}
	}
}
