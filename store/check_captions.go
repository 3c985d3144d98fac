package store

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"

	"hindsight/media"
)

// checkedMonth is what the check keeps of one notes file.
type checkedMonth struct {
	runs media.Run // the highest number that any counter says
	last uint64    // what the file's own counter says of captions
	ids  []uint64

	mark  uint64 // what the file's own counter says of marks
	marks []media.Mark
}

// checkMonths checks what was spoken, file by file.
func (c *checker) checkMonths(n *notes) {
	names, err := n.months()
	if err != nil {
		c.broken(4, "%v", err)
		return
	}
	files := map[uint64]string{} // where each caption stands
	marks := map[uint64]string{}
	stops := 0
	for _, name := range names {
		c.file = filepath.Join(notesDir, name)
		x := c.month(n, name)
		for _, id := range x.ids {
			if had, ok := files[id]; ok {
				c.broken(21, "caption %d stands in %s too", id, had)
			}
			files[id] = name
		}
		for _, m := range x.marks {
			if had, ok := marks[m.ID]; ok {
				c.broken(26, "%v %d stands in %s too", m.Kind, m.ID, had)
			}
			marks[m.ID] = name
			if m.Kind == media.Stop {
				stops++
			}
		}
	}
	if stops > 1 {
		c.broken(27, "recording is said to be stopped %d times", stops)
	}
	c.checkSearch()
}

// month checks one notes file, in one state of it, and returns what it holds.
func (c *checker) month(n *notes, name string) checkedMonth {
	f, err := os.Open(filepath.Join(n.dir, name))
	if err != nil {
		return checkedMonth{} // removed meanwhile
	}
	defer f.Close()
	before := len(c.report.Broken)
	var x checkedMonth
	err = noteFile{name, f}.read(func(t tree) error {
		c.report.Broken = c.report.Broken[:before] // of a state that was overtaken
		x = checkedMonth{runs: n.run}
		if err := t.sound(); err != nil {
			c.broken(2, "%v", err)
			return nil
		}
		_ = t.eachIn(countersBucket, func(key, value []byte) error { // what is wrong with them was told
			v, err := decodeCounter(value)
			switch string(key) {
			case string(captionCounter):
				x.last = uint64(v)
			case string(markCounter):
				x.mark = uint64(v)
			case string(runCounter):
				x.runs = max(x.runs, media.Run(v))
			}
			return err
		})
		c.spoken(t, &x)
		c.monthHeard(t, &x)
		c.monthMarks(t, &x)
		c.monthDeleted(t, &x)
		return nil
	})
	if err != nil {
		c.broken(2, "%v", err)
	}
	c.report.Captions += len(x.ids)
	c.report.Marks += len(x.marks)
	return x
}

// spoken checks the captions of a file and what leads to them.
func (c *checker) spoken(t tree, x *checkedMonth) {
	models, err := t.models()
	if err != nil {
		c.broken(4, "%v", err)
	}
	places := c.places(t, placesBucket)
	edited := c.places(t, editedBucket)
	err = t.eachIn(captionsBucket, func(key, value []byte) error {
		p, err := parsePlace(key)
		if err != nil {
			c.broken(20, "key %x is no place of a caption", key)
			return nil
		}
		m, model, err := decodeCaption(value)
		if err != nil {
			c.broken(4, "caption %d: %v", p.id, err)
			delete(places, p.id)
			return nil
		}
		if placeOf(m) != p {
			c.broken(20, "caption %d says that it is %d at %v", p.id, m.ID, m.Position())
		}
		if places[p.id] != p {
			c.broken(20, "caption %d at %v is not among the places", p.id, p.Position)
		}
		delete(places, p.id)
		var known bool
		if m.Model, known = models[model]; !known {
			c.broken(22, "caption %d: its model, number %d, is missing", p.id, model)
		} else if err := checkCaption(m, x.runs); err != nil {
			c.broken(22, "caption %d: %v", p.id, err)
		}
		if e, ok := edited[p.id]; m.Original != "" && !ok || ok && e != p {
			c.broken(20, "caption %d is changed by hand, and not among those that are", p.id)
		}
		delete(edited, p.id)
		if p.id > x.last {
			c.broken(21, "caption %d is above the counter, %d", p.id, x.last)
		}
		x.ids = append(x.ids, p.id)
		return nil
	})
	if err != nil {
		c.broken(4, "%v", err)
	}
	for id := range places {
		c.broken(20, "there is no caption %d at the place that is noted for it", id)
	}
	for id := range edited {
		c.broken(20, "there is no caption %d that could be changed by hand", id)
	}
}

// places reads a bucket of places.
func (c *checker) places(t tree, name []byte) map[uint64]place {
	all := map[uint64]place{}
	err := t.eachIn(name, func(key, value []byte) error {
		p, err := parseItem(leafItem{key: key, value: value})
		if err != nil {
			c.broken(4, "%s: %v", name, err)
		} else {
			all[p.id] = p
		}
		return nil
	})
	if err != nil {
		c.broken(4, "%v", err)
	}
	return all
}

// monthHeard checks what a file says of hearing, and of captions that are void.
func (c *checker) monthHeard(t tree, x *checkedMonth) {
	err := t.eachIn(heardBucket, func(key, value []byte) error {
		h, err := decodeChunk(value)
		if err != nil {
			c.broken(4, "%s %x: %v", heardBucket, key, err)
			return nil
		}
		if string(h.key()) != string(key) {
			c.broken(23, "hour %d of run %d, track %d, stands in the place of another", h.hour, h.run, h.track)
		}
		if h.run > x.runs {
			c.broken(23, "hearing of run %d, and the last run is %d", h.run, x.runs)
		}
		end := h.begin()
		for _, s := range h.list {
			if s.from < end || s.until <= s.from || s.until > h.begin()+heardChunk {
				c.broken(23, "run %d, track %d: heard from %v to %v in hour %d, behind %v", h.run, h.track, s.from, s.until, h.hour, end)
			}
			end = max(end, s.until)
		}
		return nil
	})
	if err != nil {
		c.broken(4, "%v", err)
	}
	err = t.eachIn(voidBucket, func(key, value []byte) error {
		v, err := decodeVoid(value)
		switch {
		case err != nil:
			c.broken(4, "%s %x: %v", voidBucket, key, err)
		case len(key) != 8 || binary.BigEndian.Uint64(key) != v.last:
			c.broken(24, "a void of captions up to %d stands in the place of another", v.last)
		case v.last > x.last:
			c.broken(24, "captions up to %d are void, and the last is %d", v.last, x.last)
		}
		return nil
	})
	if err != nil {
		c.broken(4, "%v", err)
	}
}

// checkSearch checks the search index for itself: what it says that the notes do not is never shown.
func (c *checker) checkSearch() {
	names, err := listDir(filepath.Join(c.dir, searchDir))
	if err != nil {
		c.file = searchDir
		c.broken(25, "%v", err)
		return
	}
	for _, name := range names {
		c.file = filepath.Join(searchDir, name)
		if !strings.HasSuffix(name, searchSuffix) {
			continue
		}
		f, err := os.Open(filepath.Join(c.dir, c.file))
		if err != nil {
			continue // removed meanwhile
		}
		c.searchFile(f)
		f.Close()
	}
}

// searchFile checks one file of the search index. It is not synced: a block that is damaged is no fault.
func (c *checker) searchFile(f *os.File) {
	head := make([]byte, searchHead)
	if _, err := f.ReadAt(head, 0); err != nil {
		return // a crash when it was made
	}
	if _, err := openRecord(head, magicSearch); err != nil {
		c.broken(25, "%v; delete it, the next search builds it anew", err)
		return
	}
	x := &searchIndex{}
	last, end := uint64(0), int64(searchHead)
	for {
		e, size, err := x.block(f, end)
		if err != nil {
			break // the file ends here: what follows is written again
		}
		for i := range e.len() {
			id := e.mark(i).ID
			if id <= last {
				c.broken(25, "caption %d follows %d", id, last)
				return
			}
			last = id
		}
		end += size
	}
	// The notes as they are now: they were written first.
	n, err := openNotes(filepath.Join(c.dir, notesDir), Options{ReadOnly: true}.defaults())
	if err == nil && last > n.caption {
		c.broken(25, "caption %d is above the counter, %d", last, n.caption)
	}
}
