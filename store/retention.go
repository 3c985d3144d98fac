package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// DropOldest deletes the oldest segment that is not being written and that no pin holds.
func (s *Bolt) DropOldest() (freed int64, err error) {
	s.dropping.Lock()
	defer s.dropping.Unlock()
	if err := s.writable(); err != nil {
		return 0, err
	}
	seg := s.toDrop()
	if seg == nil {
		return 0, ErrNoBlock
	}
	freed, err = s.drop(seg)
	if err != nil {
		return 0, fmt.Errorf("store: segment %s is not deleted: %w", seg.id.name(), err)
	}
	s.log.Info("segment deleted", "file", seg.id.name(), "blocks", seg.sum.Blocks, "bytes", freed)
	err = s.o.fail(atCaptionsDropped)
	if err == nil {
		_, err = s.ExpireCaptions()
	}
	if err != nil {
		s.log.Warn("captions without media stay until the next segment goes", "err", err)
	}
	return freed, nil
}

// drop deletes a segment in the order of FORMAT.md section 5.
func (s *Bolt) drop(seg *segment) (int64, error) {
	if err := s.o.fail(atDropNoted); err != nil {
		return 0, err
	}
	if err := s.noteDrop(seg); err != nil {
		if !noSpace(err) {
			return 0, err
		}
		s.log.Warn("anchors are not noted yet", "err", err) // they are once this has made room
	}
	if err := s.o.fail(atDropIndexed); err != nil {
		return 0, err
	}
	if err := s.index.update(nil, []segmentID{seg.id}); err != nil {
		s.log.Warn("index entry of a deleted segment stays", "err", err)
	}
	if err := s.o.fail(atDropUnlinked); err != nil {
		return 0, err
	}
	path := seg.id.path(s.dir)
	freed := seg.disk
	if fi, err := os.Stat(path); err == nil {
		freed = diskBytes(fi)
	}
	if err := s.unlink(seg.id); err != nil {
		return 0, err
	}
	if err := s.o.fail(atDropSynced); err != nil {
		return 0, err
	}
	return freed, syncDir(filepath.Dir(path))
}

// unlink removes a segment's file, and what is known of it. The directory is still to be synced.
func (s *Bolt) unlink(id segmentID) error {
	if err := os.Remove(id.path(s.dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.mu.Lock()
	s.cat.remove(id)
	s.mu.Unlock()
	s.files.forget(id)
	return nil
}

// noteDrop puts into the notes what is known of a segment only by itself, and,
// when something older is kept, that it is deleted.
func (s *Bolt) noteDrop(seg *segment) error {
	s.mu.RLock()
	oldest := s.cat.segments[0] == seg
	s.mu.RUnlock()
	if oldest {
		return s.notes.addAnchors(seg.id.run, seg.sum.Anchors)
	}
	return s.notes.noteDeletion(s.hole(seg), seg.sum.Anchors)
}
