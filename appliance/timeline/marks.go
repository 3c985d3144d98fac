package timeline

import (
	"hindsight/media"
	"hindsight/store"
)

// ErrNoMark says that there is no mark of that kind and number (any more); see package store.
var ErrNoMark = store.ErrNoMark

// InvalidMarkError says which rule a mark breaks.
type InvalidMarkError = store.InvalidMarkError

// Marks are the bookmarks, pins, sessions or stops, by From, then by number.
func (t *Timeline) Marks(kind media.MarkKind) []media.Mark { return t.o.Store.Marks(kind) }

// AddMark keeps a bookmark or pin durably; see store.Marks. Sessions and stops are made by Record and Stop.
func (t *Timeline) AddMark(m media.Mark) (media.Mark, error) {
	m, err := t.o.Store.AddMark(m)
	return m, t.marked(err)
}

// EditMark changes a mark durably; see store.Marks.
func (t *Timeline) EditMark(kind media.MarkKind, id uint64, change func(*media.Mark)) (media.Mark, error) {
	m, err := t.o.Store.EditMark(kind, id, change)
	return m, t.marked(err)
}

// DeleteMark deletes a mark durably; see store.Marks.
func (t *Timeline) DeleteMark(kind media.MarkKind, id uint64) error {
	return t.marked(t.o.Store.DeleteMark(kind, id))
}

// MarksRevision rises with every change of a mark: a list of them is as it was while it stands.
func (t *Timeline) MarksRevision() uint64 { return t.o.Store.MarksRevision() }

// MarksChanged is closed at the next change of a mark, or when recording is stopped or goes on.
func (t *Timeline) MarksChanged() <-chan struct{} { return *t.marks.Load() }

// marked tells those who wait for changes, and says which camera an error is of.
func (t *Timeline) marked(err error) error {
	if err == nil {
		next := make(chan struct{})
		close(*t.marks.Swap(&next))
	}
	return t.captionError(err)
}
