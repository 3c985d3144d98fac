package timeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"hindsight/media"
	"hindsight/store"
)

// NextKey and PrevKey move to the next and the previous video key frame and yield it.
// ErrEnd: there is none on that side (NextKey does not wait), and the cursor has not moved.
//
// They count from the unit yielded last; before the first, from the key frame
// at which the cursor was opened.
func (c *Cursor) NextKey(ctx context.Context) (Item, error) {
	p := c.at
	for {
		if c.over() {
			return Item{}, ErrEnd
		}
		u, run, q, ok, err := c.t.forward(ctx, p)
		if err != nil {
			return Item{}, err
		}
		if !ok {
			return Item{}, ErrEnd
		}
		if u.IsKey() && c.t.kind(u.Track) == media.Video {
			return c.moveTo(u, run, q), nil
		}
		p = q
	}
}

// PrevKey: see NextKey.
func (c *Cursor) PrevKey(ctx context.Context) (Item, error) {
	if c.over() {
		return Item{}, ErrEnd
	}
	p := c.at
	if p.inTail {
		u, q, ok := c.t.keyBeforeInTail(p)
		if ok {
			return c.moveTo(u, c.t.run, q), nil
		}
		p = q
	} else {
		switch {
		case p.blk == nil:
			c.t.loadWhole(&p)
		case p.from != nil: // what is before p is not at hand
			c.t.loadWhole(&p)
			var found bool
			if p.idx, found = index(p.blk, p.last); !found {
				p.idx = 1 + slices.IndexFunc(append(slices.Clip(p.blk.units), media.Unit{DTS: math.MaxInt64}), func(u media.Unit) bool { return u.DTS >= p.last.dts })
			}
		}
		p.idx-- // the unit yielded last does not count
	}
	u, q, err := c.t.keyBack(ctx, p)
	if err != nil {
		return Item{}, err
	}
	return c.moveTo(u, q.ref.Run, q), nil
}

// moveTo puts the cursor behind the key frame u and yields it.
func (c *Cursor) moveTo(u media.Unit, run media.Run, behind place) Item {
	behind.missed = max(behind.missed, c.p.missed)
	c.p = behind
	c.start = start{run: run, video: u.DTS, sound: u.PTS()}
	c.moved, c.live = true, false
	c.run, c.top = run, u.DTS
	c.seen = c.seen[:0]
	return c.yield(u, run)
}

// keyBeforeInTail looks in the tail for the last video key frame before the
// unit that p stands behind. If the tail has none, the place to go on from in the store.
func (t *Timeline) keyBeforeInTail(p place) (u media.Unit, q place, ok bool) {
	t.mu.RLock()
	base := t.tail.base
	if p.seq > base {
		for n := p.seq - 2; n >= base && n > 0; n-- {
			if u := *t.tail.unit(n); u.IsKey() && t.kind(u.Track) == media.Video {
				q = place{inTail: true, seq: n + 1, last: passed{run: t.run, track: u.Track, dts: u.DTS}}
				t.mu.RUnlock()
				return u, q, true
			}
		}
		p = t.tailPlace(base) // before everything that was looked at
	} else {
		p.last.next = true // the unit yielded last does not count
	}
	t.mu.RUnlock()
	if base == 1 {
		return u, t.before(place{}, t.run), false
	}
	q = t.leave(p)
	if q.blk == nothing {
		q.blk = nil
		t.loadWhole(&q)
		q.idx = len(q.blk.units)
	} else if q.blk == nil {
		t.loadWhole(&q)
	}
	return u, q, false
}

// keyBack finds the last video key frame before p, which is in the store, and the place behind it.
func (t *Timeline) keyBack(ctx context.Context, p place) (u media.Unit, q place, err error) {
	for {
		if i := t.lastKeyIn(p.blk, p.idx, math.MaxInt64); i >= 0 {
			u = p.blk.units[i]
			p.idx = i + 1
			p.last = passed{run: p.ref.Run, track: u.Track, dts: u.DTS}
			return u, p, nil
		}
		if err := ctx.Err(); err != nil {
			return u, p, err
		}
		ref, err := t.o.Store.Prev(p.ref)
		if errors.Is(err, store.ErrNoBlock) {
			return u, p, ErrEnd
		}
		if err != nil {
			return u, p, fmt.Errorf("timeline: camera %s: before block %s: %w", t.o.Camera, name(p.ref), err)
		}
		p.ref, p.from, p.blk, p.idx = ref, nil, nothing, 0
		if e, err := t.o.Store.Entry(ref); err == nil && !t.hasVideo(e) {
			continue
		}
		p.blk = nil
		t.loadWhole(&p)
		p.idx = len(p.blk.units)
	}
}

// lastKey is the newest key frame of a track that is kept.
func (t *Timeline) lastKey(tr media.Track) (u media.Unit, ok bool) {
	if tr.Kind != media.Video {
		return u, false
	}
	u, _, err := t.keyBack(context.Background(), t.before(place{}, math.MaxUint32))
	return u, err == nil && u.Track == tr.ID
}
