package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// usage counts how the pages of a file are used.
type usage struct {
	t     tree
	seen  map[uint64]string // page: what it is used for
	fault func(error)
}

func newUsage(t tree, fault func(error)) *usage {
	u := &usage{t: t, seen: map[uint64]string{}, fault: fault}
	u.use(0, 1, "meta")
	u.use(1, 1, "meta")
	u.freeList()
	return u
}

// sound checks invariant I2 of a small file and returns what breaks it.
func (t tree) sound() error {
	var errs []error
	u := newUsage(t, func(err error) {
		if len(errs) < 20 {
			errs = append(errs, err)
		}
	})
	u.nested(t.top(), 0)
	u.lost()
	return errors.Join(errs...)
}

// soundBut checks as much of a file as somebody touches who leaves some of its top-level buckets alone.
func (t tree) soundBut(but ...[]byte) error {
	var errs []error
	u := newUsage(t, func(err error) {
		if len(errs) < 20 {
			errs = append(errs, err)
		}
	})
	u.bucket(t.top(), func(it leafItem) {
		if slices.ContainsFunc(but, func(name []byte) bool { return bytes.Equal(name, it.key) }) {
			return
		}
		b, err := t.asBucket(it)
		if err != nil {
			u.fault(err)
			return
		}
		u.nested(b, 1)
	})
	return errors.Join(errs...)
}

// nested notes the pages of a bucket and of those in it.
func (u *usage) nested(b bucket, level int) {
	if level == maxDepth {
		u.fault(errors.New("buckets are nested too deeply"))
		return
	}
	u.bucket(b, func(it leafItem) {
		if !it.bucket {
			return
		}
		sub, err := u.t.asBucket(it)
		if err != nil {
			u.fault(err)
			return
		}
		u.nested(sub, level+1)
	})
}

// lost reports the pages of which no use was noted.
func (u *usage) lost() {
	n, first := 0, uint64(0)
	for id := range u.t.high {
		if _, ok := u.seen[id]; !ok {
			if n++; n == 1 {
				first = id
			}
		}
	}
	if n > 0 {
		u.fault(fmt.Errorf("%d pages from page %d on are neither used nor free", n, first))
	}
}

// use notes that pages from id on are used, and reports whether all could be.
func (u *usage) use(id, n uint64, what string) bool {
	for ; n > 0; id, n = id+1, n-1 {
		if id >= u.t.high {
			u.fault(fmt.Errorf("page %d (%s) lies beyond the %d in use", id, what, u.t.high))
			return false
		}
		if was, ok := u.seen[id]; ok {
			u.fault(fmt.Errorf("page %d is used twice: %s, %s", id, was, what))
			return false
		}
		u.seen[id] = what
	}
	return true
}

// freeList notes the free pages.
func (u *usage) freeList() {
	p, ids, err := u.t.freeList()
	if p.id != 0 {
		u.use(p.id, uint64(p.over)+1, "free list")
	}
	if err != nil {
		u.fault(err)
		return
	}
	for i := 0; i < len(ids); i += 8 {
		u.use(native.Uint64(ids[i:]), 1, "free")
	}
}

// freeList reads the page of the free list and the numbers in it.
func (t tree) freeList() (p page, ids []byte, err error) {
	if t.free == noFreelist {
		return p, nil, errors.New("the list of free pages is missing")
	}
	p, err = t.readPage(t.f, t.free)
	if err == nil && p.flags != pageFree {
		err = fmt.Errorf("page %d: not a list of free pages, flags %x", p.id, p.flags)
	}
	if err != nil {
		return page{}, nil, err
	}
	ids, n := p.b[pageHeader:], uint64(p.count)
	if p.count == 0xffff && len(ids) >= 8 { // then the first number is the count
		n, ids = native.Uint64(ids), ids[8:]
	}
	if n > uint64(len(ids)/8) {
		return p, nil, fmt.Errorf("page %d: a list of %d free pages does not fit", p.id, n)
	}
	return p, ids[:8*n], nil
}

// freePages is how many pages are free.
func (t tree) freePages() (int, error) {
	_, ids, err := t.freeList()
	return len(ids) / 8, err
}

// bucket notes a bucket's pages and calls item for every key in order.
func (u *usage) bucket(b bucket, item func(leafItem)) {
	var last []byte
	leaf := func(p page) {
		for i := range p.count {
			it, err := p.leaf(i)
			if err == nil && last != nil && bytes.Compare(last, it.key) >= 0 {
				err = fmt.Errorf("page %d: key %x does not ascend", p.id, it.key)
			}
			if err != nil {
				u.fault(err)
				return
			}
			last = it.key
			item(it)
		}
	}
	if b.root != 0 {
		u.pages(b.root, 0, leaf)
		return
	}
	p, err := decodePage(b.inline, 0)
	if err == nil && p.flags != pageLeaf {
		err = fmt.Errorf("inline bucket has flags %x", p.flags)
	}
	if err != nil {
		u.fault(err)
		return
	}
	leaf(p)
}

// pages notes page id and those below it, and calls leaf for every leaf page in order.
func (u *usage) pages(id uint64, depth int, leaf func(page)) {
	p, err := u.t.readPage(u.t.f, id)
	if err == nil && p.flags != pageLeaf && p.flags != pageBranch {
		err = fmt.Errorf("page %d: neither branch nor leaf, flags %x", id, p.flags)
	}
	if err == nil && depth == maxDepth {
		err = fmt.Errorf("page %d: deeper than %d levels", id, maxDepth)
	}
	if err != nil {
		u.fault(err)
		return
	}
	if !u.use(id, uint64(p.over)+1, "tree") {
		return
	}
	if p.flags == pageLeaf {
		leaf(p)
		return
	}
	for i := range p.count {
		key, child, err := p.branch(i)
		if err == nil && i > 0 {
			if before, _, e := p.branch(i - 1); e == nil && bytes.Compare(before, key) >= 0 {
				err = fmt.Errorf("page %d: key %x does not ascend", id, key)
			}
		}
		if err != nil {
			u.fault(err)
			return
		}
		u.pages(child, depth+1, leaf)
	}
}
