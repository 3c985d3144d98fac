package rtsp

import (
	"sort"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// axis is recorded time from a moment on: time without the gaps. What was
// recorded when it was made keeps its numbers for ever; what comes is looked up.
type axis struct {
	line   Timeline
	spans  []stretch
	origin time.Duration // recorded time of spans at npt 0
	end    media.Position
}

// stretch is a span with recording.
type stretch struct {
	run         media.Run
	from, until time.Duration
	recorded    time.Duration // at from
}

// newAxis freezes the recorded time from a moment on, or, with ok false, from the live end on.
func newAxis(line Timeline, m *timeline.Map, origin media.Position, ok bool) *axis {
	a := &axis{line: line}
	for _, s := range m.Spans {
		a.spans = append(a.spans, stretch{s.Run, s.From, s.Until, s.Recorded})
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

// length is the recorded time there was from npt 0 on.
func (a *axis) length() time.Duration { return a.recorded(a.end) }

// recorded is the npt of a position; in a gap that of the next span.
func (a *axis) recorded(p media.Position) time.Duration {
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

// at is the position of an npt. ok is false when it lies behind all that is recorded.
func (a *axis) at(npt time.Duration) (p media.Position, ok bool) {
	want := max(npt, 0) + a.origin
	i := sort.Search(len(a.spans), func(i int) bool { return a.spans[i].recorded > want }) - 1
	if i >= 0 {
		if s := a.spans[i]; want < s.recorded+s.until-s.from {
			return media.Position{Run: s.run, Time: s.from + want - s.recorded}, true
		}
	}
	m := a.line.Map() // it may have been recorded since
	beyond := max(npt, 0) - a.length()
	if len(m.Spans) == 0 || beyond < 0 {
		return media.Position{}, false
	}
	want = m.Recorded(a.end) + beyond
	return m.At(want), want < m.Length()
}

// parted reports whether a gap lies between two moments of the frozen spans.
func (a *axis) parted(p, q media.Position) bool { return a.span(p) != a.span(q) }

// span is the index of the first span that ends behind p.
func (a *axis) span(p media.Position) int {
	return sort.Search(len(a.spans), func(i int) bool {
		return p.Before(media.Position{Run: a.spans[i].run, Time: a.spans[i].until})
	})
}

// tracksAt are the main tracks that a moment has: of each kind the one of which
// there is something at it, or the next there will be in its run. Of a moment that is
// not on disk yet they are the current ones.
func tracksAt(line Timeline, m *timeline.Map, p media.Position) []media.Track {
	all := line.Tracks()
	best := map[media.Kind]media.Track{}
	for _, r := range m.Runs {
		if r.Run != p.Run {
			continue
		}
		ends := map[media.Kind]time.Duration{}
		for _, s := range r.Stats { // in the order of their making
			t, ok := trackOf(all, s.Track)
			if !ok || t.Role != media.Main || s.Units == 0 {
				continue
			}
			if _, has := best[t.Kind]; !has || ends[t.Kind] < p.Time-skew {
				best[t.Kind], ends[t.Kind] = t, s.Last
			}
		}
	}
	for _, t := range mainTracks(line.Current()) {
		if _, has := best[t.Kind]; !has && (len(best) == 0 || p.Run == line.Run()) {
			best[t.Kind] = t
		}
	}
	out := make([]media.Track, 0, len(best))
	for _, t := range best {
		out = append(out, t)
	}
	return mainTracks(out)
}

// skew is how far apart the tracks of a camera may be in commit order.
const skew = time.Second

func trackOf(all []media.Track, id uint16) (media.Track, bool) {
	for _, t := range all {
		if t.ID == id {
			return t, true
		}
	}
	return media.Track{}, false
}
