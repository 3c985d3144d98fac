package timeline

import (
	"errors"
	"slices"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// lead is how far before a key frame a cursor begins to look for the sound that
// belongs to it: the skew of a second, and some.
const lead = 1500 * time.Millisecond

// maxLook is how many blocks back the picture that is shown at a moment is looked for.
const maxLook = 300

// Live opens a cursor at the live end: its first video unit is the newest key
// frame in the tail, with what came after it.
func (t *Timeline) Live(s Selection) *Cursor {
	c := t.newCursor(s)
	c.live = !t.o.ReadOnly
	if t.o.ReadOnly {
		c.p = t.before(place{}, t.run+1)
		c.at = c.p
		return c
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	c.start.key = true
	key := t.tail.key
	if !c.kinds.has(media.Video) || key < t.tail.base || t.lost(media.Video) != nil || t.lost(0) != nil {
		c.p = t.tailPlace(t.tail.end())
		c.at = c.p
		return c
	}
	t.startAtKey(c, key)
	return c
}

// tailPlace is the place before unit n of the tail.
func (t *Timeline) tailPlace(n uint64) place {
	p := place{inTail: true, seq: n}
	switch {
	case n > t.tail.base:
		u := t.tail.unit(n - 1)
		p.last = passed{run: t.run, track: u.Track, dts: u.DTS}
	case n < t.tail.end():
		u := t.tail.unit(n)
		p.last = passed{run: t.run, track: u.Track, dts: u.DTS, next: true}
	}
	return p
}

// startAtKey puts a cursor before unit key of the tail and the sound that goes with it.
func (t *Timeline) startAtKey(c *Cursor, key uint64) (whole bool) {
	u := t.tail.unit(key)
	c.start = start{run: t.run, video: u.DTS, sound: u.PTS()}
	n := key
	for n > t.tail.base && t.tail.unit(n-1).DTS > u.PTS()-lead {
		n--
	}
	c.p = t.tailPlace(n)
	c.at = t.tailPlace(key + 1)
	return n > t.tail.base || n == 1
}

// At opens a cursor at p: the first video unit is the key frame at or before p,
// sound begins with the unit that sounds at that key frame's time. A p in a gap goes on at the
// next recorded moment, before the first at the first, after the last is the live end.
func (t *Timeline) At(p media.Position, s Selection) (*Cursor, error) {
	from, ok := t.recordedFrom(p)
	if !ok {
		return t.Live(s), nil
	}
	p = from
	c := t.newCursor(s)
	if t.atInTail(c, p) {
		return c, nil
	}
	if err := t.atInStore(c, p); err != nil {
		if errors.Is(err, store.ErrNoBlock) && !t.o.ReadOnly { // nothing is committed yet
			t.mu.RLock()
			c.p = t.tailPlace(t.tail.base)
			t.mu.RUnlock()
			c.at = c.p
			c.start = start{run: p.Run, video: p.Time, sound: p.Time, key: true}
			return c, nil
		}
		c.Close()
		return nil, err
	}
	return c, nil
}

// recordedFrom is p, or the next recorded moment if there is nothing at p.
func (t *Timeline) recordedFrom(p media.Position) (media.Position, bool) {
	for _, r := range t.view() {
		if r.info.Run < p.Run {
			continue
		}
		for _, s := range r.spans() {
			if r.info.Run > p.Run || p.Time < s.from {
				return media.Position{Run: r.info.Run, Time: s.from}, true
			}
			if p.Time < s.until {
				return p, true
			}
		}
	}
	return p, false
}

// atInTail opens c in the tail, if everything that it must yield is there.
func (t *Timeline) atInTail(c *Cursor, p media.Position) bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.o.ReadOnly || p.Run != t.run || len(t.tail.units) == 0 {
		return false
	}
	if c.kinds.has(media.Video) && t.heads.kinds().has(media.Video) {
		if n := t.keyInTail(p.Time); n > 0 && t.shown(t.run, t.tail.unit(n).DTS, p.Time) {
			return t.startAtKey(c, n)
		}
		if t.tail.base > 1 {
			return false
		}
	}
	n := t.tail.end()
	for n > t.tail.base && t.tail.unit(n-1).DTS > p.Time-lead {
		n--
	}
	c.start = start{run: t.run, video: p.Time, sound: p.Time, key: true}
	c.p = t.tailPlace(n)
	c.at = c.p
	return n > t.tail.base || n == 1
}

// keyInTail is the number of the newest video key frame shown at or before m; 0: none.
func (t *Timeline) keyInTail(m time.Duration) uint64 {
	for n := t.tail.end() - 1; n >= t.tail.base; n-- {
		if u := t.tail.unit(n); u.IsKey() && u.PTS() <= m && t.kind(u.Track) == media.Video {
			return n
		}
	}
	return 0
}

// shown reports whether a picture of moment key still stands at moment m: no
// hole of the picture begins in between.
func (t *Timeline) shown(run media.Run, key, m time.Duration) bool {
	for _, h := range t.outline(run).all {
		if h.kind != media.Audio && key < h.middle() && h.from <= m && (h.middle() <= m || m < h.until) {
			return false
		}
	}
	return true
}

// atInStore opens c in the store.
func (t *Timeline) atInStore(c *Cursor, p media.Position) error {
	ref, err := t.o.Store.Seek(p)
	if err != nil {
		return err
	}
	c.start = start{run: p.Run, video: p.Time, sound: p.Time, key: true}
	c.at = place{ref: ref}
	if c.kinds.has(media.Video) {
		if at, u, ok := t.keyBefore(ref, p); ok {
			c.at, ref = at, at.ref
			c.start = start{run: p.Run, video: u.DTS, sound: u.PTS()}
		} else {
			ref = t.firstFrom(ref, p)
			c.at = place{ref: ref}
		}
	}
	if c.kinds.has(media.Audio) && !t.soundIn(c.at.blk, c.start.sound) {
		ref = t.back(ref, p.Run, c.start.sound)
	}
	c.p = place{ref: ref} // the whole block is let go of as soon as something was yielded
	if c.at.blk == nil {
		c.at = c.p
	}
	return nil
}

// firstFrom is the first block that may hold a picture from p on: ref, or one before it. Tracks
// may be up to a second apart in commit order, so that the sound of a moment may be committed
// after the pictures that follow it.
func (t *Timeline) firstFrom(ref store.Ref, p media.Position) store.Ref {
	for range maxLook {
		before, err := t.o.Store.Prev(ref)
		if err != nil || before.Run != p.Run {
			break
		}
		e, err := t.o.Store.Entry(before)
		if err != nil || !slices.ContainsFunc(e.Stats, func(s store.TrackStat) bool {
			return s.Units > 0 && s.Last >= p.Time && t.kind(s.Track) == media.Video
		}) {
			break
		}
		ref = before
	}
	return ref
}

// keyBefore finds the key frame from which the picture shown at p is decoded,
// and the place behind it, looking from the block ref backward. There is none where the picture is
// missing, or where something between the key frame and p is.
func (t *Timeline) keyBefore(ref store.Ref, p media.Position) (at place, u media.Unit, ok bool) {
	for n := range maxLook {
		if n == 0 { // mostly it is here, and no header is needed
			if b, err := t.cache.block(ref); err == nil {
				if at, u, ok = t.keyIn(ref, b, p.Time); ok {
					return at, u, t.shown(ref.Run, u.DTS, p.Time)
				}
			}
		}
		e, err := t.o.Store.Entry(ref)
		if err != nil {
			return at, u, false
		}
		if t.hasVideo(e) {
			for _, r := range []store.Ref{ref, e.Key} {
				if r == (store.Ref{}) || r == e.Key && e.KeyAt > p.Time {
					continue
				}
				b, err := t.cache.block(r)
				if err != nil {
					return at, u, false
				}
				if at, u, ok = t.keyIn(r, b, p.Time); ok {
					return at, u, t.shown(r.Run, u.DTS, p.Time)
				}
			}
		}
		if !t.shown(ref.Run, e.First, p.Time) {
			return at, u, false
		}
		before, err := t.o.Store.Prev(ref)
		if err != nil || before.Run != p.Run || before.Segment == ref.Segment && before.Block+1 != ref.Block {
			return at, u, false
		}
		ref = before
	}
	return at, u, false
}

// keyIn finds the last video key frame of block ref shown at or before m, and the place behind it.
func (t *Timeline) keyIn(ref store.Ref, b *part, m time.Duration) (at place, u media.Unit, ok bool) {
	i := t.lastKeyIn(b, len(b.units), m)
	if i < 0 {
		return at, u, false
	}
	u = b.units[i]
	return place{ref: ref, blk: b, idx: i + 1, last: passed{run: ref.Run, track: u.Track, dts: u.DTS}}, u, true
}

func (t *Timeline) hasVideo(e store.Entry) bool {
	for _, s := range e.Stats {
		if s.Units > 0 && t.kind(s.Track) == media.Video {
			return true
		}
	}
	return false
}

// lastKeyIn is the index of the last video key frame among the first n units of
// b that is shown at or before m; -1: none.
func (t *Timeline) lastKeyIn(b *part, n int, m time.Duration) int {
	for i := n - 1; i >= 0; i-- {
		if u := b.units[i]; u.IsKey() && u.PTS() <= m && t.kind(u.Track) == media.Video {
			return i
		}
	}
	return -1
}

// back is the block in which to begin so that the sound of moment m is found:
// ref or one before it in the run.
func (t *Timeline) back(ref store.Ref, run media.Run, m time.Duration) store.Ref {
	for range maxLook {
		e, err := t.o.Store.Entry(ref)
		if err == nil && (e.First <= m-lead || t.soundFrom(e, m)) {
			break
		}
		before, err := t.o.Store.Prev(ref)
		if err != nil || before.Run != run {
			break
		}
		ref = before
	}
	return ref
}

// soundIn is soundFrom for a block at hand, or nil.
func (t *Timeline) soundIn(b *part, m time.Duration) bool {
	if b == nil {
		return false
	}
	for _, u := range b.units {
		if t.kind(u.Track) == media.Audio {
			return u.DTS <= m
		}
	}
	return false
}

// soundFrom reports whether a block has sound, and all of it from m or before:
// then what sounds at m is in it or in a later one.
func (t *Timeline) soundFrom(e store.Entry, m time.Duration) bool {
	has := false
	for _, s := range e.Stats {
		if s.Units == 0 || t.kind(s.Track) != media.Audio {
			continue
		}
		if s.First > m {
			return false
		}
		has = true
	}
	return has
}
