package export

import (
	"context"
	"sort"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// fake is a timeline in memory whose units and shape a test sets. Each run
// begins at wall time epoch plus a day a run.
type fake struct {
	tracks []media.Track
	items  []timeline.Item // in commit order
	shape  timeline.Map
	live   bool // at the end cursors wait for ever
	opened int
	open   func(n int, items []timeline.Item) []timeline.Item // what the nth cursor sees
}

var epoch = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// put adds the units of streams to a run, from their own time 0 at media time
// base, of what lies in [from, until).
func (f *fake) put(run media.Run, base, from, until time.Duration, streams ...coded) {
	first := len(f.items)
	for _, c := range streams {
		known := false
		for _, t := range f.tracks {
			known = known || t.ID == c.track.ID
		}
		if !known {
			f.tracks = append(f.tracks, c.track)
		}
		for _, u := range c.units {
			u.Track, u.DTS = c.track.ID, u.DTS+base
			if u.DTS >= from && u.DTS < until {
				f.items = append(f.items, timeline.Item{Unit: u, Run: run})
			}
		}
	}
	added := f.items[first:]
	sort.SliceStable(added, func(i, j int) bool { return added[i].DTS < added[j].DTS })
}

// span adds a span, and a hole of everything since the one before.
func (f *fake) span(run media.Run, from, until time.Duration, why media.Reason) {
	if n := len(f.shape.Spans); n > 0 {
		p := f.shape.Spans[n-1]
		h := timeline.Hole{From: media.Position{Run: p.Run, Time: p.Until}, Until: media.Position{Run: run, Time: from}, Reason: why}
		h.WallFrom, _ = f.Wall(h.From)
		h.WallUntil, _ = f.Wall(h.Until)
		f.shape.Holes = append(f.shape.Holes, h)
	}
	f.shape.Spans = append(f.shape.Spans, timeline.Span{Run: run, From: from, Until: until})
}

func (f *fake) Tracks() []media.Track { return f.tracks }
func (f *fake) Map() *timeline.Map    { m := f.shape; return &m }

func (f *fake) Wall(p media.Position) (time.Time, bool) {
	return epoch.Add(time.Duration(p.Run-1) * 24 * time.Hour).Add(p.Time), true
}

func (f *fake) Position(wall time.Time) (media.Position, bool) {
	for _, s := range f.shape.Spans {
		start, _ := f.Wall(media.Position{Run: s.Run})
		if m := wall.Sub(start); m < s.Until {
			return media.Position{Run: s.Run, Time: max(m, s.From)}, true
		}
	}
	return media.Position{}, false
}

func (f *fake) Open(p media.Position) (Cursor, error) {
	items := f.items
	if f.opened++; f.open != nil {
		items = f.open(f.opened, items)
	}
	kinds := map[uint16]media.Kind{}
	for _, t := range f.tracks {
		kinds[t.ID] = t.Kind
	}
	key := p
	for _, it := range items {
		at := media.Position{Run: it.Run, Time: it.DTS}
		if kinds[it.Track] == media.Video && it.IsKey() && !p.Before(at) {
			key = at
		}
	}
	var out []timeline.Item
	for _, it := range items {
		lead := time.Duration(0)
		if kinds[it.Track] == media.Audio {
			lead = 20 * time.Millisecond
		}
		if !(media.Position{Run: it.Run, Time: it.DTS + lead}).Before(key) {
			out = append(out, it)
		}
	}
	return &fakeCursor{items: out, live: f.live}, nil
}

type fakeCursor struct {
	items []timeline.Item
	live  bool
	ended bool
}

// Live: like the real one it knows only once it has waited.
func (c *fakeCursor) Live() bool { return c.live && c.ended }
func (c *fakeCursor) Close()     {}

func (c *fakeCursor) Next(ctx context.Context) (timeline.Item, error) {
	if len(c.items) > 0 {
		it := c.items[0]
		c.items = c.items[1:]
		return it, nil
	}
	if !c.live {
		return timeline.Item{}, timeline.ErrEnd
	}
	c.ended = true
	<-ctx.Done()
	return timeline.Item{}, ctx.Err()
}
