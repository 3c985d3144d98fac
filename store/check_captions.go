package store

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"

	"hindsight/media"
)

// checkedNotes is what the check keeps of all notes files.
type checkedNotes struct {
	runs   media.Run
	last   uint64            // number of a caption
	voided uint64            // the highest that is void
	files  map[uint64]string // where each caption stands
}

// checkMonths checks what was spoken, file by file.
func (c *checker) checkMonths(n *notes) {
	names, err := n.months()
	if err != nil {
		c.broken(4, "%v", err)
		return
	}
	x := checkedNotes{runs: n.run, files: map[uint64]string{}}
	for _, name := range names {
		c.file = filepath.Join(notesDir, name)
		c.month(n, &x, name)
	}
	c.file = notesDir
	if x.voided > n.caption {
		c.broken(24, "captions up to %d are void, and the last is %d", x.voided, n.caption)
	}
	if x.last > n.caption {
		c.broken(21, "caption %d is above the counter, %d", x.last, n.caption)
	}
	c.checkSearch(n)
}

// month checks one notes file, in one state of it.
func (c *checker) month(n *notes, x *checkedNotes, name string) {
	f, err := os.Open(filepath.Join(n.dir, name))
	if err != nil {
		return // removed meanwhile
	}
	defer f.Close()
	before := len(c.report.Broken)
	count := c.report.Captions
	err = noteFile{name, f}.read(func(t tree) error {
		c.report.Broken, c.report.Captions = c.report.Broken[:before], count // of a state that was overtaken
		if err := t.sound(); err != nil {
			c.broken(2, "%v", err)
			return nil
		}
		c.spoken(t, x, name)
		c.monthHeard(t, x)
		return nil
	})
	if err != nil {
		c.broken(2, "%v", err)
	}
}

// spoken checks the captions of a file and what leads to them.
func (c *checker) spoken(t tree, x *checkedNotes, name string) {
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
		if had, ok := x.files[p.id]; ok {
			c.broken(21, "caption %d stands in %s too", p.id, had)
		}
		x.files[p.id] = name
		x.last = max(x.last, p.id)
		c.report.Captions++
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
func (c *checker) monthHeard(t tree, x *checkedNotes) {
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
		}
		x.voided = max(x.voided, v.last)
		return nil
	})
	if err != nil {
		c.broken(4, "%v", err)
	}
}

// checkSearch checks the search index for itself: what it says that the notes do not is never shown.
func (c *checker) checkSearch(n *notes) {
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
		c.searchFile(f, n)
		f.Close()
	}
}

// searchFile checks one file of the search index. It is not synced: a block that is damaged is no fault.
func (c *checker) searchFile(f *os.File, n *notes) {
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
			return // the file ends here: what follows is written again
		}
		for i := range e.len() {
			id := e.mark(i).ID
			if id <= last || id > n.caption {
				c.broken(25, "caption %d follows %d, and the last is %d", id, last, n.caption)
				return
			}
			last = id
		}
		end += size
	}
}
