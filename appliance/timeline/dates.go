package timeline

import (
	"cmp"
	"slices"
	"time"

	"hindsight/media"
)

// dates map the media time of one run to wall time: the anchors that count, an
// untrusted one no earlier than the end of the runs before.
type dates struct {
	anchors media.Anchors
	trusted bool
}

// dated applies the rules of dating to the anchors of a run that follows runs which end at floor.
func dated(as media.Anchors, floor time.Time) dates {
	d := dates{trusted: as.Trusted()}
	as = slices.Clone(as)
	slices.SortStableFunc(as, func(a, b media.Anchor) int { return cmp.Compare(a.Media, b.Media) })
	for _, a := range as {
		if d.trusted && !a.Trusted {
			continue
		}
		if f := floor.Add(a.Media); !a.Trusted && !floor.IsZero() && a.Wall.Before(f) {
			a.Wall = f
		}
		d.anchors = append(d.anchors, a)
	}
	return d
}

func (d dates) wall(m time.Duration) time.Time { return d.anchors.Wall(m) }

// piece is a stretch of recording over which wall time runs evenly.
type piece struct {
	run         media.Run
	from, until time.Duration
	wall        time.Time // of from
}

func (p piece) wallUntil() time.Time { return p.wall.Add(p.until - p.from) }

// pieces cuts from..until where an anchor changes the wall time.
func (d dates) pieces(run media.Run, from, until time.Duration) []piece {
	cuts := []time.Duration{from}
	if len(d.anchors) > 0 {
		for _, a := range d.anchors[1:] { // the first one also dates what lies before it
			if a.Media > from && a.Media < until {
				cuts = append(cuts, a.Media)
			}
		}
	}
	cuts = append(slices.Compact(cuts), until)
	var out []piece
	for i := 0; i+1 < len(cuts); i++ {
		out = append(out, piece{run, cuts[i], cuts[i+1], d.wall(cuts[i])})
	}
	return out
}
