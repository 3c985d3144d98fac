package depacket

import "slices"

const maxReorder = 16 // frames; H.264 allows no more (MaxDpbFrames, table A-1 of ITU-T H.264)

// Order finds decoding times for pictures that come in decoding order with
// their presentation times. With at most depth pictures shown later than one that
// is decoded after them, the decoding times are the same set of times in rising
// order, depth pictures earlier. This uses the times alone, so a lost picture
// disturbs nothing behind it.
type Order struct {
	depth   int
	period  int64   // a usual distance of pictures, for the first depth of them
	waiting []int64 // presentation times not given out yet as decoding times, rising
	recent  []int64 // the last presentation times, to find the depth
	last    int64
	begun   bool
}

// Push takes the presentation time of the next picture in decoding order and
// returns its decoding time: rising, and not after it once depth is known.
func (r *Order) Push(pts int64) (dts int64) {
	r.learn(pts)
	i := len(r.waiting)
	for i > 0 && r.waiting[i-1] > pts {
		i--
	}
	r.waiting = append(r.waiting[:i], append([]int64{pts}, r.waiting[i:]...)...)
	if missing := r.depth + 1 - len(r.waiting); missing > 0 {
		dts = r.waiting[0] - int64(missing)*r.period
	} else {
		dts = r.waiting[0]
		r.waiting = append(r.waiting[:0], r.waiting[1:]...)
	}
	if r.begun && dts <= r.last {
		dts = r.last + 1
	}
	r.last, r.begun = dts, true
	return dts
}

// learn makes depth the number of pictures seen so far that come before one that
// is to be shown earlier.
func (r *Order) learn(pts int64) {
	later := 0
	for _, p := range r.recent {
		if p > pts {
			later++
		}
	}
	r.depth = min(max(r.depth, later), maxReorder)
	if len(r.recent) == maxReorder {
		r.recent = append(r.recent[:0], r.recent[1:]...)
	}
	r.recent = append(r.recent, pts)
}

// Study learns from the presentation times of pictures that wait for their turn,
// before any is pushed; declared is the depth that the stream itself states.
func (r *Order) Study(pts []int64, declared int) {
	for _, p := range pts {
		r.learn(p)
	}
	r.depth = max(r.depth, declared)
	shown := slices.Sorted(slices.Values(pts))
	for i := 1; i < len(shown); i++ {
		if d := shown[i] - shown[i-1]; d > 0 && (r.period == 0 || d < r.period) {
			r.period = d
		}
	}
	r.recent = r.recent[:0]
}

// Restart forgets all but the depth: the times that follow have nothing to do
// with those before.
func (r *Order) Restart() {
	r.waiting, r.recent, r.begun = r.waiting[:0], r.recent[:0], false
}
