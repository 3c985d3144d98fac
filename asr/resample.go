package asr

import (
	"fmt"
	"math"
)

// What the resampler does to a frequency, as a part of half the lower rate
// (8 kHz for 48 to 16 kHz): up to passEdge it stays as it is within 0.01 dB,
// from half the lower rate on it is at least stopDB down.
const (
	passEdge = 0.9
	stopDB   = 92
)

// Resampler changes the rate of mono sound by a rational factor with a linear
// phase filter. Sample i of its output stands for exactly the time i/to after
// the first sample of its input: the filter's delay is taken off. It makes
// output as soon as the input after it, half a filter long, is there (3.5 ms
// for 48 kHz), and whatever the pieces, the output is the same.
type Resampler struct {
	up, down int         // to/from in lowest terms
	phases   [][]float32 // phases[p]: taps for an output that lies p/up after an input sample, oldest input first
	before   int         // of the taps, how many lie at or before that input sample, less one
	in       []float32   // input from number first on
	first    int64       // number of in[0]; negative: zeros before the beginning
	next     int64       // number of the next output sample
	heard    int64       // input samples so far
}

// NewResampler makes one between two rates in Hz, 4000 to 192000.
func NewResampler(from, to int) (*Resampler, error) {
	for _, r := range []int{from, to} {
		if r < 4000 || r > 192000 {
			return nil, fmt.Errorf("resample %d to %d Hz: rates are 4000 to 192000", from, to)
		}
	}
	g := gcd(from, to)
	r := &Resampler{up: to / g, down: from / g}
	if r.up > 1000 {
		return nil, fmt.Errorf("resample %d to %d Hz: the ratio %d/%d is too odd", from, to, r.up, r.down)
	}
	r.design(from, to)
	r.first = -int64(r.before)
	r.in = make([]float32, r.before)
	return r, nil
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// design makes a windowed sinc (Kaiser's window and his estimate of its length,
// Oppenheim and Schafer, Discrete-Time Signal Processing, 7.5.3) and deals its
// taps out to the phases.
func (r *Resampler) design(from, to int) {
	if r.up == 1 && r.down == 1 {
		r.phases = [][]float32{{1}}
		return
	}
	edge := float64(min(from, to)) / 2
	cut := edge * (1 + passEdge) / 2
	bend := edge * (1 - passEdge) / float64(from) // of the input rate
	half := int(math.Ceil((stopDB - 7.95) / 14.36 / bend / 2))
	beta := 0.1102 * (stopDB - 8.7)
	r.before = half - 1
	r.phases = make([][]float32, r.up)
	for p := range r.phases {
		taps := make([]float64, 2*half)
		sum := 0.0
		for k := range taps {
			// From the output's time to that of input sample k-before, in input samples.
			t := float64(k-r.before) - float64(p)/float64(r.up)
			x := t / float64(half)
			taps[k] = sinc(2*cut/float64(from)*t) * bessel0(beta*math.Sqrt(max(0, 1-x*x)))
			sum += taps[k]
		}
		r.phases[p] = make([]float32, len(taps))
		for k, v := range taps {
			r.phases[p][k] = float32(v / sum) // every phase passes 0 Hz alike
		}
	}
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// bessel0 is the modified Bessel function of the first kind, order 0, by its series.
func bessel0(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-17; k++ {
		term *= x / 2 / k * (x / 2 / k)
		sum += term
	}
	return sum
}

// Process takes the next samples and appends to dst what can be told now.
func (r *Resampler) Process(dst []int16, in []float32) []int16 {
	r.in = append(r.in, in...)
	r.heard += int64(len(in))
	dst = r.make(dst, math.MaxInt64)
	// Forget what no later output needs.
	if need := r.next*int64(r.down)/int64(r.up) - int64(r.before); need > r.first {
		n := copy(r.in, r.in[min(need-r.first, int64(len(r.in))):])
		r.first += int64(len(r.in) - n)
		r.in = r.in[:n]
	}
	return dst
}

// Flush ends the sound: it appends the samples for the rest of the input's time.
// Only a new Resampler may follow.
func (r *Resampler) Flush(dst []int16) []int16 {
	r.in = append(r.in, make([]float32, len(r.phases[0]))...)
	return r.make(dst, (r.heard*int64(r.up)+int64(r.down)-1)/int64(r.down))
}

// make appends outputs up to, not including, number end, as far as the input goes.
func (r *Resampler) make(dst []int16, end int64) []int16 {
	for r.next < end {
		at := r.next * int64(r.down)
		from := at/int64(r.up) - int64(r.before) - r.first
		taps := r.phases[at%int64(r.up)]
		if from+int64(len(taps)) > int64(len(r.in)) {
			break
		}
		dst = append(dst, round(dot(taps, r.in[from:])))
		r.next++
	}
	return dst
}

func dot(taps, in []float32) float32 {
	in = in[:len(taps)]
	var a, b, c, d float32
	i := 0
	for ; i+3 < len(taps); i += 4 {
		a += taps[i] * in[i]
		b += taps[i+1] * in[i+1]
		c += taps[i+2] * in[i+2]
		d += taps[i+3] * in[i+3]
	}
	for ; i < len(taps); i++ {
		a += taps[i] * in[i]
	}
	return a + b + c + d
}

func round(v float32) int16 {
	switch {
	case v >= math.MaxInt16:
		return math.MaxInt16
	case v <= math.MinInt16:
		return math.MinInt16
	}
	return int16(math.Round(float64(v)))
}
