package store

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"hindsight/media"
)

// pieceLen is how many captions are read of one state of a file: a
// reader of more goes on in the state of then, and never has to begin again.
const pieceLen = 256

// noteFile is a notes file, open for reading. What is renamed or deleted
// meanwhile can still be read.
type noteFile struct {
	name string
	f    *os.File
}

// open opens all months.
func (n *notes) open() (files []noteFile, err error) {
	names, err := n.months()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		f, err := os.Open(filepath.Join(n.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			closeFiles(files)
			return nil, err
		}
		files = append(files, noteFile{name, f})
	}
	return files, nil
}

func closeFiles(files []noteFile) {
	for _, f := range files {
		f.f.Close()
	}
}

// read calls fn with a state of the file, again when it moved on meanwhile. A
// file that a crash left empty has none.
func (f noteFile) read(fn func(tree) error) error {
	if fi, err := f.f.Stat(); err != nil || fi.Size() == 0 {
		return err
	}
	err := snapshot(f.f, fn)
	if err != nil {
		err = fmt.Errorf("%s: %w", f.name, err)
	}
	return err
}

// models are the models that a file's captions name by number.
func (t tree) models() (map[uint16]media.Model, error) {
	all := map[uint16]media.Model{}
	err := t.eachIn(modelsBucket, func(key, value []byte) error {
		m, err := decodeModel(value)
		if err == nil && len(key) == 2 {
			all[binary.BigEndian.Uint16(key)] = m
		}
		return err
	})
	return all, err
}

// readCaption decodes a caption with its model.
func readCaption(key, value []byte, models map[uint16]media.Model) (media.Caption, error) {
	c, model, err := decodeCaption(value)
	if err != nil {
		return c, err
	}
	if string(placeOf(c).key()) != string(key) {
		return c, fmt.Errorf("caption %d stands in the place of another", c.ID)
	}
	var ok bool
	if c.Model, ok = models[model]; !ok {
		return c, fmt.Errorf("caption %d: its model, number %d, is missing", c.ID, model)
	}
	return c, nil
}

// walkCaptions calls fn for the captions of a file whose keys lie in s until it returns false.
func (t tree) walkCaptions(s span, fn func(media.Caption) bool, bad func(error)) {
	b, err := t.bucketOf(captionsBucket)
	if errors.Is(err, errNoKey) {
		return
	}
	if err != nil {
		bad(err)
		return
	}
	models, err := t.models()
	if err != nil {
		bad(err)
	}
	t.walk(b, s, func(it leafItem) bool {
		c, err := readCaption(it.key, it.value, models)
		if err != nil {
			bad(err)
			return true
		}
		return fn(c)
	}, bad)
}

// captionAt reads the caption at p; errNoKey when the file has none there.
func (t tree) captionAt(p place) (media.Caption, error) {
	b, err := t.bucketOf(captionsBucket)
	if err != nil {
		return media.Caption{}, err
	}
	it, err := t.get(b, p.key())
	if err != nil {
		return media.Caption{}, err
	}
	models, err := t.models()
	if err != nil {
		return media.Caption{}, err
	}
	return readCaption(it.key, it.value, models)
}

// placed finds where caption id stands; errNoKey when the file has it not.
func (t tree) placed(id uint64) (place, error) {
	b, err := t.bucketOf(placesBucket)
	if err != nil {
		return place{}, err
	}
	it, err := t.get(b, idKey(id))
	if err != nil {
		return place{}, err
	}
	return decodePlace(id, it.value)
}

// faults gathers what could not be read.
type faults struct {
	n     int
	first error
}

func (e *faults) add(err error) {
	if err == nil {
		return
	}
	if e.n++; e.first == nil {
		e.first = err
	}
}

// join adds those of o.
func (e *faults) join(o faults) {
	e.n += o.n
	if e.first == nil {
		e.first = o.first
	}
}

// err is ErrDamaged with the first of them; nil if there is none.
func (e *faults) err() error {
	if e.n == 0 {
		return nil
	}
	return fmt.Errorf("captions: %w in %d places: %w", ErrDamaged, e.n, e.first)
}

// captionReader reads the captions of one file in order, piece by piece.
type captionReader struct {
	noteFile
	keys   span
	buf    []media.Caption
	done   bool
	faults *faults
}

// peek is the next caption; nil: there is none.
func (r *captionReader) peek() *media.Caption {
	if len(r.buf) == 0 && !r.done {
		r.fill()
	}
	if len(r.buf) == 0 {
		return nil
	}
	return &r.buf[0]
}

func (r *captionReader) take() media.Caption {
	c := r.buf[0]
	r.buf = r.buf[1:]
	return c
}

func (r *captionReader) fill() {
	var bad faults
	err := r.read(func(t tree) error {
		r.buf, r.done, bad = nil, true, faults{}
		t.walkCaptions(r.keys, func(c media.Caption) bool {
			r.buf = append(r.buf, c)
			r.done = len(r.buf) < pieceLen
			return r.done
		}, bad.add)
		return nil
	})
	if err != nil {
		r.buf, r.done = nil, true
		bad.add(err)
	}
	r.faults.join(bad)
	if n := len(r.buf); n > 0 {
		last := placeOf(r.buf[n-1]).key()
		if r.keys.back {
			r.keys.until = last
		} else {
			r.keys.from = append(last, 0)
		}
	}
}

// keysOf is the range of keys that q reaches.
func keysOf(q CaptionQuery) span {
	s := span{from: firstKey(q.earliest()), back: q.Newest}
	if q.Until != (media.Position{}) {
		s.until = firstKey(q.Until)
	}
	if a := (place{q.After.Position, q.After.ID}); q.After != (CaptionMark{}) {
		if q.Newest && (s.until == nil || string(a.key()) < string(s.until)) {
			s.until = a.key()
		}
		if next := append(a.key(), 0); !q.Newest && string(next) > string(s.from) {
			s.from = next
		}
	}
	return s
}

// each calls fn for the captions that q wants, of all months, in order, until it returns false.
func (n *notes) each(q CaptionQuery, fn func(media.Caption) bool) error {
	files, err := n.open()
	if err != nil {
		return err
	}
	defer closeFiles(files)
	var bad faults
	readers := make([]*captionReader, len(files))
	for i, f := range files {
		readers[i] = &captionReader{noteFile: f, keys: keysOf(q), faults: &bad}
	}
	hidden := n.hidden()
	for {
		var next *captionReader
		for _, r := range readers {
			if c := r.peek(); c != nil && (next == nil || q.order(MarkOf(*c), MarkOf(*next.peek())) < 0) {
				next = r
			}
		}
		if next == nil {
			return bad.err()
		}
		if c := next.take(); q.wants(c) && !hidden(c) && !fn(c) {
			return bad.err()
		}
	}
}

// hidden tells which captions do not count though a file has them: as things are now.
func (n *notes) hidden() func(media.Caption) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	voids, d := slices.Clone(n.voids), n.doubt
	return func(c media.Caption) bool {
		return slices.ContainsFunc(voids, func(v void) bool { return v.has(c) }) || d.has(c)
	}
}

// Captions returns the captions that q asks for.
func (s *Bolt) Captions(q CaptionQuery) (cs []media.Caption, err error) {
	if err := s.readable(); err != nil {
		return nil, err
	}
	err = s.notes.each(q, func(c media.Caption) bool {
		cs = append(cs, c)
		return !q.full(len(cs))
	})
	return cs, err
}

// readable says why nothing can be read.
func (s *Bolt) readable() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return errClosed
	}
	return nil
}

// CaptionsSince returns the captions numbered above id by number.
func (s *Bolt) CaptionsSince(id uint64, limit int) ([]media.Caption, error) {
	if err := s.readable(); err != nil {
		return nil, err
	}
	if limit <= 0 {
		limit = sinceLimit
	}
	files, err := s.notes.open()
	if err != nil {
		return nil, err
	}
	defer closeFiles(files)
	var all []media.Caption
	var bad faults
	hidden := s.notes.hidden()
	for _, f := range files {
		for from, n := id, 0; n < limit; { // hidden ones do not count
			cs, next, err := f.since(from, limit, hidden)
			bad.add(err)
			n += len(cs)
			all = append(all, cs...)
			if from = next; next == 0 {
				break
			}
		}
	}
	slices.SortFunc(all, func(a, b media.Caption) int { return cmp.Compare(a.ID, b.ID) })
	return all[:min(len(all), limit)], bad.err()
}

// since reads a file's captions numbered above id, at most limit that count;
// next is where to go on, 0: there are no more.
func (f noteFile) since(id uint64, limit int, hidden func(media.Caption) bool) (cs []media.Caption, next uint64, err error) {
	var bad faults
	err = f.read(func(t tree) error {
		cs, next, bad = nil, 0, faults{}
		b, err := t.bucketOf(placesBucket)
		if errors.Is(err, errNoKey) {
			return nil
		}
		if err != nil {
			return err
		}
		var ps []place
		t.walk(b, span{from: idKey(id + 1)}, func(it leafItem) bool {
			p, err := parseItem(it)
			if err != nil {
				bad.add(err)
				return true
			}
			if ps = append(ps, p); len(ps) == limit {
				next = p.id
			}
			return next == 0
		}, bad.add)
		for _, c := range t.captionsAt(ps, bad.add) {
			if !hidden(c) {
				cs = append(cs, c)
			}
		}
		return nil
	})
	return cs, next, errors.Join(err, bad.err())
}

// captionsAt reads captions in the order of ps. Mostly they stand side by side,
// and are read so.
func (t tree) captionsAt(ps []place, bad func(error)) (cs []media.Caption) {
	if len(ps) == 0 {
		return nil
	}
	low, high := ps[0], ps[0]
	for _, p := range ps {
		if string(p.key()) < string(low.key()) {
			low = p
		}
		if string(p.key()) > string(high.key()) {
			high = p
		}
	}
	beside := map[uint64]media.Caption{}
	left := 2 * len(ps)
	t.walkCaptions(span{from: low.key(), until: append(high.key(), 0)}, func(c media.Caption) bool {
		beside[c.ID] = c
		left--
		return left > 0
	}, func(error) {}) // what is missing is looked for below
	for _, p := range ps {
		c, ok := beside[p.id]
		if !ok {
			var err error
			if c, err = t.captionAt(p); err != nil {
				bad(fmt.Errorf("caption %d: %w", p.id, err))
				continue
			}
		}
		cs = append(cs, c)
	}
	return cs
}

// parseItem reads an item of places or edited.
func parseItem(it leafItem) (place, error) {
	if len(it.key) != 8 {
		return place{}, fmt.Errorf("key %x is no number of a caption", it.key)
	}
	return decodePlace(binary.BigEndian.Uint64(it.key), it.value)
}

// placedCaption reads the caption that an item of places or edited names.
func (t tree) placedCaption(it leafItem) (media.Caption, error) {
	p, err := parseItem(it)
	if err != nil {
		return media.Caption{}, err
	}
	c, err := t.captionAt(p)
	if err != nil {
		err = fmt.Errorf("caption %d: %w", p.id, err)
	}
	return c, err
}

// LastCaption is the highest number ever given.
func (s *Bolt) LastCaption() uint64 {
	s.notes.mu.Lock()
	defer s.notes.mu.Unlock()
	return s.notes.caption
}

// Heard returns what was said of hearing.
func (s *Bolt) Heard(q HeardQuery) []media.HeardSpan {
	s.notes.mu.Lock()
	defer s.notes.mu.Unlock()
	return s.notes.heard.find(q)
}

// Anchors are the anchors of a run, also of one of which only captions are kept.
func (s *Bolt) Anchors(run media.Run) media.Anchors { return s.notes.of(run) }
