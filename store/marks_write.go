package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"hindsight/media"
)

// Marks are those of a kind.
func (s *Bolt) Marks(kind media.MarkKind) []media.Mark { return s.notes.marksOf(kind) }

func (n *notes) marksOf(kind media.MarkKind) []media.Mark {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []media.Mark
	for _, m := range n.marks {
		if m.Kind == kind {
			out = append(out, m.Mark)
		}
	}
	return sortMarks(out)
}

// MarksRevision rises with every change.
func (s *Bolt) MarksRevision() uint64 {
	s.notes.mu.Lock()
	defer s.notes.mu.Unlock()
	return s.notes.marked
}

// AddMark keeps a mark.
func (s *Bolt) AddMark(m media.Mark) (media.Mark, error) {
	n := s.notes
	n.caps.Lock()
	defer n.caps.Unlock()
	if err := s.writable(); err != nil {
		return m, err
	}
	n.mu.Lock()
	runs, last, all := n.run, n.mark, n.everyMark()
	n.mu.Unlock()
	m.ID = 0
	if err := admitMark(m, runs, all); err != nil {
		return m, err
	}
	if len(all) >= maxMarks || last == ^uint32(0) {
		return m, fmt.Errorf("store: mark not kept: %d are kept already; delete some", len(all))
	}
	m.ID = uint64(last) + 1
	now, _ := n.clock.Wall()
	m.Created, m.Changed = now.UTC().Round(0), now.UTC().Round(0)
	k := keptMark{m, filepath.Base(n.path())}
	err := n.changeMark(k, true, func(tx *bolt.Tx) error {
		return errors.Join(putCounter(tx, markCounter, last+1), putIn(tx, markBuckets[m.Kind], idKey(m.ID), encodeMark(m)))
	})
	if err != nil {
		return m, fmt.Errorf("store: %v not kept: %w", m.Kind, err)
	}
	return m, nil
}

// EditMark changes a mark where it stands.
func (s *Bolt) EditMark(kind media.MarkKind, id uint64, change func(*media.Mark)) (media.Mark, error) {
	n := s.notes
	n.caps.Lock()
	defer n.caps.Unlock()
	k, err := s.markToChange(kind, id)
	if err != nil {
		return media.Mark{}, err
	}
	n.mu.Lock()
	runs, all := n.run, n.everyMark()
	n.mu.Unlock()
	now, _ := n.clock.Wall()
	k.Mark = editedMark(k.Mark, change, now.Round(0))
	if err := admitMark(k.Mark, runs, all); err != nil {
		return media.Mark{}, err
	}
	err = n.changeMark(k, true, func(tx *bolt.Tx) error { return putIn(tx, markBuckets[kind], idKey(id), encodeMark(k.Mark)) })
	if err != nil {
		return media.Mark{}, fmt.Errorf("store: %v %d not changed: %w", kind, id, err)
	}
	return k.Mark, nil
}

// DeleteMark deletes a mark where it stands.
func (s *Bolt) DeleteMark(kind media.MarkKind, id uint64) error {
	s.notes.caps.Lock()
	defer s.notes.caps.Unlock()
	k, err := s.markToChange(kind, id)
	if err != nil {
		return err
	}
	if err := s.notes.deleteOne(k); err != nil {
		return fmt.Errorf("store: %v %d not deleted: %w", kind, id, err)
	}
	return nil
}

// deleteOne deletes a mark that there is. The caller holds caps.
func (n *notes) deleteOne(k keptMark) error {
	return n.changeMark(k, false, func(tx *bolt.Tx) error { return deleteMark(tx, k.Kind, k.ID) })
}

func deleteMark(tx *bolt.Tx, kind media.MarkKind, id uint64) error {
	if b := tx.Bucket(markBuckets[kind]); b != nil {
		return b.Delete(idKey(id))
	}
	return nil
}

// markToChange is a mark that there is, in a store that can be written. The caller holds caps.
func (s *Bolt) markToChange(kind media.MarkKind, id uint64) (keptMark, error) {
	if err := s.writable(); err != nil {
		return keptMark{}, err
	}
	s.notes.mu.Lock()
	defer s.notes.mu.Unlock()
	k, ok := s.notes.marks[id]
	if !ok || k.Kind != kind {
		return keptMark{}, fmt.Errorf("%v %d: %w", kind, id, ErrNoMark)
	}
	return k, nil
}

// everyMark are those of all kinds. The caller holds mu.
func (n *notes) everyMark() []media.Mark {
	all := make([]media.Mark, 0, len(n.marks))
	for _, m := range n.marks {
		all = append(all, m.Mark)
	}
	return all
}

// changeMark makes the transaction that puts (stays) or deletes k, and then
// says so to everybody. The caller holds caps.
func (n *notes) changeMark(k keptMark, stays bool, fn func(*bolt.Tx) error) error {
	if err := n.settleMarks(); err != nil {
		return err
	}
	err := n.o.fail(atMark)
	if err == nil {
		if err = n.updateMarks(k.file, fn); err == nil {
			err = n.o.fail(atMarkKept)
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		n.mark = max(n.mark, uint32(k.ID)) // also when it failed: nobody knows what the disk has
	}
	switch {
	case err != nil:
		n.unsure = append(n.unsure, k)
		return err
	case stays:
		n.marks[k.ID] = k
	default:
		delete(n.marks, k.ID)
	}
	n.marked++
	return nil
}

// updateMarks is update in a file that is trusted first. A file that somebody has deleted is made again.
func (n *notes) updateMarks(file string, fn func(*bolt.Tx) error) error {
	path := filepath.Join(n.dir, file)
	if err := n.trust(path); err != nil {
		return err
	}
	n.disk.Lock()
	defer n.disk.Unlock()
	return n.update(path, fn)
}

// settleMarks puts right what a change that failed may have left on the disk. The caller holds caps.
func (n *notes) settleMarks() error {
	for len(n.unsure) > 0 {
		k := n.unsure[0]
		if _, err := os.Lstat(filepath.Join(n.dir, k.file)); !errors.Is(err, fs.ErrNotExist) {
			n.mu.Lock()
			was, stays := n.marks[k.ID]
			n.mu.Unlock()
			err := n.updateMarks(k.file, func(tx *bolt.Tx) error {
				if stays {
					return putIn(tx, markBuckets[k.Kind], idKey(k.ID), encodeMark(was.Mark))
				}
				return deleteMark(tx, k.Kind, k.ID)
			})
			if err != nil {
				return err
			}
		}
		n.unsure = n.unsure[1:]
	}
	return nil
}

// takeMark learns a mark of a file.
func (n *notes) takeMark(kind media.MarkKind, file string) func(key, value []byte) error {
	return func(key, value []byte) error {
		m, err := readMark(kind, key, value)
		if err == nil {
			n.marks[m.ID] = keptMark{m, file}
			n.mark = max(n.mark, uint32(m.ID))
		}
		return err
	}
}

// putMarks writes all marks into the file of which this is a transaction, when all files are gone.
func (n *notes) putMarks(tx *bolt.Tx) (err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, m := range n.marks {
		err = errors.Join(err, putIn(tx, markBuckets[m.Kind], idKey(m.ID), encodeMark(m.Mark)))
	}
	return err
}
