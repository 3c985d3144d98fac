package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"time"

	"hindsight/media"
)

// Mark is a place between two units of a block, made by Part. It is never
// changed. A block of which units are deleted is written anew, with other
// numbers and elsewhere: a mark then goes by what it has passed.
type Mark struct {
	of     edition
	index  uint32 // in the block, of the first unit behind it
	tables []remainder
	passed []reached
}

// edition is what a mark's numbers and bytes are true of: the files as they were
// after so many were put in the place of others, and the one that it was made of.
type edition struct {
	replaced uint64
	file     fs.FileInfo
}

func (e edition) same(o edition) bool {
	return e.replaced == o.replaced && os.SameFile(e.file, o.file)
}

// reached is the last unit of a track before a mark: DTS rises within a track.
type reached struct {
	track uint16
	dts   time.Duration
}

// behind is what was passed when us were, too.
func (m *Mark) behind(us []media.Unit) (all []reached) {
	if m != nil {
		all = slices.Clone(m.passed)
	}
	for _, u := range us {
		i := slices.IndexFunc(all, func(r reached) bool { return r.track == u.Track })
		if i < 0 {
			all = append(all, reached{u.Track, u.DTS})
		} else {
			all[i].dts = u.DTS
		}
	}
	return all
}

// has reports whether u stands before the mark.
func (m *Mark) has(u media.Unit) bool {
	return m != nil && slices.ContainsFunc(m.passed, func(r reached) bool { return r.track == u.Track && u.DTS <= r.dts })
}

// remainder is where the rest of one track's units stand in the file.
type remainder struct {
	track   uint16
	at, end int64 // bytes
}

// errUneven says that a block cannot be read in parts: a table of it is damaged,
// or it is too small to have pages of its own.
var errUneven = errors.New("the block is read as a whole")

// Part reads some units of a block, without reading what stands before and behind them.
func (s *Bolt) Part(r Ref, from *Mark, most int) (us []media.Unit, rest *Mark, err error) {
	before := s.replaced.Load()
	err = s.block(r, func(f *os.File) error {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		of := edition{before, info}
		steady := before%2 == 0 && before == s.replaced.Load()
		if !steady || from != nil && !from.of.same(of) {
			us, rest, err = restOf(f, r, from)
			return err
		}
		if us, rest, err = readPart(f, r, from, most); rest != nil {
			rest.of = of
		}
		return err
	})
	return us, rest, err
}

// replacing calls fn, which puts a file in the place of another. Meanwhile the
// count of it is odd, and no mark is made.
func (s *Bolt) replacing(fn func() error) error {
	s.replaced.Add(1)
	defer s.replaced.Add(1)
	return fn()
}

// readPart reads a part of block r, from a mark in it as it is now. Of one with any damage it is all that is left.
func readPart(f io.ReaderAt, r Ref, from *Mark, most int) (us []media.Unit, rest *Mark, err error) {
	m := from
	if m == nil {
		if m, err = beginning(f, r); err != nil && !errors.Is(err, errUneven) {
			return nil, nil, err
		}
	}
	if err == nil {
		if us, rest, err = m.read(f, r.Run, most); err == nil {
			return us, rest, nil
		}
	}
	return restOf(f, r, from)
}

// restOf reads all that stands behind a mark in block r, whatever the block was when the mark was made.
func restOf(f io.ReaderAt, r Ref, from *Mark) (us []media.Unit, rest *Mark, err error) {
	_, all, err := readPlaced(f, r)
	if err != nil {
		return nil, nil, err
	}
	return inOrder(slices.DeleteFunc(all, func(u placed) bool { return from.has(u.Unit) })), nil, nil
}

// beginning finds the tables of block r, reading no more of its pages than their beginnings.
func beginning(f io.ReaderAt, r Ref) (*Mark, error) {
	t, b, err := openBucket(f, r.Block)
	if err != nil {
		return nil, err
	}
	if b.root == 0 {
		return nil, errUneven
	}
	var ids []uint16
	var m Mark
	begun := false
	err = t.eachStart(b.root, maxDepth, func(p page, i int) error {
		if !begun {
			begun = true
			it, err := p.leaf(i)
			if err != nil {
				return errUneven // the record reaches into another page
			}
			h, err := checkBlockHead(it.value, r)
			ids = h.tables()
			return err
		}
		from, until, err := t.extent(p, i)
		if err != nil || len(ids) == 0 {
			return errUneven
		}
		m.tables, ids = append(m.tables, remainder{ids[0], from, until}), ids[1:]
		return nil
	})
	if err == nil && (!begun || len(ids) > 0) {
		err = errUneven
	}
	return &m, err
}

// eachStart calls fn for every item of the leaf pages below page id, of which only the first page is read.
func (t tree) eachStart(id uint64, depth int, fn func(p page, i int) error) error {
	p, err := t.readPageStart(t.f, id)
	if err != nil {
		return err
	}
	if depth == 0 || p.flags == pageBranch && p.over > 0 {
		return errUneven
	}
	for i := range p.count {
		if p.flags != pageBranch {
			err = fn(p, i)
		} else if _, child, bad := p.branch(i); bad != nil {
			err = bad
		} else {
			err = t.eachStart(child, depth-1, fn)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// extent is where the value of the i-th item of a leaf page stands in the file.
func (t tree) extent(p page, i int) (from, until int64, err error) {
	span, err := t.pageSpan(p)
	if err != nil {
		return 0, 0, err
	}
	e := pageHeader + 16*i
	if p.flags != pageLeaf || e+16 > len(p.b) {
		return 0, 0, errUneven
	}
	pos, k, v := uint64(native.Uint32(p.b[e+4:])), uint64(native.Uint32(p.b[e+8:])), uint64(native.Uint32(p.b[e+12:]))
	at := uint64(e) + pos + k
	if at+v > uint64(span) {
		return 0, 0, fmt.Errorf("page %d: leaf item %d lies outside of the page", p.id, i)
	}
	from = int64(p.id)*int64(t.pageSize) + int64(at)
	return from, from + int64(v), nil
}

// read reads about most bytes of the units behind m, of each table its share, so
// that they reach about as far, and at least one unit.
func (m *Mark) read(f io.ReaderAt, run media.Run, most int) (us []media.Unit, rest *Mark, err error) {
	left := int64(0)
	for _, t := range m.tables {
		left += t.end - t.at
	}
	all := make([][]placed, len(m.tables))
	limit := uint32(math.MaxUint32) // the last unit before which no other is missing
	for i, t := range m.tables {
		n := t.end - t.at
		if left > int64(most)*3/2 {
			n = min(n, max(n*int64(most)/left, unitHeader))
		}
		var end int64
		if all[i], end, err = t.read(f, run, m.index, n); err != nil {
			return nil, nil, err
		}
		if end < t.end {
			limit = min(limit, all[i][len(all[i])-1].index)
		}
	}
	rest = &Mark{index: limit + 1}
	var took []placed
	for i, t := range m.tables {
		for _, u := range all[i] {
			if u.index <= limit {
				took = append(took, u)
				t.at += int64(unitHeader + len(u.Payload))
			}
		}
		if t.at < t.end {
			rest.tables = append(rest.tables, t)
		}
	}
	us = inOrder(took)
	if len(rest.tables) == 0 {
		return us, nil, nil
	}
	rest.passed = m.behind(us)
	return us, rest, nil
}

// inOrder are units in the order in which they were committed.
func inOrder(us []placed) []media.Unit {
	if len(us) == 0 {
		return nil
	}
	slices.SortStableFunc(us, func(a, b placed) int { return int(int64(a.index) - int64(b.index)) })
	out := make([]media.Unit, len(us))
	for i, u := range us {
		out[i] = u.Unit
	}
	return out
}

// read reads the whole units in the next n bytes of a table, or one that is longer. end is where they end.
func (t remainder) read(f io.ReaderAt, run media.Run, first uint32, n int64) (us []placed, end int64, err error) {
	for {
		b := make([]byte, n)
		if _, err := f.ReadAt(b, t.at); err != nil {
			return nil, 0, errUneven
		}
		us, size, ok := t.decode(b, run, first)
		end = t.at + int64(size)
		switch {
		case end == t.end || ok && len(us) > 0:
			return us, end, nil
		case !ok || len(b) < unitHeader:
			return nil, 0, errUneven
		}
		n = unitHeader + int64(binary.BigEndian.Uint32(b[16:]))
	}
}

// decode decodes the units that b begins with. ok is false where they break off
// for another reason than that the next one does not end in b, but in the table.
func (t remainder) decode(b []byte, run media.Run, first uint32) (us []placed, size int, ok bool) {
	for size < len(b) {
		u, of, n, whole := decodeUnit(b[size:])
		if whole && of == run && u.Track == t.track && u.index >= first {
			us, size, first = append(us, u), size+n, u.index+1
			continue
		}
		h := b[size:]
		left := t.end - t.at - int64(size)
		if whole || left <= int64(len(h)) || len(h) >= 4 && string(h[:4]) != magicUnit {
			return us, size, false
		}
		if len(h) < unitHeader {
			return us, size, left >= unitHeader
		}
		need := unitHeader + int64(binary.BigEndian.Uint32(h[16:]))
		return us, size, need > int64(len(h)) && need <= left
	}
	return us, size, true
}
