package timeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// place is a point between two units in commit order: in the tail, or in a
// block of the store. It is a value: whoever moves one keeps the old one.
type place struct {
	inTail bool
	seq    uint64 // tail: number of the next unit
	ref    store.Ref
	from   *store.Mark // where in the block blk begins; nil: at its beginning
	blk    *part       // of the block ref; nil: still to be read
	idx    int         // store: index of the next unit in blk
	last   passed      // what lies just before, if known
	torn   bool        // something was passed over since the last unit
	missed int64       // blocks passed over
}

// passed names a unit, so that it is found in the store after it left the tail.
type passed struct {
	run   media.Run
	track uint16
	dts   time.Duration
	next  bool // the place is before the unit, not behind it
}

// nothing stands for a block that cannot be read.
var nothing = &part{} //nolint:gochecknoglobals // never written

// forward yields the unit that p stands before, and the place behind it. ok is
// false at the live end; the place then may have moved all the same.
func (t *Timeline) forward(ctx context.Context, p place) (u media.Unit, run media.Run, q place, ok bool, err error) {
	for {
		if p.inTail {
			u, p, ok = t.fromTail(p)
			if ok || p.inTail {
				return u, t.run, p, ok, nil
			}
		}
		if err := ctx.Err(); err != nil {
			return u, 0, p, false, err
		}
		if p.blk == nil {
			t.load(&p)
		}
		if p.idx < len(p.blk.units) {
			u = p.blk.units[p.idx]
			p.idx++
			p.last = passed{run: p.ref.Run, track: u.Track, dts: u.DTS}
			return u, p.ref.Run, p, true, nil
		}
		if p.blk.rest != nil {
			p.from, p.blk, p.idx = p.blk.rest, nil, 0
			continue
		}
		end, err := t.advance(&p)
		if err != nil || end {
			return u, 0, p, false, err
		}
	}
}

// fromTail yields the next unit of the tail. When the place has fallen out of
// the tail, it is turned into one in the store.
func (t *Timeline) fromTail(p place) (u media.Unit, q place, ok bool) {
	t.mu.RLock()
	switch {
	case p.seq < t.tail.base:
		t.mu.RUnlock()
		return u, t.leave(p), false
	case p.seq == t.tail.end():
		t.mu.RUnlock()
		return u, p, false
	}
	u = *t.tail.unit(p.seq)
	t.mu.RUnlock()
	p.seq++
	p.last = passed{run: t.run, track: u.Track, dts: u.DTS}
	return u, p, true
}

// load reads what p stands in: the part of a block from p.from on. One that cannot be read is passed over.
func (t *Timeline) load(p *place) {
	b, err := t.cache.next(p.ref, p.from)
	t.hold(p, b, err)
}

// loadWhole reads the whole block that p stands in, for what is to be looked for in it.
func (t *Timeline) loadWhole(p *place) {
	b, err := t.cache.block(p.ref)
	p.from = nil
	t.hold(p, b, err)
}

// hold gives p what was read for it.
func (t *Timeline) hold(p *place, b *part, err error) {
	if err != nil {
		b = nothing
		p.torn = true
		p.missed++
		if !errors.Is(err, store.ErrGone) {
			t.log.Warn("a block cannot be read and is passed over", "block", name(p.ref), "err", err)
			t.spoiled(p.ref)
		}
	}
	p.blk, p.idx = b, min(p.idx, len(b.units))
}

// spoiled learns which stretch an unreadable block leaves empty.
func (t *Timeline) spoiled(ref store.Ref) {
	before, err := t.o.Store.Prev(ref)
	after, err2 := t.o.Store.Next(ref)
	if err != nil || err2 != nil || before.Run != ref.Run || after.Run != ref.Run {
		return // at the edge of a run it makes the hole between runs longer
	}
	t.past.learnNow(before, after)
}

func name(r store.Ref) string { return fmt.Sprintf("%d-%d-%d", r.Run, r.Segment, r.Block) }

// advance goes from a block that is used up to what follows it: the tail, if it
// goes on from there, else the next block. end: nothing follows yet.
func (t *Timeline) advance(p *place) (end bool, err error) {
	t.mu.RLock()
	newest := t.tail.last
	seq, ok := t.tail.behind(p.ref)
	t.mu.RUnlock()
	if ok {
		p.inTail, p.seq, p.from, p.blk = true, seq, nil, nil
		return false, nil
	}
	next, err := t.o.Store.Next(p.ref)
	if errors.Is(err, store.ErrNoBlock) {
		return t.o.ReadOnly || !t.enter(p, newest), nil
	}
	if err != nil {
		return false, fmt.Errorf("timeline: camera %s: after block %s: %w", t.o.Camera, name(p.ref), err)
	}
	t.missing(p, next)
	p.ref, p.from, p.blk, p.idx = next, nil, nil, 0
	return false, nil
}

// enter moves a place behind which the store had no block, when newest was the
// newest one, to the oldest unit in the tail. It reports whether it is worth going on.
func (t *Timeline) enter(p *place, newest store.Ref) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.tail.last != newest {
		return true // a block was committed just now
	}
	if t.tail.base > t.tail.done {
		return false // what left the tail may be on disk in a moment
	}
	p.torn = p.torn || t.tail.base > 1
	p.inTail, p.seq, p.from, p.blk = true, t.tail.base, nil, nil
	return true
}

// missing notes blocks that must have stood between p.ref and next.
func (t *Timeline) missing(p *place, next store.Ref) {
	if next.Run != p.ref.Run {
		return
	}
	lost := next.Segment == p.ref.Segment && next.Block != p.ref.Block+1 ||
		next.Segment > p.ref.Segment+1 || next.Segment > p.ref.Segment && next.Block != 1
	if !lost && next.Segment > p.ref.Segment && p.blk != nothing {
		_, err := t.o.Store.Entry(p.ref)
		lost = errors.Is(err, store.ErrGone)
	}
	if lost {
		p.torn = true
		p.missed++
		t.past.learnNow(p.ref, next)
	}
}

// leave turns a place that has fallen out of the tail into one in the store.
func (t *Timeline) leave(p place) place {
	q := place{last: p.last, torn: p.torn, missed: p.missed}
	l := p.last
	if l.run == 0 { // nothing was ever before it
		l = passed{run: t.run, next: true}
	}
	seek, err := t.o.Store.Seek(media.Position{Run: l.run, Time: l.dts})
	if err != nil {
		return t.before(q, l.run)
	}
	for r, n := seek, 0; err == nil && r.Run == l.run && n < 64; n++ {
		e, bad := t.o.Store.Entry(r)
		if bad == nil && holds(e, l) {
			q.ref = r
			t.loadWhole(&q)
			var found bool
			q.idx, found = index(q.blk, l)
			q.torn = q.torn || !found && !l.next
			return q
		}
		r, err = t.o.Store.Prev(r)
	}
	// The unit itself is not in the store: deleted since, or lost before it was written.
	q.ref = seek
	e, err := t.o.Store.Entry(seek)
	if err == nil && seek.Run == l.run && e.First <= l.dts && !l.next {
		t.loadWhole(&q)
		q.idx, _ = index(q.blk, l)
	}
	q.torn = q.torn || !l.next
	return q
}

// before is a place before everything of a run.
func (t *Timeline) before(q place, run media.Run) place {
	q.ref, q.blk = store.Ref{Run: run}, nothing
	return q
}

func holds(e store.Entry, l passed) bool {
	return slices.ContainsFunc(e.Stats, func(s store.TrackStat) bool {
		return s.Track == l.track && s.First <= l.dts && l.dts <= s.Last
	})
}

// skew is by how much tracks may be apart in commit order.
const skew = time.Second

// index is the place in b before or behind the unit l. If that is damaged or
// deleted, the first behind which a unit may stand that was not passed: who goes
// on from there meets some again that were.
func index(b *part, l passed) (i int, found bool) {
	i = len(b.units)
	for n, u := range slices.Backward(b.units) {
		switch {
		case u.Track == l.track && u.DTS == l.dts && l.next:
			return n, true
		case u.Track == l.track && u.DTS == l.dts:
			return n + 1, true
		case u.DTS > l.dts-skew:
			i = n
		}
	}
	return i, false
}
