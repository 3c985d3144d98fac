package capture

import (
	"slices"
	"time"
)

const (
	filterReview = 32          // frames after which the grid is looked at again
	filterMemory = 512         // frames that it is held against: 17 s at 30 frames a second
	filterPause  = time.Second // longer silence: the camera may have begun anew
)

// PeriodFilter frees the arrival times of a camera's frames from jitter, for
// cameras that do not say when a frame was taken.
//
// Frames are taken at even distances and arrive late by a varying amount, never
// early. The filter keeps a grid of such distances and holds it against the
// earliest arrivals. It counts frames that are missing as long as the jitter is
// smaller than a period, follows a camera that changes its rate, and begins
// anew after a pause. The zero value is ready; one goroutine uses it.
type PeriodFilter struct {
	period   time.Duration // between two frames; 0: not known yet
	grid     time.Duration // time of the newest frame on the grid
	index    int           // its number on the grid
	last     time.Duration // what Stamp returned last
	doubt    bool          // the newest frame skipped a place, and may only have been late
	begun    bool
	arrivals arrivals // the newest ones, up to filterMemory
	fresh    int      // how many of them came since the grid was looked at
}

// NewPeriodFilter makes a filter that expects about rate frames a second. The
// rate may be wrong, and 0 when nothing is known: then the first 32 arrivals
// are returned as they are.
func NewPeriodFilter(rate float64) *PeriodFilter {
	f := &PeriodFilter{}
	if rate > 0 {
		f.period = time.Duration(float64(time.Second) / rate)
	}
	return f
}

// Period is the distance of two frames as it is believed now; 0 before it is known.
func (f *PeriodFilter) Period() time.Duration { return f.period }

// Stamp takes the arrival times of all frames in order and returns, for each,
// when it was taken (later by the smallest delay that the way to here has). It
// never returns more than arrival, and more each time as long as arrivals rise.
func (f *PeriodFilter) Stamp(arrival time.Duration) time.Duration {
	since := arrival - f.grid
	switch {
	case !f.begun, since > max(filterPause, 10*f.period):
		f.begun = true
		f.arrivals, f.fresh, f.doubt = f.arrivals[:0], 0, false
		f.place(arrival, 0, arrival)
	case f.period == 0:
		f.place(arrival, f.index+1, arrival)
	default:
		f.step(arrival, since)
	}
	stamp := min(f.grid, arrival)
	if stamp <= f.last && f.last != 0 {
		stamp = f.last + max(0, arrival-f.last)/2
	}
	f.last = stamp
	if f.fresh == filterReview {
		f.review()
	}
	return stamp
}

// step finds the place of a frame that came since after the grid's newest place.
func (f *PeriodFilter) step(at, since time.Duration) {
	// A twentieth of a period is what the grid itself may be wrong by.
	n := int((since + f.period/20) / f.period)
	doubt := f.doubt
	f.doubt = false
	switch {
	case n > 1:
		grid := f.grid + time.Duration(n)*f.period
		f.doubt = at-grid < f.period/8
		f.place(at, f.index+n, grid)
	case n == 0 && doubt:
		// Its place is taken: the frame before was counted as if one was missing,
		// but was only late. The grid waits.
		f.arrivals[len(f.arrivals)-1].index--
		f.place(at, f.index, f.grid)
	case n == 0 && since < f.period/2:
		f.place(at, f.index, f.grid) // one of a burst
	default:
		// None arrives early: if this one did, the grid was late.
		f.place(at, f.index+1, min(f.grid+f.period, at))
	}
}

// place gives the newest frame its place on the grid.
func (f *PeriodFilter) place(at time.Duration, index int, grid time.Duration) {
	f.grid, f.index = grid, index
	if len(f.arrivals) == filterMemory {
		f.arrivals = slices.Delete(f.arrivals, 0, filterReview)
	}
	f.arrivals = append(f.arrivals, arrival{at, index})
	f.fresh++
}

// review looks at the newest arrivals: whether the period is still right, and
// where the grid lies.
func (f *PeriodFilter) review() {
	window := f.arrivals[len(f.arrivals)-f.fresh:]
	counted := window.counted()
	slope := max(counted.slope(), time.Millisecond)
	ours, theirs := window.scatter(f.period), counted.scatter(slope)
	if f.period == 0 || window.skipped() && theirs <= ours || 2*theirs < ours {
		// Frames at even distances of their own explain the arrivals at least as
		// well as a grid with holes: a late frame was taken for two, or the
		// camera has another rate, and what was before tells nothing.
		copy(window, counted)
		f.index = window[len(window)-1].index
		if f.period == 0 || theirs < window.scatter(f.period)*9/10 {
			f.period = slope
			f.arrivals = append(f.arrivals[:0], window...)
		}
	}
	f.period, f.grid = f.arrivals.fit(f.index, f.period)
	f.fresh = 0
}
