package timeline

import (
	"cmp"
	"slices"
	"time"

	"hindsight/media"
)

// kindSet is a set of kinds.
type kindSet uint8

func (s *kindSet) add(k media.Kind)     { *s |= 1 << k }
func (s kindSet) has(k media.Kind) bool { return s&(1<<k) != 0 }

// hole is a stretch of one run in which a kind, or everything, is missing.
type hole struct {
	kind        media.Kind // 0: everything
	from, until time.Duration
	reason      media.Reason
	detail      string
}

// middle is where a reader passes from one side of the hole to the other.
func (h hole) middle() time.Duration { return h.from + (h.until-h.from)/2 }

// holesOf turns gaps, which may overlap, into holes: where every kind that the
// run has is missing, one hole of everything, else one of each kind. They are
// in order of from, and those of everything do not overlap.
func holesOf(gaps []media.Gap, have kindSet) []hole {
	var out []hole
	last := map[media.Kind]int{} // hole that may go on, by kind
	for _, s := range stretches(gaps) {
		for k, g := range s.missing(have) {
			if g == nil {
				continue
			}
			kind := media.Kind(k)
			if i, ok := last[kind]; ok && out[i].until == s.from && out[i].reason == g.Reason && out[i].detail == g.Detail {
				out[i].until = s.until
				continue
			}
			last[kind] = len(out)
			out = append(out, hole{kind, s.from, s.until, g.Reason, g.Detail})
		}
	}
	return out
}

// outline is the holes of one run.
type outline struct {
	all   []hole // of every kind
	whole []hole // those of everything
}

func outlineOf(gaps []media.Gap, have kindSet) outline {
	o := outline{all: holesOf(gaps, have)}
	o.whole = slices.DeleteFunc(slices.Clone(o.all), func(h hole) bool { return h.kind != 0 })
	return o
}

// stretch is a time during which the same gaps last.
type stretch struct {
	from, until time.Duration
	gaps        []*media.Gap
}

// stretches cuts the time that gaps cover where any of them begins or ends.
func stretches(gaps []media.Gap) []stretch {
	var cuts []time.Duration
	for _, g := range gaps {
		cuts = append(cuts, g.From, until(g))
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	order := make([]*media.Gap, len(gaps))
	for i := range gaps {
		order[i] = &gaps[i]
	}
	slices.SortStableFunc(order, func(a, b *media.Gap) int { return cmp.Compare(a.From, b.From) })
	var out []stretch
	var now []*media.Gap
	for i := 0; i+1 < len(cuts); i++ {
		now = slices.DeleteFunc(slices.Clone(now), func(g *media.Gap) bool { return until(*g) <= cuts[i] })
		for len(order) > 0 && order[0].From <= cuts[i] {
			now, order = append(now, order[0]), order[1:]
		}
		if len(now) > 0 {
			out = append(out, stretch{cuts[i], cuts[i+1], now})
		}
	}
	return out
}

func until(g media.Gap) time.Duration {
	if g.Until == 0 {
		return forever
	}
	return g.Until
}

// missing is the gap that tells why, for everything (0) or for each kind: of
// several the one begun last. When all kinds are missing the picture's reason counts.
func (s stretch) missing(have kindSet) (why [3]*media.Gap) {
	lacking := have
	for _, g := range s.gaps {
		if int(g.Kind) < len(why) {
			why[g.Kind] = g
			lacking &^= 1 << g.Kind
		}
	}
	if why[0] == nil && lacking == 0 { // also when nothing has come at all
		if why[0] = why[media.Video]; why[0] == nil || have != 0 && !have.has(media.Video) {
			why[0] = cmp.Or(why[media.Audio], why[0])
		}
	}
	if why[0] != nil {
		return [3]*media.Gap{why[0]}
	}
	return why
}
