package store

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"path/filepath"
	"slices"

	"hindsight/media"
)

// SearchCaptions finds text.
func (s *Bolt) SearchCaptions(q CaptionSearch) ([]Hit, error) {
	if err := s.readable(); err != nil {
		return nil, err
	}
	s.search.mu.Lock()
	defer s.search.mu.Unlock()
	f := newFolder(s.o.Fold)
	terms, err := parseTerms(f, q.Text)
	if err != nil {
		return nil, err
	}
	files, err := s.notes.open()
	if err != nil {
		return nil, err
	}
	defer closeFiles(files)
	for most := 1024; ; most *= 16 {
		x := search{s: s, q: q.CaptionQuery, terms: terms, rare: longest(terms), folder: f, most: max(most, 4*q.Limit)}
		if q.Limit == 0 {
			x.most = math.MaxInt / 2
		}
		for i := range files {
			if q.Newest { // so that most of what lies further back need not be kept
				i = len(files) - 1 - i
			}
			x.month(i, files[i])
		}
		hits := x.hits(files)
		if !x.dropped || q.full(len(hits)) {
			return hits, x.bad.err()
		}
	}
}

// search is a search that is going on.
type search struct {
	s       *Bolt
	q       CaptionQuery
	terms   []term
	rare    term
	folder  *folder
	found   []candidate
	most    int  // of them that are kept
	dropped bool // some were not: those behind cut
	cut     CaptionMark
	bad     faults
}

// candidate is a caption that holds the terms, or held them when it was indexed.
type candidate struct {
	CaptionMark
	file int
}

// month finds candidates of one month: in the index, and behind it.
func (x *search) month(n int, file noteFile) {
	index := x.s.search
	last, end, err := index.scan(file.name, func(e searchEntries) { x.block(n, e) })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		x.s.log.Warn("search index cannot be read; what it lacks is read from the notes", "month", file.name, "err", err)
	}
	over := file.name != filepath.Base(x.s.notes.path())
	x.bad.add(index.behind(file, last, end, over, x.folder, func(c media.Caption, folded []byte) {
		if x.holds(folded) {
			x.add(n, MarkOf(c))
		}
	}))
	x.bad.add(file.read(func(t tree) error {
		return t.eachIn(editedBucket, func(key, value []byte) error {
			c, err := t.placedCaption(leafItem{key: key, value: value})
			if err == nil && x.holds(x.folder.take(c.Text)) {
				x.add(n, MarkOf(c))
			}
			return err
		})
	}))
}

// block finds candidates in a block of the index.
func (x *search) block(n int, e searchEntries) {
	if x.idle(e) {
		return
	}
	for off := 0; off < len(e.text); {
		i := bytes.Index(e.text[off:], x.rare.text)
		if i < 0 {
			return
		}
		at := e.at(off + i)
		if m := e.mark(at); x.wants(m) && x.holds(e.of(at)) {
			x.add(n, m)
		}
		off = e.begin(at) + len(e.of(at)) + 1
	}
}

// idle reports whether no caption of a block would be kept, where that is likely
// enough to be looked for: places are read faster than texts.
func (x *search) idle(e searchEntries) bool {
	if !x.dropped && x.q.From == (media.Position{}) && x.q.Until == (media.Position{}) {
		return false
	}
	for i := range e.len() {
		if x.wants(e.mark(i)) {
			return false
		}
	}
	return true
}

// holds reports whether a folded text holds every term.
func (x *search) holds(folded []byte) bool {
	for _, t := range x.terms {
		if t.in(folded, 0) < 0 {
			return false
		}
	}
	return true
}

// add keeps a candidate, of too many those that come first in the order asked for.
func (x *search) add(n int, m CaptionMark) {
	if !x.wants(m) {
		return
	}
	x.found = append(x.found, candidate{m, n})
	if len(x.found) < 2*x.most {
		return
	}
	if x.sort(); len(x.found) > x.most {
		x.found = x.found[:x.most]
		x.dropped, x.cut = true, x.found[x.most-1].CaptionMark
	}
}

// wants reports whether a caption at m is asked for, and not behind those kept.
func (x *search) wants(m CaptionMark) bool {
	return x.q.reaches(m) && (!x.dropped || x.q.order(m, x.cut) < 0)
}

// sort puts the candidates into the order asked for, each once.
func (x *search) sort() {
	slices.SortFunc(x.found, func(a, b candidate) int { return x.q.order(a.CaptionMark, b.CaptionMark) })
	x.found = slices.CompactFunc(x.found, func(a, b candidate) bool { return a.CaptionMark == b.CaptionMark })
}

// hits reads the candidates, until there are as many hits as asked for.
func (x *search) hits(files []noteFile) (out []Hit) {
	x.sort()
	hidden := x.s.notes.hidden()
	for _, m := range x.found {
		var c media.Caption
		err := files[m.file].read(func(t tree) (err error) {
			c, err = t.captionAt(place{m.Position, m.ID})
			return err
		})
		if errors.Is(err, errNoKey) {
			continue // deleted
		}
		if err != nil {
			x.bad.add(err)
			continue
		}
		if hidden(c) || !x.q.wants(c) {
			continue
		}
		if h, ok := match(x.folder, c, x.terms); ok {
			if out = append(out, h); x.q.full(len(out)) {
				return out
			}
		}
	}
	return out
}

// behind calls fn for the captions of a month numbered above last, and puts them
// into its file, which is whole up to end, as far as they fill blocks; of a month that is over all.
func (x *searchIndex) behind(file noteFile, last uint64, end int64, over bool, f *folder, fn func(media.Caption, []byte)) error {
	var bad faults
	write := !x.o.ReadOnly
	for {
		cs, next, err := file.since(last, searchBlock, func(media.Caption) bool { return false })
		bad.add(err)
		var e searchEntries
		for _, c := range cs {
			folded := f.take(c.Text)
			fn(c, folded)
			e.add(c, folded)
		}
		write = write && (next > 0 || over) && err == nil
		if write && e.len() > 0 {
			if end, err = x.append(file.name, end, e); err != nil {
				x.o.Log.Warn("search index cannot be written; searching takes longer", "err", err)
				write = false // a hole would hide what is in it
			}
		}
		if next == 0 {
			return bad.err()
		}
		last = next
	}
}

// catchUp indexes what this month's captions fill blocks with, unless a search
// is going on, which does it too: whoever keeps captions does not wait for it.
func (s *Bolt) catchUp(name string) {
	if !s.search.mu.TryLock() {
		return
	}
	defer s.search.mu.Unlock()
	files, err := s.notes.open()
	if err != nil {
		return // a search will say why
	}
	defer closeFiles(files)
	for _, file := range files {
		if file.name != name {
			continue
		}
		last, end, _ := s.search.scan(name, func(searchEntries) {})                                  //nolint:errcheck // the same
		s.search.behind(file, last, end, false, newFolder(s.o.Fold), func(media.Caption, []byte) {}) //nolint:errcheck // the same
	}
}
