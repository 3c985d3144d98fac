package store

import (
	"fmt"
	"slices"
	"sort"

	"hindsight/media"
)

// find is the index of the block r, or of the first one above it.
func (m *Memory) find(r Ref) (int, bool) {
	return slices.BinarySearchFunc(m.disk.blocks, r, func(b *memoryBlock, r Ref) int { return b.entry.Ref.compare(r) })
}

// extent is the half-open range of indexes of a run's blocks.
func (m *Memory) extent(run media.Run) (lo, hi int) {
	lo, _ = m.find(Ref{Run: run})
	hi, _ = m.find(Ref{Run: run + 1})
	return lo, hi
}

// Seek finds the last block with First at or before p.
func (m *Memory) Seek(p media.Position) (Ref, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return Ref{}, errMemoryClosed
	}
	lo, hi := m.extent(p.Run)
	i := lo + sort.Search(hi-lo, func(i int) bool { return m.disk.blocks[lo+i].floor > p.Time })
	if i > lo {
		i--
	}
	return m.ref(i)
}

// Next steps forward.
func (m *Memory) Next(r Ref) (Ref, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return Ref{}, errMemoryClosed
	}
	i, found := m.find(r)
	if found {
		i++
	}
	return m.ref(i)
}

// Prev steps back.
func (m *Memory) Prev(r Ref) (Ref, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return Ref{}, errMemoryClosed
	}
	i, _ := m.find(r)
	return m.ref(i - 1)
}

func (m *Memory) ref(i int) (Ref, error) {
	if i < 0 || i >= len(m.disk.blocks) {
		return Ref{}, ErrNoBlock
	}
	return m.disk.blocks[i].entry.Ref, nil
}

func (m *Memory) block(r Ref) (*memoryBlock, error) {
	if m.closed {
		return nil, errMemoryClosed
	}
	i, ok := m.find(r)
	if !ok {
		return nil, fmt.Errorf("block %d-%d-%d: %w", r.Run, r.Segment, r.Block, ErrGone)
	}
	return m.disk.blocks[i], nil
}

// Entry reads a block's header.
func (m *Memory) Entry(r Ref) (Entry, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	b, err := m.block(r)
	if err != nil {
		return Entry{}, err
	}
	e := b.entry
	e.Stats = slices.Clone(e.Stats)
	return e, nil
}

// Read reads a whole block into memory of its own.
func (m *Memory) Read(r Ref) (*media.Block, int, error) {
	b, err := m.read(r)
	if err != nil {
		return nil, 0, err
	}
	return copyBlock(b), 0, nil
}

// Part reads some units of a block into memory of their own.
func (m *Memory) Part(r Ref, from *Mark, most int) (us []media.Unit, rest *Mark, err error) {
	b, err := m.read(r)
	if err != nil {
		return nil, nil, err
	}
	left := slices.DeleteFunc(slices.Clone(b.Units), from.has)
	end := 0
	for n := 0; end < len(left) && (end == 0 || n+len(left[end].Payload) <= most); end++ {
		n += len(left[end].Payload)
	}
	if end < len(left) {
		rest = &Mark{passed: from.behind(left[:end])}
	}
	return copyBlock(&media.Block{Units: left[:end]}).Units, rest, nil
}

// read is a block that nobody may change.
func (m *Memory) read(r Ref) (*media.Block, error) {
	m.mu.RLock()
	b, err := m.block(r)
	hook := m.onRead
	m.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	if hook != nil {
		if err := hook(r); err != nil {
			return nil, fmt.Errorf("block %d-%d-%d: %w", r.Run, r.Segment, r.Block, err)
		}
	}
	return b.block, nil
}

// copyBlock copies everything that b points to, the payloads into one piece of memory.
func copyBlock(b *media.Block) *media.Block {
	c := *b
	c.Tracks, c.Units = slices.Clone(b.Tracks), slices.Clone(b.Units)
	c.Gaps, c.Anchors = slices.Clone(b.Gaps), slices.Clone(b.Anchors)
	n := 0
	for _, u := range b.Units {
		n += len(u.Payload)
	}
	all := make([]byte, 0, n)
	for i, u := range b.Units {
		at := len(all)
		all = append(all, u.Payload...)
		c.Units[i].Payload = all[at:len(all):len(all)]
	}
	return &c
}
