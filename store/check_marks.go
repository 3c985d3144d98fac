package store

import (
	"path/filepath"
	"slices"

	"hindsight/media"
)

// monthMarks checks the marks of a notes file.
func (c *checker) monthMarks(t tree, x *checkedMonth) {
	for _, kind := range markKinds {
		err := t.eachIn(markBuckets[kind], func(key, value []byte) error {
			m, err := decodeMark(value)
			if err != nil {
				c.broken(4, "%v %x: %v", kind, key, err)
				return nil
			}
			c.mark(kind, key, m, x)
			x.marks = append(x.marks, m)
			return nil
		})
		if err != nil {
			c.broken(4, "%v", err)
		}
	}
}

// mark checks a mark that stands in the bucket of a kind at a key.
func (c *checker) mark(kind media.MarkKind, key []byte, m media.Mark, x *checkedMonth) {
	if m.Kind != kind || string(idKey(m.ID)) != string(key) {
		c.broken(26, "%v %d stands in the place of another, among the %ss at %x", m.Kind, m.ID, kind, key)
	}
	if m.ID > x.mark {
		c.broken(26, "%v %d is above the counter, %d", kind, m.ID, x.mark)
	}
	if err := checkMark(m, x.runs); err != nil {
		c.broken(27, "%v %d: %v", kind, m.ID, err)
	}
}

// deletions learns what was deleted, before the segments are checked. What is wrong with the notes is told later.
func (c *checker) deletions() {
	if n, err := openNotes(filepath.Join(c.dir, notesDir), Options{ReadOnly: true}.defaults()); err == nil {
		c.deleted = n.deleted
	}
}

// told reports whether deletions name every segment from id until the one given.
func (c *checker) told(id, until segmentID) bool {
	for ; id.seq < until.seq; id.seq++ {
		if !slices.ContainsFunc(c.deleted, func(d deletion) bool { return d.names(id) }) {
			return false
		}
	}
	return true
}

// monthDeleted checks the deletions of a notes file.
func (c *checker) monthDeleted(t tree, x *checkedMonth) {
	err := t.eachIn(deletedBucket, func(key, value []byte) error {
		d, err := decodeDeletion(value)
		if err != nil {
			c.broken(4, "%s %x: %v", deletedBucket, key, err)
			return nil
		}
		if string(d.key()) != string(key) {
			c.broken(28, "a deletion of run %d at %v stands in the place of another", d.run, d.from)
		}
		if err := d.check(x.runs); err != nil {
			c.broken(28, "a deletion of run %d at %v: %v", d.run, d.from, err)
		}
		return nil
	})
	if err != nil {
		c.broken(4, "%v", err)
	}
	for _, s := range c.order {
		for _, d := range c.deleted {
			if d.by == byPerson && d.state == done && d.names(s.id) {
				c.broken(28, "segment %s is there, and a deletion says that it is not", s.id.name())
			}
		}
	}
}

// spared tells of a unit that lies in a range which a person deleted.
func (c *checker) spared(run media.Run, u media.Unit) {
	for _, d := range c.deleted {
		if d.by == byPerson && d.state == done && d.run == run && d.from <= u.DTS && u.DTS < d.until {
			c.broken(28, "track %d has a unit at %v, and %v to %v is deleted", u.Track, u.DTS, d.from, d.until)
			return
		}
	}
}
