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
