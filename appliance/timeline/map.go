package timeline

import (
	"slices"
	"sort"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// Span is a stretch of one run with recording.
type Span struct {
	Run         media.Run
	From, Until time.Duration // media time
	Recorded    time.Duration // recorded time at From: the lengths of the spans before it
	Wall        time.Time     // wall time of From
	Trusted     bool
}

// Hole is a stretch without recording, inside a run or between two.
type Hole struct {
	Kind        media.Kind     // what is missing; 0: everything
	From, Until media.Position // Until is the zero Position while it lasts
	WallFrom    time.Time
	WallUntil   time.Time // zero while it lasts
	Reason      media.Reason
	Detail      string
}

// Map is the timeline's shape, frozen: it does not change when the timeline grows.
type Map struct {
	Spans []Span          // in run order; a stretch in which one kind is missing is still a span
	Holes []Hole          // in order of From
	Runs  []store.RunInfo // Stats, Segments and FileBytes are of what is on disk
}

// Map freezes spans, gaps and recorded time as they are now.
func (t *Timeline) Map() *Map {
	t.past.stale()
	m := &Map{}
	var before *runFacts
	for _, r := range t.view() {
		if r.empty() && len(r.all) == 0 {
			continue
		}
		if before != nil {
			m.Holes = append(m.Holes, between(before, r))
		}
		m.addRun(r)
		before = r
	}
	if before != nil && before.info.End != "" {
		m.Holes = append(m.Holes, between(before, nil))
	}
	slices.SortStableFunc(m.Holes, func(a, b Hole) int {
		switch {
		case a.From.Before(b.From):
			return -1
		case b.From.Before(a.From):
			return 1
		}
		return 0
	})
	return m
}

// addRun adds the spans of a run and the holes inside it.
func (m *Map) addRun(r *runFacts) {
	m.Runs = append(m.Runs, r.info)
	for _, s := range r.spans() {
		m.Spans = append(m.Spans, Span{
			Run: r.info.Run, From: s.from, Until: s.until, Recorded: m.Length(),
			Wall: r.dates.wall(s.from), Trusted: r.dates.trusted,
		})
	}
	for _, h := range r.all {
		x := Hole{
			Kind: h.kind, From: media.Position{Run: r.info.Run, Time: h.from}, WallFrom: r.dates.wall(h.from),
			Reason: h.reason, Detail: h.detail,
		}
		if until := min(h.until, r.stop); until < forever {
			x.Until, x.WallUntil = media.Position{Run: r.info.Run, Time: until}, r.dates.wall(until)
			if until <= h.from {
				continue
			}
		}
		m.Holes = append(m.Holes, x)
	}
}

// between is the hole from the end of run a to the beginning of run b; nil: none has begun yet.
func between(a, b *runFacts) Hole {
	h := Hole{From: media.Position{Run: a.info.Run, Time: a.over()}, Reason: a.info.End}
	if h.Reason == "" { // the run before did not say, and it is not the last one
		h.Reason = media.Crash
	}
	h.WallFrom = a.dates.wall(h.From.Time)
	if b != nil {
		h.Until = media.Position{Run: b.info.Run, Time: b.begin()}
		h.WallUntil = b.dates.wall(h.Until.Time)
	}
	return h
}

// over is where the hole behind the run begins: at the end of its last unit, or
// of the gap of everything in which it ended.
func (r *runFacts) over() time.Duration {
	for _, h := range r.whole {
		if h.from <= r.end && h.until >= r.stop {
			return r.stop
		}
	}
	return r.end
}

// begin is where the hole before the run ends: at its first unit, or at the
// gap of everything in which it began.
func (r *runFacts) begin() time.Duration {
	if len(r.whole) > 0 && (r.empty() || r.whole[0].from < r.info.First) {
		return r.whole[0].from
	}
	return max(r.info.First, 0)
}

// Recorded is the recorded time of a position: in a gap, that of the next span's start.
func (m *Map) Recorded(p media.Position) time.Duration {
	i := sort.Search(len(m.Spans), func(i int) bool {
		s := m.Spans[i]
		return p.Before(media.Position{Run: s.Run, Time: s.Until})
	})
	if i == len(m.Spans) {
		return m.Length()
	}
	s := m.Spans[i]
	if p.Run != s.Run || p.Time < s.From {
		return s.Recorded
	}
	return s.Recorded + p.Time - s.From
}

// At is the position of a recorded time, bounded by the first and last span.
func (m *Map) At(recorded time.Duration) media.Position {
	if len(m.Spans) == 0 {
		return media.Position{}
	}
	i := sort.Search(len(m.Spans), func(i int) bool { return m.Spans[i].Recorded > recorded })
	s := m.Spans[max(i-1, 0)]
	return media.Position{Run: s.Run, Time: s.From + min(max(recorded-s.Recorded, 0), s.Until-s.From)}
}

// Length is the recorded time of everything.
func (m *Map) Length() time.Duration {
	if len(m.Spans) == 0 {
		return 0
	}
	s := m.Spans[len(m.Spans)-1]
	return s.Recorded + s.Until - s.From
}
