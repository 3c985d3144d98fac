package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"hindsight/media"
)

// BeginRun begins a new run, one above the highest ever used, durably.
func (s *Bolt) BeginRun(first media.Anchor) (media.Run, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.writable(); err != nil {
		return 0, err
	}
	if err := checkAnchors([]media.Anchor{first}); err != nil {
		return 0, fmt.Errorf("store: run refused: %w", err)
	}
	if err := s.sealLive(); err != nil {
		s.log.Warn("segment's end", "err", err)
	}
	if err := s.o.fail(atRunNoted); err != nil {
		return 0, err
	}
	n, err := s.notes.newRun(first)
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	if s.rec != nil {
		if r := s.cat.run(s.rec.run); r.end == "" {
			r.end = media.Crash
		}
	}
	s.cat.run(n).anchors = media.Anchors{first}
	s.begun = n
	s.mu.Unlock()
	s.rec = newRecording(n)
	return n, nil
}

// NewTrack gives t an ID never used before in this camera, durably.
func (s *Bolt) NewTrack(t media.Track) (media.Track, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.writable(); err != nil {
		return media.Track{}, err
	}
	return s.notes.newTrack(t)
}

// writable says why nothing can be written.
func (s *Bolt) writable() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch {
	case s.closed:
		return errClosed
	case s.o.ReadOnly:
		return ErrReadOnly
	}
	return nil
}

// Commit appends b to the run begun last and returns when it is durable.
func (s *Bolt) Commit(b *media.Block) (Ref, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.writable(); err != nil {
		return Ref{}, err
	}
	if s.rec == nil {
		return Ref{}, errors.New("store: commit before a run was begun")
	}
	stats, err := s.rec.check(b, s.notes.known())
	if err != nil {
		return Ref{}, fmt.Errorf("store: block refused: %w", err)
	}
	size := blockBytes(b, stats)
	if err := s.makeRoom(b, size); err != nil {
		return Ref{}, fmt.Errorf("store: commit: %w", err)
	}
	s.noteAnchors(b)
	h, err := s.write(b, size, stats)
	if err != nil {
		return Ref{}, fmt.Errorf("store: commit: %w", err)
	}
	if b.End != "" {
		if err := s.sealLive(); err != nil {
			s.log.Warn("segment's end", "err", err)
		}
	}
	return h.Ref, nil
}

// blockBytes is how large a block's record and tables will be, or a little more.
func blockBytes(b *media.Block, stats []trackStat) int {
	n := 100 + 20*len(b.Anchors)
	for _, t := range stats {
		n += 100 + len(t.Config) + int(t.Table)
	}
	for _, g := range b.Gaps {
		n += 30 + len(g.Reason) + len(g.Detail)
	}
	return n
}

// makeRoom sees to it that there is a segment that takes b.
func (s *Bolt) makeRoom(b *media.Block, size int) error {
	if int64(size)+2*blockSlack+s.o.growth() > s.o.SegmentBytes {
		return fmt.Errorf("block of %d bytes is more than a segment of %d takes; commit it in parts", size, s.o.SegmentBytes)
	}
	if l := s.live; l != nil && l.deleted() {
		s.leaveDeleted()
	}
	if l := s.live; l != nil {
		cut := ""
		if l.seg.sum.Blocks > 0 {
			cut = cutReason(b, b.At-l.start, s.o.SegmentSpan, hasVideo(l.seg.sum.Tracks))
		}
		if cut == "" && !l.fits(size) {
			cut = cutSize
		}
		if cut == "" {
			return nil
		}
		s.rec.cut = cut
		if err := s.sealLive(); err != nil {
			s.log.Warn("segment's end", "err", err)
		}
	}
	return s.newSegment()
}

func hasVideo(ts []trackStat) bool {
	return slices.ContainsFunc(ts, func(t trackStat) bool { return t.Kind == media.Video && t.Units > 0 })
}

// newSegment begins the next segment of the run.
func (s *Bolt) newSegment() error {
	s.mu.Lock()
	r := s.cat.run(s.rec.run)
	h := head{
		Run: r.run, Seq: s.rec.seq + 1, Before: s.rec.before, Cut: s.rec.cut,
		Open: openGaps(r.gaps), Anchors: lastAnchors(r.anchors),
	}
	s.mu.Unlock()
	l, err := makeSegment(s.dir, h, s.o)
	if errors.Is(err, fs.ErrNotExist) { // somebody has deleted the directories
		if err = s.remake(); err == nil {
			l, err = makeSegment(s.dir, h, s.o)
		}
	}
	if err != nil {
		return err
	}
	if err := s.notes.restore(); err != nil {
		s.log.Warn("notes are deleted and not restored yet", "err", err)
	}
	s.rec.seq++
	s.rec.before = 0
	s.live = l
	s.mu.Lock()
	s.cat.insert(l.seg)
	s.mu.Unlock()
	s.log.Info("segment begun", "file", l.seg.id.name(), "why", h.Cut)
	return nil
}

// write commits b to the live segment.
func (s *Bolt) write(b *media.Block, size int, stats []trackStat) (blockHead, error) {
	l := s.live
	n := l.seg.sum.Blocks + 1
	h := s.rec.head(b, Ref{l.seg.id.run, l.seg.id.seq, n}, stats)
	err := s.o.fail(atCommit)
	if err == nil {
		err = l.put(n, h.encode(), l.tables(b, size, stats))
		if err == nil {
			err = s.o.fail(atCommitted)
		}
		if err == nil {
			err = l.measure()
		}
		if err != nil && (!noSpace(err) || l.visible(n)) {
			s.leave(err)
		}
	}
	if err != nil {
		return h, err
	}
	if n == 1 {
		l.start = b.At
	}
	l.firsts = append(l.firsts, h.First)
	s.rec.took(b, h)
	s.mu.Lock()
	s.cat.append(l.seg, h.owned())
	l.seg.disk = l.used
	s.mu.Unlock()
	return h, nil
}

// owned is h with nothing that the caller of Commit may change.
func (h blockHead) owned() blockHead {
	h.Gaps, h.Anchors = slices.Clone(h.Gaps), slices.Clone(h.Anchors)
	for i := range h.Tracks {
		h.Tracks[i].Config = slices.Clone(h.Tracks[i].Config)
	}
	return h
}

// leave gives the live segment up after a failure that may have left a block in
// it that was not acknowledged, or a map that cannot be trusted.
func (s *Bolt) leave(err error) {
	s.log.Error("segment is left after a failure; recording goes on in the next", "file", s.live.seg.id.name(), "err", err)
	s.rec.cut, s.rec.before = cutError, s.live.seg.sum.Blocks
	s.live.abandon()
	s.closedFile(s.live)
	s.live = nil
}

// leaveDeleted gives the live segment up after somebody has deleted its file:
// what is written to it would be gone when it is closed.
func (s *Bolt) leaveDeleted() {
	id := s.live.seg.id
	s.leave(errors.New("its file was deleted"))
	s.mu.Lock()
	s.cat.remove(id)
	s.mu.Unlock()
	s.files.forget(id)
}

// remake makes the camera's directories again, and the lock in them.
func (s *Bolt) remake() error {
	if err := makeDirs(s.dir); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(s.dir, lockName)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	lock, err := takeLock(s.dir)
	if err != nil {
		return err
	}
	err = s.lock.Close()
	s.lock = lock
	return err
}

// closedFile tells the catalog that a segment is no longer written.
func (s *Bolt) closedFile(l *live) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.seg.size, l.seg.disk, l.seg.floors = max(l.size, 1), l.disk, nil
}

// noteAnchors copies a block's anchors into the notes, before they are in the
// block. They are true without it, and it has them without the notes: a failure waits for the next time.
func (s *Bolt) noteAnchors(b *media.Block) {
	err := s.o.fail(atAnchorsNoted)
	if err == nil {
		err = s.notes.addAnchors(b.Run, b.Anchors)
	}
	if err != nil {
		s.log.Warn("anchors are not noted yet", "err", err)
	}
}

// sealLive ends the live segment, if there is one, and enters it into the index.
func (s *Bolt) sealLive() error {
	l := s.live
	if l == nil {
		return nil
	}
	s.live = nil
	if s.rec != nil {
		s.rec.before = l.seg.sum.Blocks
	}
	err := l.seal()
	s.closedFile(l)
	e := indexEntry{l.seg.sum, l.size}
	if e.size > 0 {
		err = errors.Join(err, s.o.fail(atIndexed), s.index.update([]indexEntry{e}, nil))
	}
	lasted := time.Duration(0)
	if s.rec != nil {
		lasted = s.rec.at - l.start
	}
	s.log.Info("segment ended", "file", l.seg.id.name(), "blocks", e.sum.Blocks, "lasted", lasted, "bytes", l.used)
	return err
}
