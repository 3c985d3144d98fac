package store

import "hindsight/media"

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
