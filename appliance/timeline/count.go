package timeline

import (
	"context"
	"errors"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// apart is how far the tracks of a block may lie apart at most, with room to
// spare: one of a second is the rule, see media.Block.
const apart = 2 * time.Second

// TrackStat is what a range holds of one track, for who does not know the store.
type TrackStat = store.TrackStat

// Count is what is recorded of each track with a DTS in [from, to), on disk or
// not yet, by track. It reads a header for each second of the range, and whole
// blocks only at its edges. Damaged counts what was found to be so at the edges.
func (t *Timeline) Count(ctx context.Context, from, to media.Position) (map[uint16]store.TrackStat, error) {
	c := counting{from: from, to: to, stats: map[uint16]store.TrackStat{}}
	last := t.countTail(&c) // first, so that what is committed meanwhile is not counted twice
	early := from
	early.Time -= apart
	ref, err := t.o.Store.Seek(early)
	for ; err == nil && !after(ref, last); ref, err = t.o.Store.Next(ref) {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		e, err := t.o.Store.Entry(ref)
		if err != nil {
			continue // damaged, or deleted since: nothing to count
		}
		if !to.Before(media.Position{Run: ref.Run, Time: e.First - apart}) {
			c.block(t.o.Store, ref, e)
			continue
		}
		break
	}
	if err != nil && !errors.Is(err, store.ErrNoBlock) {
		return nil, err
	}
	return c.stats, nil
}

// after reports whether ref lies behind last; zero last: everything is on disk.
func after(ref, last store.Ref) bool {
	return last != store.Ref{} && (ref.Run > last.Run || ref.Run == last.Run &&
		(ref.Segment > last.Segment || ref.Segment == last.Segment && ref.Block > last.Block))
}

// countTail counts what is not on disk and returns the newest block that is.
func (t *Timeline) countTail(c *counting) store.Ref {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for n := max(t.tail.done, t.tail.base); n < t.tail.end(); n++ {
		c.unit(t.run, *t.tail.unit(n))
	}
	if t.o.ReadOnly || t.ended {
		return store.Ref{}
	}
	if (t.tail.last == store.Ref{}) { // nothing of this run is on disk yet
		return store.Ref{Run: t.run}
	}
	return t.tail.last
}

// counting adds up.
type counting struct {
	from, to media.Position
	stats    map[uint16]store.TrackStat
}

func (c *counting) inside(p media.Position) bool { return !p.Before(c.from) && p.Before(c.to) }

func (c *counting) unit(run media.Run, u media.Unit) {
	if !c.inside(media.Position{Run: run, Time: u.DTS}) {
		return
	}
	s := store.TrackStat{Track: u.Track, First: u.DTS, Last: u.DTS, Units: 1, Bytes: int64(len(u.Payload))}
	if u.IsKey() {
		s.Keys = 1
	}
	c.add(s)
}

// add puts s behind what was counted of its track.
func (c *counting) add(s store.TrackStat) {
	sum, ok := c.stats[s.Track]
	if !ok {
		c.stats[s.Track] = s
		return
	}
	sum.Last = s.Last
	sum.Units += s.Units
	sum.Keys += s.Keys
	sum.Bytes += s.Bytes
	sum.Damaged += s.Damaged
	c.stats[s.Track] = sum
}

// block counts a block by its header where that is enough.
func (c *counting) block(st store.Store, ref store.Ref, e store.Entry) {
	var b *media.Block
	for _, s := range e.Stats {
		if s.Units == 0 {
			continue
		}
		first, last := media.Position{Run: ref.Run, Time: s.First}, media.Position{Run: ref.Run, Time: s.Last}
		switch {
		case c.inside(first) && c.inside(last):
			c.add(s)
			continue
		case last.Before(c.from) || !first.Before(c.to):
			continue
		}
		if b == nil {
			var err error
			if b, _, err = st.Read(ref); err != nil {
				return
			}
		}
		for _, u := range b.Units {
			if u.Track == s.Track {
				c.unit(ref.Run, u)
			}
		}
	}
}
