package store

import (
	"bytes"
	"fmt"
)

// span is a range of keys: from <= key < until; nil: no bound on that side.
type span struct {
	from, until []byte
	back        bool // from the last key to the first
}

// has reports whether key lies in the range.
func (s span) has(key []byte) bool {
	return bytes.Compare(key, s.from) >= 0 && (s.until == nil || bytes.Compare(key, s.until) < 0)
}

// walk calls fn for the keys of a bucket that lie in s, in order, until fn
// returns false. What cannot be read is told to bad and passed over. It ends whatever the file holds.
func (t tree) walk(b bucket, s span, fn func(leafItem) bool, bad func(error)) {
	w := walker{t: t, span: s, fn: fn, bad: bad, left: t.high}
	p, err := t.rootPage(b)
	if err != nil {
		bad(err)
		return
	}
	w.page(p, 0)
}

// walker is a walk that is going on.
type walker struct {
	t tree
	span
	fn   func(leafItem) bool
	bad  func(error)
	left uint64 // pages that may still be read
}

// page walks a page and those below it, and reports whether to go on.
func (w *walker) page(p page, depth int) bool {
	if w.left == 0 || depth == maxDepth {
		w.bad(fmt.Errorf("page %d: pages lead in a circle", p.id))
		return w.left > 0
	}
	w.left--
	for n := range p.count {
		if w.back {
			n = p.count - 1 - n
		}
		var more bool
		if p.flags == pageBranch {
			more = w.child(p, n, depth)
		} else {
			more = w.item(p, n)
		}
		if !more {
			return false
		}
	}
	return true
}

func (w *walker) item(p page, n int) bool {
	it, err := p.leaf(n)
	if err != nil {
		w.bad(err)
		return true
	}
	return !w.has(it.key) || w.fn(it)
}

// child walks the n-th page below p if it can hold keys of the range: its keys
// begin with the one that p says, and end before the one p says next.
func (w *walker) child(p page, n, depth int) bool {
	key, id, err := p.branch(n)
	if err == nil && n > 0 && w.until != nil && bytes.Compare(key, w.until) >= 0 {
		return true
	}
	if next, _, err := p.branch(n + 1); err == nil && bytes.Compare(next, w.from) <= 0 {
		return true
	}
	var q page
	if err == nil {
		q, err = w.t.readPage(w.t.f, id)
	}
	if err != nil {
		w.bad(err)
		return true
	}
	return w.page(q, depth+1)
}
