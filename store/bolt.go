package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"hindsight/media"
)

var errClosed = errors.New("store: closed")

// Bolt is a Store in a directory of bbolt files, as FORMAT.md describes it.
type Bolt struct {
	dir    string
	o      Options
	log    *slog.Logger
	lock   *os.File // nil: read-only
	notes  *notes
	index  *index
	search *searchIndex
	starts captionStarts

	replaced atomic.Uint64 // see replacing

	writing sync.Mutex // BeginRun, NewTrack, Commit, Close
	rec     *recording // begun by this process; nil before BeginRun
	live    *live      // nil before the first block and after a segment's end

	dropping sync.Mutex // DropOldest, DeleteRange
	pins     pinCache

	mu     sync.RWMutex
	closed bool
	begun  media.Run // by this process; 0: none
	cat    catalog
	files  fileCache
}

var _ Store = (*Bolt)(nil)

// Open opens the camera's directory dir, which is made unless o.ReadOnly. Only
// one process can record into it; the error names the one that does.
func Open(dir string, o Options) (*Bolt, error) {
	s, err := open(dir, o.defaults())
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return s, nil
}

func open(dir string, o Options) (*Bolt, error) {
	s := &Bolt{dir: dir, o: o, log: o.Log.With("store", dir), index: openIndex(dir), search: openSearch(dir, o), files: newFileCache()}
	if o.ReadOnly {
		if _, err := os.Stat(dir); err != nil {
			return nil, err
		}
		return s, s.load()
	}
	err := makeDirs(dir)
	if err != nil {
		return nil, err
	}
	if s.lock, err = takeLock(dir); err != nil {
		return nil, err
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	return s, nil
}

// load reads the notes and builds the catalog: from the index what it has, from the segments the rest.
func (s *Bolt) load() (err error) {
	if s.notes, err = openNotes(filepath.Join(s.dir, notesDir), s.o); err != nil {
		return err
	}
	s.notes.removed = s.search.remove
	known, err := s.index.read()
	if err != nil {
		s.log.Warn("index.db is built anew", "err", err)
		known = nil
		if !s.o.ReadOnly {
			if err := s.index.remove(); err != nil {
				return err
			}
		}
	}
	put, err := s.loadSegments(known)
	if err != nil {
		return err
	}
	s.notes.missing(len(s.cat.segments) > 0)
	s.finishRuns()
	if s.o.ReadOnly {
		return nil
	}
	for _, d := range []string{segmentsDir, notesDir} { // a crash may have left names that are not durable
		if err := syncDir(filepath.Join(s.dir, d)); err != nil {
			return err
		}
	}
	if err := s.index.update(put, slices.Collect(maps.Keys(known))); err != nil {
		s.log.Warn("index.db cannot be written; the next start takes longer", "err", err)
	}
	s.resumeDeletions()
	if err := s.notes.addAnchors(0, nil); err != nil {
		s.log.Warn("anchors are not noted yet", "err", err)
	}
	return nil
}

// loadSegments puts every segment into the catalog and takes it off known. It
// returns what the index lacks.
func (s *Bolt) loadSegments(known map[segmentID]indexEntry) (put []indexEntry, err error) {
	names, err := listDir(filepath.Join(s.dir, segmentsDir))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		id, ok := parseSegmentName(name)
		if !ok {
			s.removeLeftover(name)
			continue
		}
		if s.dropped(id) {
			continue
		}
		seg, entry, err := s.loadSegment(id, known[id])
		if errors.Is(err, fs.ErrNotExist) {
			continue // retention in another process
		}
		if err != nil {
			return nil, err
		}
		delete(known, id)
		if entry != nil {
			put = append(put, *entry)
		}
		s.cat.insert(seg)
		s.notes.learn(seg.sum)
	}
	return put, nil
}

// dropped reports whether a segment was deleted, but for its file: a crash came between. That goes now.
func (s *Bolt) dropped(id segmentID) bool {
	if !slices.ContainsFunc(s.notes.deletions(id.run), func(d deletion) bool { return d.names(id) }) {
		return false
	}
	if !s.o.ReadOnly {
		if err := os.Remove(id.path(s.dir)); err != nil {
			s.log.Warn("a deleted segment stays", "file", id.name(), "err", err)
		}
	}
	return true
}

// removeLeftover removes a segment that a crash left half made.
func (s *Bolt) removeLeftover(name string) {
	path := filepath.Join(s.dir, segmentsDir, name)
	if s.o.ReadOnly || !strings.HasSuffix(name, dbSuffix+newSuffix) {
		return
	}
	if err := os.Remove(path); err != nil {
		s.log.Warn("a half made segment stays", "file", path, "err", err)
	}
}

// loadSegment learns what a segment holds; entry is what the index lacks. A
// segment that cannot be read stays in the catalog, empty, so that its number is not used again.
func (s *Bolt) loadSegment(id segmentID, known indexEntry) (seg *segment, entry *indexEntry, err error) {
	f, err := os.Open(id.path(s.dir))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	seg = &segment{id: id, size: fi.Size(), disk: diskBytes(fi)}
	if known.size == seg.size && known.sum.Run == id.run {
		seg.sum = known.sum
		return seg, nil, nil
	}
	sum, firsts, whole, err := readSummary(f, id, s.countingBlocks(id))
	if err != nil {
		s.log.Error("segment cannot be read", "file", f.Name(), "err", err)
		seg.sum, seg.bad = summary{Run: id.run, Seq: id.seq}, err
		return seg, nil, nil
	}
	seg.sum = sum
	if !whole {
		seg.floors = floors(firsts)
	}
	return seg, &indexEntry{sum, seg.size}, nil
}

// countingBlocks is how many blocks of a segment count at most: the head of the
// next one says it, if there is one.
func (s *Bolt) countingBlocks(id segmentID) uint32 {
	id.seq++
	h, err := readHeadOf(s.dir, id)
	if err != nil {
		return math.MaxUint32
	}
	return h.Before
}

// finishRuns adds to the runs what their segments do not say: anchors of
// segments that are gone, and that they crashed.
func (s *Bolt) finishRuns() {
	recorded := s.o.ReadOnly && beingRecorded(s.dir)
	for _, r := range s.cat.runs {
		for _, a := range s.notes.of(r.run) {
			r.anchors = addAnchor(r.anchors, a)
		}
		for _, d := range s.notes.deletions(r.run) {
			if r.end == "" {
				r.end = d.end
			}
		}
		if r.end == "" && !(recorded && r.run == s.notes.run) {
			r.end = media.Crash
		}
	}
}

// Close ends the use of the store; a second Close does nothing. The run ends
// with the End of its last block, not here.
func (s *Bolt) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.dropping.Lock()
	defer s.dropping.Unlock()
	s.notes.caps.Lock()
	defer s.notes.caps.Unlock()
	s.mu.Lock()
	already := s.closed
	s.closed = true
	s.mu.Unlock()
	if already {
		return nil
	}
	err := s.sealLive()
	s.files.closeAll()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Truncate(0), s.lock.Close())
	}
	return err
}

// Tracks are all tracks known, by ID.
func (s *Bolt) Tracks() []media.Track { return s.notes.all() }

// Runs are the runs with anything kept, oldest first.
func (s *Bolt) Runs() []RunInfo {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []RunInfo
	for _, r := range s.cat.runs {
		if x := s.cat.info(r); s.cat.blocks(r.run) {
			for _, d := range s.notes.deletions(r.run) {
				x.Gaps = addGap(x.Gaps, d.gap())
			}
			out = append(out, x)
		}
	}
	return out
}
