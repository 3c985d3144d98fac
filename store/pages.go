package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
)

// The parts of bbolt's file format that a reader needs (go.etcd.io/bbolt
// v1.5.0, internal/common: meta.go, page.go, bucket.go), version 2, in the byte
// order of the machine. Everything is checked; nothing here can panic or run for ever.
const (
	boltMagic      = 0xED0CDAED
	boltVersion    = 2
	pageHeader     = 16
	metaBytes      = 64
	bucketHeader   = 16
	pageBranch     = 1
	pageLeaf       = 2
	pageFree       = 16
	leafBucket     = 1
	maxDepth       = 16 // bbolt splits at half a page: 16 levels hold more than any file
	noFreelist     = ^uint64(0)
	maxRun         = 1 << 30 // bytes of one page with its overflow
	minPageSize    = 1 << 10
	maxPageSize    = 1 << 16
	defaultPageMax = 7 // page sizes from minPageSize on, doubled so often
)

var native = binary.NativeEndian

// meta is a state of a bbolt file.
type meta struct {
	pageSize int
	root     uint64 // page of the root bucket
	free     uint64 // page of the free list
	high     uint64 // pages in use end before this one
	txid     uint64
}

// decodeMeta reads a meta page and checks its checksum (FNV-1a over what stands before it).
func decodeMeta(b []byte) (meta, error) {
	if len(b) < pageHeader+metaBytes {
		return meta{}, errors.New("too short for a meta page")
	}
	m := b[pageHeader : pageHeader+metaBytes]
	if native.Uint32(m) != boltMagic {
		return meta{}, errors.New("not a bbolt file (of this machine's byte order)")
	}
	if v := native.Uint32(m[4:]); v != boltVersion {
		return meta{}, fmt.Errorf("bbolt version %d, known is %d", v, boltVersion)
	}
	h := fnv.New64a()
	h.Write(m[:56])
	if h.Sum64() != native.Uint64(m[56:]) {
		return meta{}, errors.New("meta page's checksum does not fit")
	}
	x := meta{
		pageSize: int(native.Uint32(m[8:])),
		root:     native.Uint64(m[16:]),
		free:     native.Uint64(m[32:]),
		high:     native.Uint64(m[40:]),
		txid:     native.Uint64(m[48:]),
	}
	if x.pageSize < minPageSize || x.pageSize > maxPageSize || x.pageSize&(x.pageSize-1) != 0 {
		return meta{}, fmt.Errorf("page size %d", x.pageSize)
	}
	return x, nil
}

// readMeta returns the newest state whose meta page is whole.
func readMeta(f io.ReaderAt) (meta, error) {
	var b [pageHeader + metaBytes]byte
	var best meta
	found := false
	try := func(off int64) error {
		if _, err := f.ReadAt(b[:], off); err != nil {
			return err
		}
		m, err := decodeMeta(b[:])
		if err == nil && off != 0 && off != int64(m.pageSize) {
			err = fmt.Errorf("meta page of page size %d at %d", m.pageSize, off)
		}
		if err == nil && (!found || m.txid > best.txid) {
			best, found = m, true
		}
		return err
	}
	err := try(0)
	if found {
		_ = try(int64(best.pageSize)) // one whole meta page is enough
		return best, nil
	}
	for i := range defaultPageMax {
		if _ = try(minPageSize << i); found {
			return best, nil
		}
	}
	return meta{}, err
}

// page is one page with its overflow, checked.
type page struct {
	id    uint64
	flags uint16
	count int
	over  uint32
	b     []byte // from the page header on
}

// decodePage checks that b is page id with nothing but what its header says.
func decodePage(b []byte, id uint64) (page, error) {
	if len(b) < pageHeader {
		return page{}, fmt.Errorf("page %d: too short", id)
	}
	p := page{id: native.Uint64(b), flags: native.Uint16(b[8:]), count: int(native.Uint16(b[10:])), over: native.Uint32(b[12:]), b: b}
	if p.id != id {
		return page{}, fmt.Errorf("page %d says that it is page %d", id, p.id)
	}
	return p, nil
}

// pageSpan is how many bytes page id takes, with its overflow.
func (m meta) pageSpan(p page) (int, error) {
	n := (uint64(p.over) + 1) * uint64(m.pageSize)
	if p.id+uint64(p.over) >= m.high || n > maxRun {
		return 0, fmt.Errorf("page %d: its %d pages reach beyond the %d in use", p.id, uint64(p.over)+1, m.high)
	}
	return int(n), nil
}

// readPageStart reads page id without its overflow.
func (m meta) readPageStart(f io.ReaderAt, id uint64) (page, error) {
	if id < 2 || id >= m.high {
		return page{}, fmt.Errorf("page %d is not among the %d in use", id, m.high)
	}
	b := make([]byte, m.pageSize)
	if _, err := f.ReadAt(b, int64(id)*int64(m.pageSize)); err != nil {
		return page{}, fmt.Errorf("page %d: %w", id, err)
	}
	return decodePage(b, id)
}

// readPage reads page id whole.
func (m meta) readPage(f io.ReaderAt, id uint64) (page, error) {
	p, err := m.readPageStart(f, id)
	if err != nil || p.over == 0 {
		return p, err
	}
	n, err := m.pageSpan(p)
	if err != nil {
		return page{}, err
	}
	b := make([]byte, n)
	copy(b, p.b)
	p.b = b
	m.readRest(f, b[m.pageSize:], (int64(id)+1)*int64(m.pageSize))
	return p, nil
}

// readRest reads b from off. Pages that the disk refuses stay zero: the units in
// them fail their checksums, the rest is saved.
func (m meta) readRest(f io.ReaderAt, b []byte, off int64) {
	if _, err := f.ReadAt(b, off); err == nil {
		return
	}
	for i := 0; i < len(b); i += m.pageSize {
		p := b[i : i+m.pageSize]
		if _, err := f.ReadAt(p, off+int64(i)); err != nil {
			clear(p)
		}
	}
}

// leafItem is one key of a leaf page.
type leafItem struct {
	key, value []byte // share the page
	bucket     bool
}

// leaf returns the i-th item of a leaf page.
func (p page) leaf(i int) (leafItem, error) {
	e := pageHeader + 16*i
	if p.flags != pageLeaf || i >= p.count || e+16 > len(p.b) {
		return leafItem{}, fmt.Errorf("page %d: has no leaf item %d", p.id, i)
	}
	flags, pos := native.Uint32(p.b[e:]), uint64(native.Uint32(p.b[e+4:]))
	k, v := uint64(native.Uint32(p.b[e+8:])), uint64(native.Uint32(p.b[e+12:]))
	from := uint64(e) + pos
	if from+k+v > uint64(len(p.b)) || k == 0 {
		return leafItem{}, fmt.Errorf("page %d: leaf item %d lies outside of the page", p.id, i)
	}
	return leafItem{key: p.b[from : from+k : from+k], value: p.b[from+k : from+k+v : from+k+v], bucket: flags&leafBucket != 0}, nil
}

// branch returns key and child of the i-th item of a branch page.
func (p page) branch(i int) (key []byte, child uint64, err error) {
	e := pageHeader + 16*i
	if p.flags != pageBranch || i >= p.count || e+16 > len(p.b) {
		return nil, 0, fmt.Errorf("page %d: has no branch item %d", p.id, i)
	}
	pos, k := uint64(native.Uint32(p.b[e:])), uint64(native.Uint32(p.b[e+4:]))
	from := uint64(e) + pos
	if from+k > uint64(len(p.b)) || k == 0 {
		return nil, 0, fmt.Errorf("page %d: branch item %d lies outside of the page", p.id, i)
	}
	return p.b[from : from+k : from+k], native.Uint64(p.b[e+8:]), nil
}
