package main

import (
	"math"
	"time"

	"hindsight/appliance/pattern"
)

const (
	period  = pattern.SampleRate / pattern.BeepHz // of the tone, in samples
	window  = 2 * period                          // over which its amplitude is taken
	settle  = pattern.SampleRate * 30 / 1000      // after so long the tone has its full amplitude
	history = 2 * settle                          // amplitudes that are kept
	quiet   = 400                                 // amplitude below which nothing begins
	loud    = 2000                                // and that a beep reaches
)

// beep is one tone, in samples on the time of the recording.
type beep struct {
	start, end float64
	broken     bool // it was interrupted
}

// beeps finds the tones in a channel. The amplitude at the tone's frequency over
// the last two periods rises in a straight line while the tone comes into them,
// so it crosses half of its final height when the tone began one period ago:
// that is where it began, to a fraction of a millisecond. Its end is found alike.
type beeps struct {
	cos, sin     [period]float64
	re, im       [window]float64 // of the last samples
	sumRe, sumIm float64
	amp          [history]float64
	n            int64 // samples since the last reset
	at           int64 // time of the sample to come
	on           bool
	seen         int64   // sample number at which the tone was noticed
	full         float64 // its amplitude
	start        float64 // once full is known
	found        []beep
}

func newBeeps() *beeps {
	b := &beeps{}
	for i := range period {
		b.sin[i], b.cos[i] = math.Sincos(2 * math.Pi * float64(i) / period)
	}
	return b
}

// reset begins anew at time at (samples): what follows does not join what was.
func (b *beeps) reset(at int64) {
	if b.on { // the tone never ended
		b.finish(float64(b.at), true)
	}
	b.clear()
	b.n, b.at = 0, at
}

// close ends the recording. A tone that reaches its end is cut, not broken.
func (b *beeps) close() {
	if b.on {
		b.finish(float64(b.at), false)
	}
	b.clear()
}

func (b *beeps) clear() {
	b.re, b.im = [window]float64{}, [window]float64{}
	b.sumRe, b.sumIm = 0, 0
	b.on = false
}

func (b *beeps) add(samples []int16) {
	for _, v := range samples {
		b.step(float64(v))
	}
}

func (b *beeps) step(v float64) {
	i, k := b.n%window, b.n%period
	re, im := v*b.cos[k], v*b.sin[k]
	b.sumRe += re - b.re[i]
	b.sumIm += im - b.im[i]
	b.re[i], b.im[i] = re, im
	a := 2 / float64(window) * math.Hypot(b.sumRe, b.sumIm)
	b.amp[b.n%history] = a
	b.n++
	b.at++
	switch {
	case !b.on && a > quiet:
		b.on, b.seen, b.full = true, b.n, a
	case b.on && b.n-b.seen < settle:
		b.full = max(b.full, a)
	case b.on && b.n-b.seen == settle:
		b.start = b.begun()
	case b.on && a < b.full/2:
		b.finish(float64(b.at-window/2), false)
		b.clear()
	}
}

// begun is when the tone under way began: where the amplitude crossed half.
func (b *beeps) begun() float64 {
	half := b.full / 2
	for k := max(b.seen-1, b.n-history+1); k < b.n; k++ {
		hi := b.amp[k%history]
		if hi < half {
			continue
		}
		part := 1.0
		if lo := b.amp[(k+history-1)%history]; k > 0 && lo < half {
			part = (half - lo) / (hi - lo)
		}
		return float64(b.at-b.n+k) + part - window/2
	}
	return float64(b.at - b.n + b.seen)
}

// finish notes the tone that ended. One that begins within a beep's length of the
// one before is the rest of it, after a hole.
func (b *beeps) finish(end float64, broken bool) {
	if b.full < loud {
		return
	}
	if b.n-b.seen < settle {
		b.start = b.begun()
	}
	t := beep{b.start, end, broken}
	length := float64(samplesOf(pattern.BeepLength))
	if k := len(b.found) - 1; k >= 0 && t.start-b.found[k].start < 0.98*length {
		b.found[k].end, b.found[k].broken = t.end, true
		return
	}
	b.found = append(b.found, t)
}

func samplesOf(d time.Duration) int64 { return int64(d * pattern.SampleRate / time.Second) }

// timeOf turns samples into time.
func timeOf(samples float64) time.Duration {
	return time.Duration(samples / pattern.SampleRate * float64(time.Second))
}
