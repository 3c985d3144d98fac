package store

import (
	"bytes"
	"errors"
	"fmt"
)

// usage counts how the pages of a file are used.
type usage struct {
	t     tree
	seen  map[uint64]string // page: what it is used for
	fault func(error)
}

// sound checks invariant I2 and returns everything that breaks it.
func (t tree) sound() error {
	var errs []error
	u := usage{t: t, seen: map[uint64]string{}, fault: func(err error) {
		if len(errs) < 20 {
			errs = append(errs, err)
		}
	}}
	u.use(0, 1, "meta")
	u.use(1, 1, "meta")
	u.freeList()
	u.bucket(t.top(), 0)
	for id := range t.high {
		if _, ok := u.seen[id]; !ok {
			u.fault(fmt.Errorf("page %d is neither used nor free", id))
		}
	}
	return errors.Join(errs...)
}

// use notes that pages from id on are used, and reports whether all could be.
func (u usage) use(id, n uint64, what string) bool {
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
func (u usage) freeList() {
	if u.t.free == noFreelist {
		u.fault(errors.New("the list of free pages is missing"))
		return
	}
	p, err := u.t.readPage(u.t.f, u.t.free)
	if err == nil && p.flags != pageFree {
		err = fmt.Errorf("page %d: not a list of free pages, flags %x", p.id, p.flags)
	}
	if err != nil {
		u.fault(err)
		return
	}
	u.use(p.id, uint64(p.over)+1, "free list")
	ids, n := p.b[pageHeader:], uint64(p.count)
	if p.count == 0xffff && len(ids) >= 8 { // then the first number is the count
		n, ids = native.Uint64(ids), ids[8:]
	}
	if n > uint64(len(ids)/8) {
		u.fault(fmt.Errorf("page %d: a list of %d free pages does not fit", p.id, n))
		return
	}
	for i := range n {
		u.use(native.Uint64(ids[8*i:]), 1, "free")
	}
}

// bucket notes a bucket's pages and those of the buckets in it.
func (u usage) bucket(b bucket, level int) {
	if level == maxDepth {
		u.fault(errors.New("buckets are nested too deeply"))
		return
	}
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
			if !it.bucket {
				continue
			}
			sub, err := u.t.asBucket(it)
			if err != nil {
				u.fault(err)
				continue
			}
			u.bucket(sub, level+1)
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
func (u usage) pages(id uint64, depth int, leaf func(page)) {
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
