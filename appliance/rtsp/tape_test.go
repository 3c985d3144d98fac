package rtsp

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// tape is a Timeline that keeps everything in memory, for tests that need to
// say exactly what is on it.
type tape struct {
	mu     sync.Mutex
	grown  chan struct{} // closed and replaced at every change
	items  []timeline.Item
	tracks []media.Track
	run    media.Run
	epoch  time.Time // wall time of media time 0 of run 1; an hour later for each next run
	ended  bool
	opened int // cursors not yet closed
}

var epoch = time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC)

func newTape(tracks ...media.Track) *tape {
	return &tape{grown: make(chan struct{}), tracks: tracks, run: 1, epoch: epoch}
}

func (t *tape) change(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
	close(t.grown)
	t.grown = make(chan struct{})
}

func (t *tape) add(units ...media.Unit) {
	t.change(func() {
		for _, u := range units {
			t.items = append(t.items, timeline.Item{Unit: u, Run: t.run})
		}
	})
}

func (t *tape) end() { t.change(func() { t.ended = true }) }

func (t *tape) Current() []media.Track {
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []media.Track
	for i, a := range t.tracks {
		if !slices.ContainsFunc(t.tracks[i+1:], func(b media.Track) bool { return a.Kind == b.Kind && a.Role == b.Role }) {
			out = append(out, a)
		}
	}
	return out
}

func (t *tape) Tracks() []media.Track {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.tracks)
}

func (t *tape) Wall(p media.Position) (time.Time, bool) {
	return t.epoch.Add(p.Time + time.Duration(p.Run-1)*time.Hour), true
}

func (t *tape) Newest() (media.Position, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.items) == 0 {
		return media.Position{}, false
	}
	i := t.items[len(t.items)-1]
	return media.Position{Run: i.Run, Time: i.DTS}, true
}

func (t *tape) kind(id uint16) media.Kind {
	for _, x := range t.tracks {
		if x.ID == id {
			return x.Kind
		}
	}
	return 0
}

func (t *tape) Live(s timeline.Selection) Cursor {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := len(t.items)
	if len(s.Kinds) == 0 || slices.Contains(s.Kinds, media.Video) {
		for i := len(t.items) - 1; i >= 0; i-- {
			if x := t.items[i]; x.IsKey() && t.kind(x.Track) == media.Video {
				at = i
				break
			}
		}
	}
	t.opened++
	return &tapeCursor{t: t, at: at, s: s, closed: make(chan struct{})}
}

// What history a tape has is that of its runs, each without a gap; tests of replay use the real timeline.

func (t *tape) Map() *timeline.Map {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := &timeline.Map{}
	for _, i := range t.items {
		n := len(m.Spans) - 1
		if n < 0 || m.Spans[n].Run != i.Run {
			m.Spans = append(m.Spans, timeline.Span{Run: i.Run, From: i.DTS, Recorded: m.Length()})
			n++
		}
		m.Spans[n].Until = i.DTS
	}
	return m
}

func (t *tape) Run() media.Run { return t.run }

func (t *tape) Oldest() (media.Position, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.items) == 0 {
		return media.Position{}, false
	}
	return t.items[0].Position(), true
}

func (t *tape) Position(wall time.Time) (media.Position, bool) {
	for _, s := range t.Map().Spans {
		from, _ := t.Wall(media.Position{Run: s.Run, Time: s.From})
		if d := wall.Sub(from); d < s.Until-s.From {
			return media.Position{Run: s.Run, Time: s.From + max(d, 0)}, true
		}
	}
	return media.Position{}, false
}

func (t *tape) Back(_, d time.Duration) media.Position {
	p, _ := t.Newest()
	return media.Position{Run: p.Run, Time: max(p.Time-d, 0)}
}

func (t *tape) At(p media.Position, s timeline.Selection) (Cursor, error) {
	c := t.Live(s).(*tapeCursor)
	t.mu.Lock()
	defer t.mu.Unlock()
	c.at = 0
	for i, x := range t.items {
		if x.IsKey() && t.kind(x.Track) == media.Video && !p.Before(x.Position()) {
			c.at = i
		}
	}
	return c, nil
}

func (c *tapeCursor) Live() bool {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	return c.at == len(c.t.items)
}

func (c *tapeCursor) PrevKey(context.Context) (timeline.Item, error) {
	return timeline.Item{}, timeline.ErrEnd
}

func (c *tapeCursor) NextNow(ctx context.Context) (timeline.Item, error) {
	if c.Live() {
		return timeline.Item{}, timeline.ErrEnd
	}
	return c.Next(ctx)
}

type tapeCursor struct {
	t      *tape
	at     int
	s      timeline.Selection
	once   sync.Once
	closed chan struct{}
}

func (c *tapeCursor) Next(ctx context.Context) (timeline.Item, error) {
	for {
		c.t.mu.Lock()
		grown := c.t.grown
		for c.at < len(c.t.items) {
			x := c.t.items[c.at]
			c.at++
			if len(c.s.Kinds) == 0 || slices.Contains(c.s.Kinds, c.t.kind(x.Track)) {
				c.t.mu.Unlock()
				return x, nil
			}
		}
		ended := c.t.ended
		c.t.mu.Unlock()
		if ended {
			return timeline.Item{}, timeline.ErrEnd
		}
		select {
		case <-grown:
		case <-c.closed:
			return timeline.Item{}, timeline.ErrEnd
		case <-ctx.Done():
			return timeline.Item{}, ctx.Err()
		}
	}
}

func (c *tapeCursor) Close() {
	c.once.Do(func() {
		close(c.closed)
		c.t.mu.Lock()
		c.t.opened--
		c.t.mu.Unlock()
	})
}

// open counts cursors that nobody closed.
func (t *tape) open() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.opened
}

// until polls for a condition; the deadline only bounds a hang.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}
