package subtitle

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"hindsight/appliance/timeline"
)

const (
	// seam is by how much captions of two models may overlap without being of the
	// same sound: where one model takes over from another, word times are not exact.
	seam = 300 * time.Millisecond
	// heldMost is how many captions are held back at most, to be compared with those after them.
	heldMost = 4096
)

// Shown are the captions to be shown of cs, by start. Where captions of the same
// track and language overlap, by several models, a person's is shown, else the
// one that was made last; what that one hides hides nothing itself.
func Shown(cs []timeline.Caption) []timeline.Caption {
	cs = slices.Clone(cs)
	slices.SortStableFunc(cs, func(a, b timeline.Caption) int {
		return cmp.Or(cmp.Compare(a.Run, b.Run), cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID))
	})
	return slices.Collect(ShownOf(slices.Values(cs)))
}

// ShownOf is Shown for captions that come by start, as many as there may be: it
// keeps no more of them than follow one another without a pause.
func ShownOf(cs iter.Seq[timeline.Caption]) iter.Seq[timeline.Caption] {
	return func(yield func(timeline.Caption) bool) {
		var held []timeline.Caption
		var until time.Duration // of the last of held to end
		for c := range cs {
			if n := len(held); n > 0 && (c.Run != held[0].Run || c.Start >= until || n == heldMost) {
				for _, x := range best(held) {
					if !yield(x) {
						return
					}
				}
				held, until = held[:0], 0
			}
			held, until = append(held, c), max(until, c.End)
		}
		for _, x := range best(held) {
			if !yield(x) {
				return
			}
		}
	}
}

// best leaves out those of cs that a better one hides; it may change cs.
func best(cs []timeline.Caption) []timeline.Caption {
	if len(cs) < 2 {
		return cs
	}
	order := make([]int, len(cs))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, k int) int {
		a, b := cs[i], cs[k]
		if a.ByHand() != b.ByHand() {
			if a.ByHand() {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.ID, a.ID)
	})
	var stay []int
	for _, i := range order {
		if !slices.ContainsFunc(stay, func(k int) bool { return sameSound(cs[i], cs[k]) }) {
			stay = append(stay, i)
		}
	}
	slices.Sort(stay)
	for n, i := range stay {
		cs[n] = cs[i]
	}
	return cs[:len(stay)]
}

// sameSound reports whether two models made a and b of the same sound.
func sameSound(a, b timeline.Caption) bool {
	if a.Run != b.Run || a.Track != b.Track || a.Language != b.Language || a.Model == b.Model {
		return false
	}
	both := min(a.End, b.End) - max(a.Start, b.Start)
	return both > seam || both > 0 && 2*both > min(a.End-a.Start, b.End-b.Start)
}
