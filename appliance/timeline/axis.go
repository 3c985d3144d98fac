package timeline

import (
	"sort"
	"time"

	"hindsight/media"
)

// Axis is recorded time from an origin on: time without the gaps. What was
// recorded when it was made keeps its numbers for ever; what comes is looked up.
// It may be used by several goroutines.
type Axis struct {
	line   interface{ Map() *Map }
	spans  []drawn
	origin time.Duration // recorded time of spans at 0
	end    media.Position
}

// drawn is a span with recording, as it was when the axis was made.
type drawn struct {
	run         media.Run
	from, until time.Duration
	recorded    time.Duration // at from
}

// NewAxis freezes the recorded time from a moment on, or, with ok false, from the live end on, as
// m, the line's map, has it.
func NewAxis(line interface{ Map() *Map }, m *Map, origin media.Position, ok bool) *Axis {
	a := &Axis{line: line}
	for _, s := range m.Spans {
		a.spans = append(a.spans, drawn{s.Run, s.From, s.Until, s.Recorded})
	}
	if n := len(a.spans); n > 0 {
		a.end = media.Position{Run: a.spans[n-1].run, Time: a.spans[n-1].until}
	}
	a.origin = m.Length()
	if ok {
		a.origin = m.Recorded(origin)
	}
	return a
}

// End is where the recording ended when the axis was made; the zero Position if there was none.
func (a *Axis) End() media.Position { return a.end }

// Length is the recorded time there was from the origin on when the axis was made.
func (a *Axis) Length() time.Duration { return a.Recorded(a.end) }

// Recorded is the recorded time of a position; in a gap that of the next span.
func (a *Axis) Recorded(p media.Position) time.Duration {
	i := a.span(p)
	if i < len(a.spans) {
		s := a.spans[i]
		if p.Run != s.run {
			return s.recorded - a.origin
		}
		return s.recorded + max(p.Time-s.from, 0) - a.origin
	}
	known := -a.origin
	if n := len(a.spans); n > 0 {
		s := a.spans[n-1]
		known += s.recorded + s.until - s.from
	}
	if !a.end.Before(p) {
		return known
	}
	m := a.line.Map()
	return known + max(m.Recorded(p)-m.Recorded(a.end), 0)
}

// Offset is what media time of the stretch that a position lies in is to be added
// to, to be recorded time; in a gap that of the next stretch, behind all that is recorded
// that of what comes next.
func (a *Axis) Offset(p media.Position) time.Duration {
	if i := a.span(p); i < len(a.spans) {
		s := a.spans[i]
		return s.recorded - s.from - a.origin
	}
	m := a.line.Map()
	known := a.Length() - m.Recorded(a.end)
	for _, s := range m.Spans {
		if p.Before(media.Position{Run: s.Run, Time: s.Until}) {
			return known + s.Recorded - s.From
		}
	}
	return known + m.Length() - p.Time
}

// At is the position of a recorded time. ok is false when it lies behind all that is recorded.
func (a *Axis) At(recorded time.Duration) (p media.Position, ok bool) {
	want := max(recorded, 0) + a.origin
	i := sort.Search(len(a.spans), func(i int) bool { return a.spans[i].recorded > want }) - 1
	if i >= 0 {
		if s := a.spans[i]; want < s.recorded+s.until-s.from {
			return media.Position{Run: s.run, Time: s.from + want - s.recorded}, true
		}
	}
	m := a.line.Map() // it may have been recorded since
	beyond := max(recorded, 0) - a.Length()
	if len(m.Spans) == 0 || beyond < 0 {
		return media.Position{}, false
	}
	want = m.Recorded(a.end) + beyond
	return m.At(want), want < m.Length()
}

// Parted reports whether a gap lies between two moments of the frozen spans.
func (a *Axis) Parted(p, q media.Position) bool { return a.span(p) != a.span(q) }

// span is the index of the first span that ends behind p.
func (a *Axis) span(p media.Position) int {
	return sort.Search(len(a.spans), func(i int) bool {
		return p.Before(media.Position{Run: a.spans[i].run, Time: a.spans[i].until})
	})
}
