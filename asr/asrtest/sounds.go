package asrtest

import (
	"math"
	"math/rand/v2"
	"time"

	"hindsight/asr"
)

// Noise is white noise with an effective value of rms, at asr.Rate.
func Noise(long time.Duration, rms float64) []int16 {
	r := rand.New(rand.NewPCG(1, 2))
	pcm := make([]int16, int(long*asr.Rate/time.Second))
	for i := range pcm {
		pcm[i] = clip(r.NormFloat64() * rms)
	}
	return pcm
}

// Music is four chords in turn, plucked twice a second to a drum, at asr.Rate.
func Music(long time.Duration) []int16 {
	chords := [][]float64{{261.6, 329.6, 392}, {220, 261.6, 329.6}, {174.6, 220, 261.6}, {196, 246.9, 293.7}}
	const beat = asr.Rate / 2
	r := rand.New(rand.NewPCG(3, 4))
	pcm := make([]int16, int(long*asr.Rate/time.Second))
	for i := range pcm {
		t := float64(i%beat) / asr.Rate
		v := 6000 * r.NormFloat64() * math.Exp(-40*t)
		for _, hz := range chords[i/beat/4%len(chords)] {
			for h := 1.0; h <= 4; h++ {
				v += 1500 / h * math.Sin(2*math.Pi*hz*h*t) * math.Exp(-3*t)
			}
		}
		pcm[i] = clip(v)
	}
	return pcm
}

func clip(v float64) int16 { return int16(min(max(v, math.MinInt16), math.MaxInt16)) }
