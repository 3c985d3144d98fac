package export

import (
	"sort"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// stretch is recording without a gap inside the range that a file shows.
type stretch struct {
	run         media.Run
	from, until time.Duration  // media time
	since       time.Duration  // media time at which the recording that from lies in begins
	at          time.Duration  // file time of from: the lengths of the stretches before it
	hole        *timeline.Hole // what is missing before it; nil for the first one
}

// stretches are the recording inside a range, in order.
type stretches []stretch

// cut takes what lies between from and to out of the map. The result is empty
// if nothing does. open: it ends with the last thing recorded, whose length only
// its units tell; the last stretch then reaches a little beyond.
func cut(m *timeline.Map, from, to media.Position) (out stretches, open bool) {
	var at time.Duration
	for i, s := range m.Spans {
		newest := i == len(m.Spans)-1
		if s.Run < from.Run || s.Run > to.Run || s.Run == from.Run && s.Until <= from.Time {
			continue
		}
		a, b := s.From, s.Until
		if newest {
			b += skew
		}
		if s.Run == from.Run {
			a = max(a, from.Time)
		}
		if s.Run == to.Run {
			b = min(b, to.Time)
		}
		if a >= b {
			continue
		}
		p := stretch{run: s.Run, from: a, until: b, since: s.From, at: at}
		if len(out) > 0 {
			p.hole = holeBefore(m.Holes, out[len(out)-1].end(), p.start())
		}
		out = append(out, p)
		at += b - a
		open = newest && b > s.Until
	}
	return out, open
}

// holeBefore is the hole of everything between two stretches. Neighbours that
// no hole separates (a run that follows another at once) get one without a reason.
func holeBefore(holes []timeline.Hole, end, start media.Position) *timeline.Hole {
	for i, h := range holes {
		if h.Kind == 0 && !h.From.Before(end) && !start.Before(h.From) {
			return &holes[i]
		}
	}
	return &timeline.Hole{From: end, Until: start}
}

func (p stretch) start() media.Position { return media.Position{Run: p.run, Time: p.from} }
func (p stretch) end() media.Position   { return media.Position{Run: p.run, Time: p.until} }

// time is the file time of media time t of the stretch's run; negative before
// the beginning of the file.
func (p stretch) time(t time.Duration) time.Duration { return p.at + t - p.from }

// length is the file time of the end.
func (s stretches) length() time.Duration {
	if len(s) == 0 {
		return 0
	}
	last := s[len(s)-1]
	return last.time(last.until)
}

// find is the index of the stretch that a unit at p belongs to: the last one
// that begins at or before it, the first one for what leads into it; -1 for another run.
func (s stretches) find(p media.Position) int {
	i := sort.Search(len(s), func(i int) bool { return p.Before(s[i].start()) }) - 1
	if i < 0 && len(s) > 0 && s[0].run == p.Run {
		return 0
	}
	if i >= 0 && s[i].run != p.Run {
		return -1
	}
	return i
}
