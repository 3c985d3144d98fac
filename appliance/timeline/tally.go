package timeline

import (
	"sort"
	"time"

	"hindsight/media"
)

// TallyCaptions counts the captions that begin from one wall time to another,
// as Wall maps them, in bins of the same length; at a time that exists twice
// those of both count. bins is at least 1; from is before until, and by less
// than 100 years. When some cannot be read it counts the others, with an error that wraps store.ErrDamaged.
func (t *Timeline) TallyCaptions(from, until time.Time, bins int) ([]int, error) {
	counts := make([]int, bins)
	known := map[media.Run][]piece{}
	err := t.o.Store.CaptionStarts(func(run media.Run, starts []time.Duration) {
		pieces, ok := known[run]
		if !ok {
			if d := t.datesOf(run); len(d.anchors) > 0 {
				pieces = d.pieces(run, 0, forever)
			}
			known[run] = pieces
		}
		for _, x := range pieces {
			begin := x.wall.Add(-x.from) // of the run, as this piece dates it
			low, high := from.Sub(begin), until.Sub(begin)
			tally(counts, starts, max(low, x.from), min(high, x.until), low, high-low)
		}
	})
	return counts, t.captionError(err)
}

// tally counts the starts from low to high in bins that begin at zero and are long together.
func tally(counts []int, starts []time.Duration, low, high, zero, long time.Duration) {
	if low >= high {
		return
	}
	at := func(d time.Duration) int {
		return sort.Search(len(starts), func(i int) bool { return starts[i] >= d })
	}
	for i, end := at(low), at(high); i < end; i++ {
		share := float64(starts[i]-zero) / float64(long)
		counts[min(max(int(share*float64(len(counts))), 0), len(counts)-1)]++
	}
}

// datesOf maps the media time of a run, of which perhaps only captions are kept.
func (t *Timeline) datesOf(run media.Run) dates {
	if d := t.dates.Load(); d != nil && run == t.run {
		return *d
	}
	if r := t.past.run(run); r != nil {
		return r.dates
	}
	return dated(t.o.Store.Anchors(run), time.Time{})
}
