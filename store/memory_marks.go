package store

import (
	"fmt"
	"slices"
	"time"

	"hindsight/media"
)

// Marks are those of a kind.
func (m *Memory) Marks(kind media.MarkKind) []media.Mark {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var out []media.Mark
	for _, x := range m.disk.marks {
		if x.Kind == kind {
			out = append(out, x)
		}
	}
	return sortMarks(out)
}

// MarksRevision rises with every change.
func (m *Memory) MarksRevision() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.disk.marked
}

func (m *Memory) now() time.Time {
	if m.Now != nil {
		return m.Now().UTC().Round(0)
	}
	return time.Now().UTC().Round(0)
}

// AddMark keeps a mark.
func (m *Memory) AddMark(x media.Mark) (media.Mark, error) {
	unlock, err := m.noting()
	if err != nil {
		return x, err
	}
	defer unlock()
	d := m.disk
	x.ID = 0
	if err := admitMark(x, d.lastRun, d.marks); err != nil {
		return x, err
	}
	d.lastMark++
	d.marked++
	x.ID, x.Created, x.Changed = d.lastMark, m.now(), m.now()
	d.marks = append(d.marks, x)
	return x, nil
}

// EditMark changes a mark.
func (m *Memory) EditMark(kind media.MarkKind, id uint64, change func(*media.Mark)) (media.Mark, error) {
	unlock, err := m.noting()
	if err != nil {
		return media.Mark{}, err
	}
	defer unlock()
	d := m.disk
	i := slices.IndexFunc(d.marks, func(x media.Mark) bool { return x.Kind == kind && x.ID == id })
	if i < 0 {
		return media.Mark{}, fmt.Errorf("%v %d: %w", kind, id, ErrNoMark)
	}
	x := editedMark(d.marks[i], change, m.now())
	if err := admitMark(x, d.lastRun, d.marks); err != nil {
		return media.Mark{}, err
	}
	d.marks[i] = x
	d.marked++
	return x, nil
}

// DeleteMark deletes a mark.
func (m *Memory) DeleteMark(kind media.MarkKind, id uint64) error {
	unlock, err := m.noting()
	if err != nil {
		return err
	}
	defer unlock()
	d := m.disk
	i := slices.IndexFunc(d.marks, func(x media.Mark) bool { return x.Kind == kind && x.ID == id })
	if i < 0 {
		return fmt.Errorf("%v %d: %w", kind, id, ErrNoMark)
	}
	d.marks = slices.Delete(d.marks, i, i+1)
	d.marked++
	return nil
}

// NextDrop is where the segment begins that DropOldest would delete.
func (m *Memory) NextDrop() (p media.Position, ok bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	from, to := m.toDrop()
	if m.closed || from == to {
		return p, false
	}
	return media.Position{Run: m.disk.blocks[from].entry.Ref.Run, Time: m.disk.blocks[from].floor}, true
}

// toDrop are the blocks of the oldest segment that is neither being written nor pinned.
func (m *Memory) toDrop() (from, to int) {
	bs := m.disk.blocks
	for from < len(bs) {
		first := bs[from].entry.Ref
		if m.run != nil && first.Run == m.run.run && first.Segment == m.run.next.Segment {
			break
		}
		pinned := false
		for to = from; to < len(bs) && bs[to].entry.Ref.Run == first.Run && bs[to].entry.Ref.Segment == first.Segment; to++ {
			pinned = pinned || m.pinned(bs[to].entry)
		}
		if !pinned {
			return from, to
		}
		from = to
	}
	return from, from
}

// pinned reports whether a pin touches a block.
func (m *Memory) pinned(e Entry) bool {
	from, until := media.Position{Run: e.Ref.Run, Time: e.First}, media.Position{Run: e.Ref.Run, Time: lastOf(e) + time.Second}
	return slices.ContainsFunc(m.disk.marks, func(p media.Mark) bool { return p.Kind == media.Pin && p.Touches(from, until) })
}

// PinnedBytes is what the blocks take that pins hold.
func (m *Memory) PinnedBytes() (bytes int64) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, b := range m.disk.blocks {
		if m.pinned(b.entry) {
			bytes += b.bytes
		}
	}
	return bytes
}

// lastOf is the DTS of the last unit of a block.
func lastOf(e Entry) (last time.Duration) {
	last = e.First
	for _, s := range e.Stats {
		last = max(last, s.Last)
	}
	return last
}

// addHole notes the gap that the deletion of the blocks from b to the one numbered next leaves.
func (m *Memory) addHole(b *memoryBlock, next int) {
	run := b.entry.Ref.Run
	until := lastOf(m.disk.blocks[next-1].entry) + time.Second
	if next < len(m.disk.blocks) && m.disk.blocks[next].entry.Ref.Run == run {
		until = m.disk.blocks[next].entry.First
	}
	for _, r := range m.disk.runs {
		if r.run != run {
			continue
		}
		g := media.Gap{From: b.entry.First, Until: until, Reason: media.Deleted, Detail: "to make room"}
		for i, o := range r.gaps {
			if o.Reason == media.Deleted && o.Until == g.From {
				r.gaps[i].Until = g.Until
				return
			}
		}
		r.setGap(g)
	}
}

// DeleteRange deletes what is recorded in a range, with its captions and bookmarks.
func (m *Memory) DeleteRange(from, until media.Position, why string) (out Deleted, err error) {
	unlock, err := m.noting()
	if err != nil {
		return out, err
	}
	defer unlock()
	if !from.Before(until) {
		return out, errEmptyRange
	}
	if k, ok := m.keyBehind(until); ok {
		until.Time = k
	}
	d := m.disk
	for _, p := range d.marks {
		if p.Kind == media.Pin && p.Touches(from, until) {
			return out, &PinnedError{p}
		}
	}
	in := func(p media.Position) bool { return !p.Before(from) && p.Before(until) }
	holes, last := map[media.Run]media.Gap{}, map[media.Run]time.Duration{}
	for i, b := range d.blocks {
		run := b.entry.Ref.Run
		last[run] = max(last[run], lastOf(b.entry))
		n, gone := b.without(func(u media.Unit) bool { return in(media.Position{Run: run, Time: u.DTS}) })
		for _, u := range gone {
			g, ok := holes[run]
			if !ok {
				g = media.Gap{From: u.DTS, Reason: media.Deleted, Detail: why}
			}
			g.From = min(g.From, u.DTS)
			holes[run] = g
			out.Bytes += int64(len(u.Payload))
		}
		d.blocks[i] = n
	}
	for i := len(d.blocks) - 2; i >= 0; i-- {
		if a, b := d.blocks[i], d.blocks[i+1]; a.entry.Ref.Run == b.entry.Ref.Run {
			a.floor = min(a.floor, b.floor)
		}
	}
	for _, r := range d.runs {
		if g, ok := holes[r.run]; ok {
			if g.Until = last[r.run] + 1; r.run == until.Run {
				g.Until = min(g.Until, until.Time)
			}
			r.setGap(g)
			out.add(Deleted{From: media.Position{Run: r.run, Time: g.From}, Until: media.Position{Run: r.run, Time: g.Until}})
		}
	}
	captions, marks := len(d.captions), len(d.marks)
	d.captions = slices.DeleteFunc(d.captions, func(c media.Caption) bool {
		return in(c.Position()) || c.Run == from.Run && c.Start < from.Time && c.End > from.Time
	})
	d.marks = slices.DeleteFunc(d.marks, func(x media.Mark) bool { return x.Kind == media.Bookmark && in(x.From) })
	out.Captions, out.Bookmarks = captions-len(d.captions), marks-len(d.marks)
	d.marked++
	return out, nil
}

// without is a copy of b without some of its units, and those.
func (b *memoryBlock) without(out func(media.Unit) bool) (n *memoryBlock, gone []media.Unit) {
	c := *b.block
	c.Units = nil
	e := Entry{Ref: b.entry.Ref, At: b.entry.At, First: b.entry.At, Key: b.entry.Key, KeyAt: b.entry.KeyAt, End: b.entry.End}
	n = &memoryBlock{block: &c}
	for _, u := range b.block.Units {
		if out(u) {
			gone = append(gone, u)
			continue
		}
		if len(c.Units) == 0 || u.DTS < e.First {
			e.First = u.DTS
		}
		c.Units = append(c.Units, u)
		e.Stats = memoryCount(e.Stats, u)
		n.bytes += int64(len(u.Payload))
	}
	n.entry, n.floor = e, e.First
	return n, gone
}

// keyBehind is the first video key frame at or behind p in its run, or the end of its video.
func (m *Memory) keyBehind(p media.Position) (at time.Duration, video bool) {
	lo, hi := m.extent(p.Run)
	for _, b := range m.disk.blocks[lo:hi] {
		for _, u := range b.block.Units {
			if !listsVideo(m.disk.tracks, u.Track) {
				continue
			}
			if u.DTS >= p.Time && u.IsKey() {
				return u.DTS, true
			}
			video, at = true, max(at, u.DTS+1)
		}
	}
	return max(at, p.Time), video
}
