package timeline

import (
	"context"
	"sort"
	"sync"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// Item is what a cursor yields: a unit and where it stands.
type Item struct {
	media.Unit
	Run media.Run
	// Jump: between this unit and the one the cursor yielded before lies a gap
	// of everything, the end of a run, or a place that the cursor was moved to.
	Jump bool
}

// Position is where the unit is shown.
func (i Item) Position() media.Position { return media.Position{Run: i.Run, Time: i.PTS()} }

// Selection says which tracks a cursor yields. Empty Kinds: all.
type Selection struct {
	Kinds []media.Kind
	Keys  bool // video key frames only
}

func (s Selection) kinds() (ks kindSet) {
	for _, k := range s.Kinds {
		ks.add(k)
	}
	if len(s.Kinds) == 0 {
		ks = ^kindSet(0)
	}
	if s.Keys {
		ks &= 1 << media.Video
	}
	return ks
}

// Cursor is one reader's position. One goroutine uses it at a time; Close may
// be called from any.
type Cursor struct {
	t     *Timeline
	kinds kindSet
	keys  bool
	p     place
	start start
	at    place     // behind the unit yielded last, or behind the key frame it was opened at
	run   media.Run // of the unit yielded last; 0: none was
	top   time.Duration
	seen  []passed // of each track of that run, the unit yielded last
	moved bool
	shape outline // of the run that known is of
	known store.Ref
	live  bool
	done  chan struct{}
	once  sync.Once
}

// start says which units near the place where a cursor was opened are not its business.
type start struct {
	run   media.Run
	video time.Duration // video below this DTS
	sound time.Duration // sound that is over by then
	key   bool          // video before the first key frame
}

func (t *Timeline) newCursor(s Selection) *Cursor {
	t.cursors.Add(1)
	return &Cursor{t: t, kinds: s.kinds(), keys: s.Keys, done: make(chan struct{})}
}

// Next yields the next unit in commit order, waiting for it at the live end. It
// returns ErrEnd, ctx's error, or an error of the store that names the block.
func (c *Cursor) Next(ctx context.Context) (Item, error) { return c.next(ctx, true) }

// NextNow is Next, but for ErrEnd at the live end: it yields what has arrived, and
// waits only while that is on its way to the disk.
func (c *Cursor) NextNow(ctx context.Context) (Item, error) { return c.next(ctx, false) }

func (c *Cursor) next(ctx context.Context, wait bool) (Item, error) {
	for {
		wake := *c.t.wake.Load() // before looking, so that nothing appended meanwhile is missed
		if c.over() {
			return Item{}, ErrEnd
		}
		u, run, p, ok, err := c.t.forward(ctx, c.p)
		c.live = p.inTail && (c.live || !ok)
		c.p = p
		switch {
		case err != nil:
			return Item{}, err
		case ok:
			if c.wants(u, run) {
				return c.yield(u, run), nil
			}
			continue
		case c.t.o.ReadOnly, !wait && p.inTail:
			return Item{}, ErrEnd
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return Item{}, ctx.Err()
		case <-c.done:
			return Item{}, ErrEnd
		case <-c.t.done:
			return Item{}, ErrEnd
		}
	}
}

// over reports whether cursor or timeline was closed.
func (c *Cursor) over() bool {
	select {
	case <-c.done:
		return true
	case <-c.t.done:
		return true
	default:
		return false
	}
}

// wants reports whether the cursor yields u.
func (c *Cursor) wants(u media.Unit, run media.Run) bool {
	tr, _ := c.t.tracks.Load().get(u.Track)
	if run == c.run && c.passed(u) {
		return false // something was deleted: it was met again
	}
	if !c.kinds.has(tr.Kind) || c.keys && !u.IsKey() {
		return false
	}
	switch tr.Kind {
	case media.Video:
		if run == c.start.run && u.DTS < c.start.video || c.start.key && !u.IsKey() {
			return false
		}
		c.start.key = false
	case media.Audio:
		if run == c.start.run && u.PTS() < c.start.sound && u.PTS()+tr.Duration(u.Payload) <= c.start.sound {
			return false
		}
	}
	return true
}

// yield makes an item of u.
func (c *Cursor) yield(u media.Unit, run media.Run) Item {
	i := Item{Unit: u, Run: run}
	i.Jump = c.moved || c.run != 0 && (c.run != run || c.p.torn || c.outline().crosses(c.top, u.DTS))
	if run != c.run {
		c.top, c.seen = u.DTS, c.seen[:0]
	}
	c.saw(u)
	c.moved, c.p.torn = false, false
	c.run, c.top, c.at = run, max(c.top, u.DTS), c.p
	return i
}

// passed reports whether the cursor has yielded u, or what comes behind it in its track.
func (c *Cursor) passed(u media.Unit) bool {
	for _, s := range c.seen {
		if s.track == u.Track {
			return u.DTS <= s.dts
		}
	}
	return false
}

// saw notes that u is yielded.
func (c *Cursor) saw(u media.Unit) {
	for i := range c.seen {
		if c.seen[i].track == u.Track {
			c.seen[i].dts = u.DTS
			return
		}
	}
	c.seen = append(c.seen, passed{track: u.Track, dts: u.DTS})
}

// crosses reports whether a hole of everything lies between two moments of the run.
func (o outline) crosses(from, to time.Duration) bool {
	hs := o.whole
	i := sort.Search(len(hs), func(i int) bool { return hs[i].middle() > from })
	return i < len(hs) && hs[i].middle() <= to
}

// outline is what is missing in the run that the cursor is in; of an earlier run
// asked for once a block.
func (c *Cursor) outline() outline {
	if c.p.inTail {
		return *c.t.shape.Load()
	}
	if c.p.ref != c.known {
		c.known, c.shape = c.p.ref, c.t.outline(c.p.ref.Run)
	}
	return c.shape
}

// outline is what is missing in a run.
func (t *Timeline) outline(run media.Run) outline {
	if run == t.run && !t.o.ReadOnly {
		return *t.shape.Load()
	}
	if r := t.past.run(run); r != nil {
		return r.outline
	}
	return outline{}
}

// Live reports whether the cursor has caught up with the live end.
func (c *Cursor) Live() bool { return c.live }

// Skipped counts blocks that this cursor passed over since they were damaged or deleted.
func (c *Cursor) Skipped() int64 { return c.p.missed }

// Close frees the cursor; a Next that waits returns ErrEnd.
func (c *Cursor) Close() {
	c.once.Do(func() {
		close(c.done)
		c.t.cursors.Add(-1)
	})
}
