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
