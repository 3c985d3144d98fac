package camera

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"hindsight/appliance/capture"
)

// wanted is the picture that is asked for.
type wanted struct {
	width, height int
	rate          float64
}

// mode is one way in which a camera can deliver.
type mode struct {
	format        fourcc
	width, height int
	rates         []span  // empty: the driver does not say
	rate          float64 // the one to ask for, once chosen
}

// span is a rate, or a range of rates, in frames a second.
type span struct{ low, high float64 }

// nearest is the rate in the span that is closest to rate.
func (s span) nearest(rate float64) float64 { return max(s.low, min(s.high, rate)) }

// choose picks the best format that delivers what is wanted; if none does, the
// mode that comes closest, and exact is false.
func choose(modes []mode, want wanted) (best mode, exact bool, err error) {
	if len(modes) == 0 {
		return mode{}, false, errors.New("it offers no picture in H.264, MJPEG or YUYV; if a program feeds it, it may not run yet")
	}
	for i := range modes {
		modes[i].rate = modes[i].nearestRate(want.rate)
	}
	best = slices.MinFunc(modes, func(a, b mode) int {
		ra, _ := a.format.rank()
		rb, _ := b.format.rank()
		return cmp.Or(cmp.Compare(a.distance(want), b.distance(want)), cmp.Compare(ra, rb))
	})
	return best, best.distance(want) == 0, nil
}

// nearestRate is the rate closest to the wanted one; that itself if the driver names none.
func (m mode) nearestRate(want float64) float64 {
	if len(m.rates) == 0 {
		return want
	}
	nearest := slices.MinFunc(m.rates, func(a, b span) int {
		return cmp.Compare(math.Abs(a.nearest(want)-want), math.Abs(b.nearest(want)-want))
	})
	return nearest.nearest(want)
}

// distance says how far a mode is from what is wanted: 0 if it is that, 1 for
// half or double the pixels or the rate. Another shape counts a little.
func (m mode) distance(want wanted) float64 {
	d := octaves(float64(m.width*m.height), float64(want.width*want.height))
	if r := octaves(m.rate, want.rate); r > 0.02 { // 29.97 is 30
		d += r
	}
	if m.width*want.height != want.width*m.height {
		d += 0.25
	}
	return math.Round(d*1000) / 1000
}

func octaves(a, b float64) float64 { return math.Abs(math.Log2(a / b)) }

// listed groups modes for a person.
func listed(modes []mode) []capture.Mode {
	var list []capture.Mode
	for _, m := range modes {
		one := capture.Mode{Format: m.format.String(), Width: m.width, Height: m.height}
		for _, s := range m.rates {
			one.Rates = append(one.Rates, round(s.high))
			if s.low != s.high {
				one.Rates = append(one.Rates, round(s.low))
			}
		}
		slices.SortFunc(one.Rates, func(a, b float64) int { return cmp.Compare(b, a) })
		one.Rates = slices.Compact(one.Rates)
		list = append(list, one)
	}
	slices.SortStableFunc(list, func(a, b capture.Mode) int {
		return cmp.Or(cmp.Compare(a.Format, b.Format), cmp.Compare(a.Width*a.Height, b.Width*b.Height))
	})
	return list
}

func round(rate float64) float64 { return math.Round(rate*1000) / 1000 }
