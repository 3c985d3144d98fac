package camera

import (
	"slices"

	"github.com/blackjack/webcam"
)

// common are sizes that are offered where a driver names a range only.
var common = []wanted{{width: 640, height: 480}, {width: 1280, height: 720}, {width: 1920, height: 1080}}

// Modes are what the camera can deliver; of ranges, the sizes closest to the
// wanted and to common ones.
func (h *handle) Modes(want ...wanted) []mode {
	var modes []mode
	for f := range h.cam.GetSupportedFormats() {
		if _, ok := fourcc(f).rank(); !ok {
			continue
		}
		sizes := h.cam.GetSupportedFrameSizes(f)
		if len(sizes) == 0 {
			sizes = []webcam.FrameSize{{}} // it does not say: let the driver decide
		}
		for _, size := range sizes {
			for _, w := range within(size, want) {
				m := mode{format: fourcc(f), width: w.width, height: w.height}
				for _, r := range h.cam.GetSupportedFramerates(f, uint32(w.width), uint32(w.height)) {
					m.rates = appendRate(m.rates, r)
				}
				if !slices.ContainsFunc(modes, func(o mode) bool {
					return o.format == m.format && o.width == m.width && o.height == m.height
				}) {
					modes = append(modes, m)
				}
			}
		}
	}
	return modes
}

// within gives the sizes of a range that are worth trying. A range without
// bounds is how webcam shows a driver that takes any size.
func within(s webcam.FrameSize, want []wanted) []wanted {
	if s.MaxWidth == 0 || s.MaxHeight == 0 {
		if len(want) > 0 {
			return want
		}
		return common
	}
	if s.MinWidth == s.MaxWidth && s.MinHeight == s.MaxHeight {
		return []wanted{{width: int(s.MaxWidth), height: int(s.MaxHeight)}}
	}
	var in []wanted
	for _, w := range append(slices.Clone(want), common...) {
		in = append(in, wanted{
			width:  snap(w.width, s.MinWidth, s.MaxWidth, s.StepWidth),
			height: snap(w.height, s.MinHeight, s.MaxHeight, s.StepHeight),
		})
	}
	return in
}

// snap is the value of a range in steps that is closest to n from below.
func snap(n int, low, high, step uint32) int {
	n = max(int(low), min(int(high), n))
	return n - (n-int(low))%max(1, int(step))
}

// appendRate adds what the driver says as intervals. A range of them is the
// other way round as rates.
func appendRate(to []span, r webcam.FrameRate) []span {
	if r.MinNumerator == 0 || r.MaxNumerator == 0 || r.MinDenominator == 0 || r.MaxDenominator == 0 {
		return to
	}
	a := float64(r.MinDenominator) / float64(r.MinNumerator)
	b := float64(r.MaxDenominator) / float64(r.MaxNumerator)
	return append(to, span{min(a, b), max(a, b)})
}
