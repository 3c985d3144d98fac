package store

import (
	"cmp"
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sort"
	"sync"
	"time"

	"hindsight/media"
)

// openFiles is how many files of segments a store keeps open for reading.
const openFiles = 8

// fileCache keeps the files open that were read last.
type fileCache struct {
	mu    sync.Mutex
	order *list.List // of *segmentFile, the last used one first
	open  map[segmentID]*list.Element
}

func newFileCache() fileCache {
	return fileCache{order: list.New(), open: map[segmentID]*list.Element{}}
}

// segmentFile is a segment's file, open for reading. Closing it while
// somebody reads is safe: a read that comes too late gets os.ErrClosed.
type segmentFile struct {
	id     segmentID
	f      *os.File
	floors []time.Duration // nil: not read yet
}

// get returns the file of a segment, opened if need be.
func (c *fileCache) get(dir string, id segmentID) (*segmentFile, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.open[id]; e != nil {
		c.order.MoveToFront(e)
		return e.Value.(*segmentFile), nil
	}
	f, err := os.Open(id.path(dir))
	if err != nil {
		return nil, err
	}
	sf := &segmentFile{id: id, f: f}
	c.open[id] = c.order.PushFront(sf)
	if c.order.Len() > openFiles {
		c.drop(c.order.Back())
	}
	return sf, nil
}

func (c *fileCache) drop(e *list.Element) {
	if e == nil {
		return
	}
	sf := c.order.Remove(e).(*segmentFile)
	delete(c.open, sf.id)
	sf.f.Close()
}

// forget closes the file of a segment.
func (c *fileCache) forget(id segmentID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(c.open[id])
}

func (c *fileCache) closeAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.order.Len() > 0 {
		c.drop(c.order.Back())
	}
}

// use calls fn with the file of a segment, once more when it was closed meanwhile.
func (s *Bolt) use(id segmentID, fn func(*segmentFile) error) error {
	for {
		sf, err := s.files.get(s.dir, id)
		if err == nil {
			err = fn(sf)
		}
		if errors.Is(err, os.ErrClosed) {
			if err := s.kept(id); err != nil {
				return err
			}
			continue
		}
		return err
	}
}

// kept says whether a segment can be read: ErrGone when it was deleted.
func (s *Bolt) kept(id segmentID) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	seg := s.cat.get(id)
	switch {
	case s.closed:
		return errClosed
	case seg == nil:
		return ErrGone
	case seg.bad != nil:
		return fmt.Errorf("%w: %w", ErrDamaged, seg.bad)
	}
	return nil
}

// block calls fn with the file that holds block r, and names r in an error.
func (s *Bolt) block(r Ref, fn func(*os.File) error) error {
	id := segmentID{r.Run, r.Segment}
	err := s.kept(id)
	if err == nil {
		s.mu.RLock()
		seg := s.cat.get(id)
		if seg == nil || r.Block == 0 || r.Block > seg.sum.Blocks {
			err = ErrGone
		}
		s.mu.RUnlock()
	}
	if err == nil {
		err = s.use(id, func(sf *segmentFile) error { return fn(sf.f) })
		if gone := s.kept(id); err != nil && gone != nil {
			err = gone
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = ErrGone
		}
	}
	if err == nil {
		return nil
	}
	if !errors.Is(err, ErrGone) && !errors.Is(err, errClosed) && !errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return fmt.Errorf("block %d of segment %s: %w", r.Block, id.name(), err)
}

// Entry reads a block's header.
func (s *Bolt) Entry(r Ref) (e Entry, err error) {
	err = s.block(r, func(f *os.File) error {
		h, err := readBlockHead(f, r)
		e = h.entry()
		return err
	})
	return e, err
}

// Read reads a whole block into memory of its own.
func (s *Bolt) Read(r Ref) (b *media.Block, damaged int, err error) {
	err = s.block(r, func(f *os.File) (err error) {
		b, damaged, err = readBlock(f, r)
		return err
	})
	return b, damaged, err
}

// Next steps over segment and run boundaries.
func (s *Bolt) Next(r Ref) (Ref, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return Ref{}, errClosed
	}
	return s.cat.next(r)
}

// Prev steps over segment and run boundaries.
func (s *Bolt) Prev(r Ref) (Ref, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return Ref{}, errClosed
	}
	return s.cat.prev(r)
}

// Seek finds the last block with First at or before p.
func (s *Bolt) Seek(p media.Position) (Ref, error) {
	for {
		s.mu.RLock()
		closed := s.closed
		seg, first := s.cat.seek(p)
		var r Ref
		var fs []time.Duration
		if seg != nil {
			r, fs = Ref{seg.id.run, seg.id.seq, 1}, seg.floors
			if fs != nil && !first {
				r.Block = lastFloor(fs, p.Time, seg.sum.Blocks)
			}
		}
		s.mu.RUnlock()
		switch {
		case closed:
			return Ref{}, errClosed
		case seg == nil:
			return Ref{}, ErrNoBlock
		case first || fs != nil:
			return r, nil
		}
		fs, err := s.floorsOf(seg)
		if err == nil {
			r.Block = lastFloor(fs, p.Time, seg.sum.Blocks)
			return r, nil
		}
		if s.kept(seg.id) == nil { // its blocks say themselves what is wrong
			s.log.Error("segment cannot be searched", "file", seg.id.name(), "err", err)
			return r, nil
		}
	}
}

// lastFloor is the number of the last block with a floor at or before t, at least 1.
func lastFloor(fs []time.Duration, t time.Duration, blocks uint32) uint32 {
	n := min(len(fs), int(blocks))
	return uint32(max(1, sort.Search(n, func(i int) bool { return fs[i] > t })))
}

// floorsOf reads the floors of a segment that is no longer written.
func (s *Bolt) floorsOf(seg *segment) (fs []time.Duration, err error) {
	err = s.use(seg.id, func(sf *segmentFile) error {
		s.files.mu.Lock()
		fs = sf.floors
		s.files.mu.Unlock()
		if fs != nil {
			return nil
		}
		_, firsts, _, err := readSummary(sf.f, seg.id, seg.sum.Blocks)
		if err != nil {
			return err
		}
		fs = floors(firsts)
		s.files.mu.Lock()
		sf.floors = fs
		s.files.mu.Unlock()
		return nil
	})
	return fs, err
}

// compare orders refs by run, segment and block.
func (r Ref) compare(o Ref) int {
	return cmp.Or(cmp.Compare(r.Run, o.Run), cmp.Compare(r.Segment, o.Segment), cmp.Compare(r.Block, o.Block))
}
