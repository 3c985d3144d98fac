package encode

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrDiscontinuity says that a piece of sound does not go on from the one
// before: the device or its settings changed, or its stamps jumped. The caller
// flushes the Audio, makes a new one, and writes the same piece again.
var ErrDiscontinuity = errors.New("audio: a new beginning is needed")

// The loop of the follower. Its time constant grows with what it knows: quick at
// the start, so slow in the end that no ear and no jitter matters.
const (
	tauFirst   = 5.0   // seconds
	tauLast    = 120.0 // seconds
	cardLimit  = 1e-3  // most that a card's rate is believed to be off
	phaseLimit = 3e-4  // most that is added to it to put an offset right, in the end; more at the start
	phaseStart = 5e-3  // at most, at the start
)

// What is no jitter any more.
const (
	gate       = 30 * time.Millisecond // a second of sound whose earliest stamp is further off says nothing
	gateStart  = 150 * time.Millisecond
	alike      = 30 * time.Millisecond // seconds that differ by less agree with one another
	agreeLate  = 10                    // seconds have to agree that the stamps went late for good
	agreeEarly = 3                     // early: a stamp is never before its sample was heard
	farthest   = 10 * time.Second      // beyond, it is another beginning
)

// follower keeps the count of a sound card's samples on Clock.Boot. It decides
// how many input samples make one output sample at 48 kHz, so that output sample k
// was heard at origin + k/48000 s.
//
// A stamp is when a piece was heard plus however long it was held up, never minus: so the
// follower looks at the earliest stamp of every second of sound, and an outlier is
// late. It knows nothing of the samples themselves: days of sound are simulated in a second.
type follower struct {
	nominal float64       // input samples per output sample if the card's clock were right
	rate    float64       // input samples a second, nominal
	origin  time.Duration // of output sample 0, on Clock.Boot
	in      float64       // input position of output sample out
	out     int64         // output samples made
	card    float64       // how much faster the card runs, learnt
	phase   float64       // what is added to it now to put an offset right

	windowEnd float64         // input position at which the current second ends
	low       time.Duration   // the earliest stamp's offset in it
	sum       time.Duration   // of the offsets in it
	stamps    int             // in it
	lows      []time.Duration // of the good seconds since the loop was last closed
	means     time.Duration   // sum of the mean offsets of those seconds
	count     int             // stamps in those seconds
	odd       []time.Duration // of the seconds in a row that were too far off
	offset    time.Duration   // last believed
	age       float64         // seconds of sound
	since     float64         // of them, since the loop was last closed
}

// newFollower begins at input sample 0, heard at origin. first is the input position of output sample 0.
func newFollower(rate int, origin time.Duration, first float64) *follower {
	f := &follower{rate: float64(rate), nominal: float64(rate) / opusRate, origin: origin, in: first}
	f.windowEnd = f.rate
	return f
}

// pace is the ratio of input to output samples, as a multiple of the nominal one.
func (f *follower) pace() float64 { return 1 + f.card + f.phase }

// advance notes that n output samples were made at the present pace.
func (f *follower) advance(n int) {
	f.in += float64(n) * f.nominal * f.pace()
	f.out += int64(n)
}

// position is the output sample that stands for an input sample, at the present pace.
func (f *follower) position(index int64) float64 {
	return float64(f.out) + (float64(index)-f.in)/(f.nominal*f.pace())
}

// when is the time that an input sample is stored at.
func (f *follower) when(index int64) time.Duration {
	return f.origin + time.Duration(f.position(index)/opusRate*float64(time.Second))
}

// observe takes the stamp of an input sample. It returns how much later the
// sound should be stored than it is, if that cannot be put right by the pace: 0 nearly
// always. The error is ErrDiscontinuity.
func (f *follower) observe(index int64, at time.Duration) (jump time.Duration, err error) {
	if float64(index) >= f.windowEnd && f.stamps > 0 {
		if jump, err = f.second(index); jump != 0 || err != nil {
			return jump, err // the stamp is from before the jump
		}
	}
	off := at - f.when(index)
	if f.stamps == 0 || off < f.low {
		f.low = off
	}
	f.sum += off
	f.stamps++
	return 0, nil
}

// second ends a second of sound.
func (f *follower) second(index int64) (time.Duration, error) {
	passed := 1 + (float64(index)-f.windowEnd)/f.rate
	f.age += passed
	f.since += passed
	f.windowEnd = float64(index) + f.rate
	low, mean, stamps := f.low, f.sum/time.Duration(f.stamps), f.stamps
	f.sum, f.stamps = 0, 0
	early := -gate
	if f.tau() < tauLast/4 {
		early = -gateStart
	}
	if low > gate || low < early {
		f.odd = append(f.odd, low)
		return f.agreed()
	}
	f.odd = f.odd[:0]
	f.lows = append(f.lows, low)
	f.means += mean
	f.count += stamps
	if f.since >= f.tau()/12 && f.enough() {
		f.closeLoop()
	}
	return 0, nil
}

// tau is the loop's time constant in seconds; by age alone while it is open.
func (f *follower) tau() float64 { return max(tauFirst, min(tauLast, f.age/4)) }

// believed is the offset that the good seconds show: of several the second
// lowest, lest one wrong stamp counts.
func (f *follower) believed() time.Duration {
	slices.Sort(f.lows)
	return f.lows[min(1, len(f.lows)/4)]
}

// enough reports whether the earliest of the stamps is early enough to be believed. Of n stamps
// that are late by up to J it is late by J/n in the mean; half a millisecond is aimed at.
func (f *follower) enough() bool {
	spread := f.means/time.Duration(len(f.lows)) - f.believed()
	return time.Duration(f.count)*time.Millisecond >= 4*spread || f.since >= tauLast/6
}

// closeLoop is a loop of the second order, critically damped: the phase goes
// after the offset, the card's rate after its sum.
func (f *follower) closeLoop() {
	f.offset = f.believed()
	tau := max(f.tau(), 5*f.since) // a loop closed more seldom than a fifth of its time constant swings
	limit := min(phaseStart, phaseLimit*tauLast/tau)
	f.phase = clamp(-f.offset.Seconds()*2/tau, limit)
	f.card = clamp(f.card+f.phase*f.since/(2*tau), cardLimit)
	f.lows, f.means, f.count, f.since = f.lows[:0], 0, 0, 0
}

// agreed looks whether the odd seconds agree that the stamps moved for good:
// sound was lost or doubled on the way without a word.
func (f *follower) agreed() (time.Duration, error) {
	need := agreeLate
	if f.odd[0] < 0 || f.odd[0] > farthest {
		need = agreeEarly
	}
	if len(f.odd) < need {
		return 0, nil
	}
	last := slices.Sorted(slices.Values(f.odd[len(f.odd)-need:]))
	if last[need-1]-last[0] > alike {
		if len(f.odd) > 10*agreeLate {
			f.odd = slices.Delete(f.odd, 0, len(f.odd)-agreeLate)
		}
		return 0, nil
	}
	jump := last[need/4]
	f.odd = f.odd[:0]
	if jump > farthest || jump < -farthest {
		return 0, fmt.Errorf("%w: its stamps moved by %v", ErrDiscontinuity, jump.Round(time.Millisecond))
	}
	return jump, nil
}

func clamp(x, limit float64) float64 { return max(-limit, min(limit, x)) }
