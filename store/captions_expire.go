package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"hindsight/media"
)

// ExpireCaptions deletes the captions that are wholly before the oldest block
// kept, and older than Options.KeepCaptions, with what was said of hearing there. Months
// that are over lose their files with the last of it, or get smaller ones. DropOldest calls it.
func (s *Bolt) ExpireCaptions() (int, error) {
	s.notes.caps.Lock()
	defer s.notes.caps.Unlock()
	if err := s.writable(); err != nil {
		return 0, err
	}
	p, ok := s.captionsFrom()
	if !ok {
		return 0, nil
	}
	s.mu.RLock()
	kept := s.cat.kept()
	s.mu.RUnlock()
	n, err := s.notes.expire(p, kept)
	if err != nil {
		return n, fmt.Errorf("store: captions before %v: %w", p, err)
	}
	return n, nil
}

// captionsFrom is where the captions begin that are to be kept; ok is false
// when all are.
func (s *Bolt) captionsFrom() (p media.Position, ok bool) {
	p = s.mediaFrom()
	switch keep := s.o.KeepCaptions; {
	case keep < 0:
		return p, false
	case keep > 0:
		now, trusted := s.o.Clock.Wall()
		if !trusted {
			return p, false
		}
		s.notes.mu.Lock()
		defer s.notes.mu.Unlock()
		return agedBefore(s.notes.anchors, p, now.Add(-keep)), true
	}
	return p, true
}

// mediaFrom is where the oldest block kept begins. A run whose oldest segment cannot be read is kept whole.
func (s *Bolt) mediaFrom() media.Position {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, seg := range s.cat.segments {
		if seg.bad != nil {
			return media.Position{Run: seg.id.run}
		}
		if seg.sum.Blocks > 0 {
			return media.Position{Run: seg.id.run, Time: max(seg.floor, 0)}
		}
	}
	run, _ := s.notes.counted()
	if run != s.begun { // nothing is kept of it, and nothing comes
		run++
	}
	return media.Position{Run: run}
}

// agedBefore is the last position, at most p, that is certain to lie before a
// wall time: of the newest run that is dated and reached it.
func agedBefore(all map[media.Run]media.Anchors, p media.Position, wall time.Time) media.Position {
	var aged media.Position
	for run, as := range all {
		if !as.Trusted() || !as.Wall(0).Before(wall) {
			continue
		}
		at := media.Position{Run: run, Time: max(as.Media(wall), 0)}
		if p.Before(at) {
			at = p
		}
		if aged.Before(at) {
			aged = at
		}
	}
	return aged
}

// wholly reports whether c lies before p.
func wholly(c media.Caption, p media.Position) bool {
	return c.Run < p.Run || c.Run == p.Run && c.End <= p.Time && c.Start < p.Time
}

// expire deletes what lies wholly before p, and captions in the holes between
// what is kept, and returns how many captions. The caller holds caps.
func (n *notes) expire(p media.Position, kept []keptRange) (count int, err error) {
	scan := p
	if len(kept) > 1 && kept[0].from == p { // else captions are kept longer than their media
		scan = kept[len(kept)-1].from
	}
	gone, err := n.find(span{until: firstKey(scan)}, func(c media.Caption) bool { return wholly(c, p) || scan != p && outside(kept, c) })
	if err != nil {
		return 0, err
	}
	names, err := n.months()
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		path := filepath.Join(n.dir, name)
		count += len(gone[name])
		if err = n.delete(path, gone[name]); err == nil {
			err = n.unhear(path, p)
		}
		if err == nil {
			err = n.forgetOld(name, p)
		}
		if err == nil {
			err = n.shrink(path)
		}
		if err != nil {
			return count, err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.heard.forget(p)
	n.deleted = slices.DeleteFunc(n.deleted, func(d deletion) bool { return d.before(p) })
	return count, nil
}

// forgetOld deletes a file's bookmarks, sessions that are over, and deletions that lie wholly before p.
func (n *notes) forgetOld(name string, p media.Position) error {
	n.mu.Lock()
	var old []media.Mark
	for _, m := range n.marks {
		if m.file == name && m.wholly(p) {
			old = append(old, m.Mark)
		}
	}
	gone := slices.ContainsFunc(n.deleted, func(d deletion) bool { return d.before(p) })
	n.mu.Unlock()
	var keys [][]byte
	if gone {
		err := n.reading(filepath.Join(n.dir, name), func(t tree) error {
			keys = nil
			return t.eachIn(deletedBucket, func(key, value []byte) error {
				d, err := decodeDeletion(value)
				if err == nil && d.before(p) {
					keys = append(keys, key)
				}
				return err
			})
		})
		if err != nil {
			return err
		}
	}
	if len(old) == 0 && len(keys) == 0 {
		return nil
	}
	err := n.updateMarks(name, func(tx *bolt.Tx) error {
		for _, m := range old {
			if err := deleteMark(tx, m.Kind, m.ID); err != nil {
				return err
			}
		}
		for _, k := range keys {
			if err := tx.Bucket(deletedBucket).Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, m := range old {
		delete(n.marks, m.ID)
		n.marked++
	}
	return nil
}

// before reports whether the deletion lies wholly before p.
func (d deletion) before(p media.Position) bool {
	return !p.Before(media.Position{Run: d.run, Time: d.until})
}

// wholly reports whether retention takes m with what is recorded before p: a
// bookmark, or a session that is over. Pins and stops go when somebody wants it.
func (m keptMark) wholly(p media.Position) bool {
	switch {
	case m.Kind == media.Bookmark:
		return m.From.Before(p)
	case m.Kind == media.Session && m.By == media.ByRun:
		return m.From.Run < p.Run
	case m.Kind == media.Session:
		return !m.Open() && !p.Before(m.Until)
	}
	return false
}

// unhear deletes a file's records of hours that lie wholly before p.
func (n *notes) unhear(path string, p media.Position) error {
	var keys [][]byte
	err := n.reading(path, func(t tree) error {
		keys = nil
		return t.eachIn(heardBucket, func(key, value []byte) error {
			c, err := decodeChunk(value)
			if err == nil && (c.run < p.Run || c.run == p.Run && c.begin()+heardChunk <= p.Time) {
				keys = append(keys, key)
			}
			return err
		})
	})
	if err != nil || len(keys) == 0 {
		return err
	}
	if err := n.trust(path); err != nil {
		return err
	}
	n.disk.Lock()
	defer n.disk.Unlock()
	return n.update(path, func(tx *bolt.Tx) error {
		b := tx.Bucket(heardBucket)
		for _, k := range keys {
			if err := b.Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
}

// reading calls fn with a state of a file, if there is one.
func (n *notes) reading(path string, fn func(tree) error) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return noteFile{filepath.Base(path), f}.read(fn)
}

// shrink removes the file of a month that is over and holds nothing that
// others lack, and writes one anew of which more than half is waste: a bbolt file never shrinks.
func (n *notes) shrink(path string) error {
	if path == n.path() {
		return nil
	}
	holds, waste := true, false
	var anchors []media.Run
	err := n.reading(path, func(t tree) error {
		holds, anchors = false, nil
		for _, b := range keepsMonth {
			err := t.eachIn(b, func(_, _ []byte) error { return errStop })
			holds = holds || err != nil
		}
		free, err := t.freePages()
		if err != nil {
			return err
		}
		waste = free > n.o.slack && 2*uint64(free) > t.high
		return t.eachIn(anchorsBucket, func(_, value []byte) error {
			run, _, err := decodeAnchor(value)
			anchors = append(anchors, run)
			return err
		})
	})
	switch {
	case err != nil:
		return err
	case !holds:
		return n.removeMonth(path, anchors)
	case waste:
		return n.copyMonth(path)
	}
	return nil
}

// keepsMonth are the buckets for whose sake the file of a month that is over stays.
var keepsMonth = [][]byte{captionsBucket, placesBucket, heardBucket, voidBucket, deletedBucket,
	markBuckets[media.Bookmark], markBuckets[media.Pin], markBuckets[media.Session], markBuckets[media.Stop]}

// errStop ends a walk.
var errStop = errors.New("enough")

// removeMonth unlinks a file after this month's has what it alone had: counters, tracks, anchors.
func (n *notes) removeMonth(path string, runs []media.Run) error {
	if err := n.o.fail(atMonthCarried); err != nil {
		return err
	}
	n.disk.Lock()
	defer n.disk.Unlock()
	if path == n.path() { // the clock went back
		return nil
	}
	anchors := map[media.Run]media.Anchors{}
	n.mu.Lock()
	for _, run := range runs {
		anchors[run] = n.anchors[run]
	}
	n.mu.Unlock()
	if err := n.write(func(tx *bolt.Tx) error { return errors.Join(n.carryOver(tx), putAnchors(tx, anchors)) }); err != nil {
		return err
	}
	if err := n.o.fail(atMonthRemoved); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	delete(n.trusted, filepath.Base(path))
	n.removed(filepath.Base(path))
	n.log.Info("notes of a month are removed: nothing of it is kept", "file", path)
	return syncDir(n.dir)
}

// copyMonth puts a copy without waste in the place of a file.
func (n *notes) copyMonth(path string) error {
	if err := n.o.fail(atMonthCopied); err != nil {
		return err
	}
	if err := n.trust(path); err != nil {
		return err
	}
	n.disk.Lock()
	defer n.disk.Unlock()
	if path == n.path() { // the clock went back
		return nil
	}
	if _, err := copyNotes(path, path+newSuffix); err != nil {
		return err
	}
	if err := n.o.fail(atMonthReplaced); err != nil {
		return err
	}
	if err := os.Rename(path+newSuffix, path); err != nil {
		return err
	}
	n.log.Info("notes of a month take less room", "file", path)
	return syncDir(n.dir)
}
