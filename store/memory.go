package store

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hindsight/media"
)

// errMemoryClosed is what a closed Memory answers.
var errMemoryClosed = errors.New("store: closed")

// Memory is a Store without a disk, for tests of what stands on a store. It
// obeys the same contract as the bbolt store (see storetest) and can be made to
// fail, to wait and to lose blocks at will.
type Memory struct {
	// SegmentBlocks is how many blocks a segment takes before the next one that
	// begins with a key frame opens a new segment; 0: 600. Set it before the first Commit.
	SegmentBlocks int
	// KeepCaptions and Fold are as in Options. Set them before the first use.
	KeepCaptions time.Duration
	Fold         func(string) string
	// Now is the time of day, for KeepCaptions; nil: time.Now.
	Now func() time.Time

	mu       sync.RWMutex
	closed   bool
	disk     *memoryDisk
	run      *memoryRun // begun by this process; nil before BeginRun
	onCommit func(*media.Block) error
	onRead   func(Ref) error
	onNote   func() error
}

// memoryDisk is what stays when the process is gone.
type memoryDisk struct {
	lastRun   media.Run
	lastTrack uint16
	tracks    []media.Track
	runs      []*memoryRun   // oldest first; those without blocks are not reported
	blocks    []*memoryBlock // by Ref

	lastCaption uint64
	captions    []media.Caption // by number
	heard       heardMap

	lastMark uint64
	marks    []media.Mark
	marked   uint64
}

// NewMemory returns an empty store, open for writing.
func NewMemory() *Memory { return &Memory{disk: &memoryDisk{heard: heardMap{}}} }

// Reopen is what a new process finds: everything committed and nothing of m's
// hooks. A run that did not end has crashed. m itself is of no further use,
// closed or not.
func (m *Memory) Reopen() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	for _, r := range m.disk.runs {
		if r.end == "" {
			r.end = media.Crash
		}
	}
	return &Memory{SegmentBlocks: m.SegmentBlocks, KeepCaptions: m.KeepCaptions, Fold: m.Fold, Now: m.Now, disk: m.disk}
}

// OnCommit has f called with every block before it is committed; an error of f
// is Commit's, and nothing is stored. While f waits, so does Commit; readers do
// not. nil ends it.
func (m *Memory) OnCommit(f func(*media.Block) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.onCommit = f
}

// OnRead has f called before every Read; an error of f is Read's, as if the
// block were damaged. nil ends it.
func (m *Memory) OnRead(f func(Ref) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.onRead = f
}

// OnNote has f called before captions or hearing change; an error of f is the
// change's, and nothing is stored. nil ends it.
func (m *Memory) OnNote(f func() error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.onNote = f
}

// Lose takes a block away as a quarantined page would: stepping passes over it.
func (m *Memory) Lose(r Ref) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i, ok := m.find(r); ok {
		m.disk.blocks = slices.Delete(m.disk.blocks, i, i+1)
	}
}

// BeginRun begins a run one above the highest ever used.
func (m *Memory) BeginRun(first media.Anchor) (media.Run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return 0, errMemoryClosed
	}
	m.disk.lastRun++
	m.run = &memoryRun{run: m.disk.lastRun, anchors: media.Anchors{first}, last: map[uint16]media.Unit{}}
	m.disk.runs = append(m.disk.runs, m.run)
	return m.run.run, nil
}

// NewTrack gives t an ID never used before.
func (m *Memory) NewTrack(t media.Track) (media.Track, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return media.Track{}, errMemoryClosed
	}
	if m.disk.lastTrack == ^uint16(0) {
		return media.Track{}, errors.New("store: all 65,535 track numbers of this camera are used; record under another camera name")
	}
	m.disk.lastTrack++
	t.ID = m.disk.lastTrack
	t.Config = slices.Clone(t.Config)
	m.disk.tracks = append(m.disk.tracks, t)
	return t, nil
}

// Commit appends b to the run begun last.
func (m *Memory) Commit(b *media.Block) (Ref, error) {
	m.mu.RLock()
	hook := m.onCommit
	m.mu.RUnlock()
	if hook != nil {
		if err := hook(b); err != nil {
			return Ref{}, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return Ref{}, errMemoryClosed
	}
	if m.run == nil {
		return Ref{}, errors.New("store: commit before a run was begun")
	}
	if err := m.run.check(b, m.disk.tracks); err != nil {
		return Ref{}, fmt.Errorf("store: block refused: %w", err)
	}
	blk := m.run.add(b, m.segment(b), m.disk.tracks)
	m.disk.blocks = append(m.disk.blocks, blk)
	m.lowerFloors(blk.entry.First)
	return blk.entry.Ref, nil
}

// segment is the number of the segment that b goes to.
func (m *Memory) segment(b *media.Block) uint32 {
	r, size := m.run, m.SegmentBlocks
	if size == 0 {
		size = 600
	}
	n := int(r.next.Block) - 1
	if r.next.Segment == 0 || n >= size && (decodesAlone(b, m.disk.tracks) || n >= 2*size) {
		return r.next.Segment + 1
	}
	return r.next.Segment
}

// lowerFloors keeps each block's floor the lowest First of it and of all after
// it in its run, so that Seek can search by it though tracks may lag a little.
func (m *Memory) lowerFloors(first time.Duration) {
	bs := m.disk.blocks
	run := bs[len(bs)-1].entry.Ref.Run
	for i := len(bs) - 2; i >= 0 && bs[i].entry.Ref.Run == run && bs[i].floor > first; i-- {
		bs[i].floor = first
	}
}

// Tracks are all tracks known, by ID.
func (m *Memory) Tracks() []media.Track {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Clone(m.disk.tracks)
}

// Runs are the runs with anything kept, oldest first.
func (m *Memory) Runs() []RunInfo {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var out []RunInfo
	for _, r := range m.disk.runs {
		lo, hi := m.extent(r.run)
		if lo < hi {
			out = append(out, r.info(m.disk.blocks[lo:hi], r == m.run))
		}
	}
	return out
}

// DropOldest deletes the oldest segment that is not being written.
func (m *Memory) DropOldest() (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return 0, errMemoryClosed
	}
	bs := m.disk.blocks
	if len(bs) == 0 {
		return 0, ErrNoBlock
	}
	from, n := m.toDrop()
	if n == from {
		return 0, ErrNoBlock
	}
	var freed int64
	for _, b := range bs[from:n] {
		freed += b.bytes
	}
	if from > 0 {
		m.addHole(bs[from], n)
	}
	m.disk.blocks = slices.Delete(bs, from, n)
	m.expire()
	return freed, nil
}

// Close ends the use of the store.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}
