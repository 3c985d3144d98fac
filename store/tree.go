package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sort"
)

var errNoKey = errors.New("no such key")

// tree is one state of a bbolt file.
type tree struct {
	f io.ReaderAt
	meta
}

// bucket is where a bucket's keys stand: a page, or bytes inside its parent's page.
type bucket struct {
	root   uint64
	inline []byte
}

// top is the file's root bucket.
func (t tree) top() bucket { return bucket{root: t.root} }

// asBucket reads an item's value as a bucket.
func (t tree) asBucket(it leafItem) (bucket, error) {
	if !it.bucket || len(it.value) < bucketHeader {
		return bucket{}, fmt.Errorf("%x is not a bucket", it.key)
	}
	b := bucket{root: native.Uint64(it.value)}
	if b.root == 0 {
		b.inline = it.value[bucketHeader:]
	}
	return b, nil
}

// rootPage reads the page that the bucket's keys begin in.
func (t tree) rootPage(b bucket) (page, error) {
	if b.root == 0 {
		return decodePage(b.inline, 0)
	}
	return t.readPage(t.f, b.root)
}

// get finds a key of a bucket; errNoKey when it is not there.
func (t tree) get(b bucket, key []byte) (leafItem, error) {
	p, err := t.rootPage(b)
	for depth := 0; err == nil && p.flags == pageBranch; depth++ {
		if depth == maxDepth {
			return leafItem{}, fmt.Errorf("page %d: deeper than %d levels", p.id, maxDepth)
		}
		var child uint64
		if child, err = p.child(key); err == nil {
			p, err = t.readPage(t.f, child)
		}
	}
	if err != nil {
		return leafItem{}, err
	}
	return p.find(key)
}

// child is the page below a branch page where key would be.
func (p page) child(key []byte) (uint64, error) {
	var bad error
	i := sort.Search(p.count, func(i int) bool {
		k, _, err := p.branch(i)
		if err != nil {
			bad = err
		}
		return bytes.Compare(k, key) > 0
	})
	if bad != nil {
		return 0, bad
	}
	_, child, err := p.branch(max(i-1, 0))
	return child, err
}

// find finds a key in a leaf page.
func (p page) find(key []byte) (leafItem, error) {
	if p.flags != pageLeaf {
		return leafItem{}, fmt.Errorf("page %d: neither branch nor leaf, flags %x", p.id, p.flags)
	}
	var bad error
	i := sort.Search(p.count, func(i int) bool {
		it, err := p.leaf(i)
		if err != nil {
			bad = err
		}
		return bytes.Compare(it.key, key) >= 0
	})
	if bad != nil {
		return leafItem{}, bad
	}
	if i == p.count {
		return leafItem{}, errNoKey
	}
	it, err := p.leaf(i)
	if err == nil && !bytes.Equal(it.key, key) {
		err = errNoKey
	}
	return it, err
}

// each calls fn for every key of a bucket in order, down to maxDepth, and for
// no more pages than the file has. It stops at the first error.
func (t tree) each(b bucket, fn func(leafItem) error) error {
	left := t.high
	var walk func(p page, depth int) error
	walk = func(p page, depth int) error {
		if left--; left == 0 || depth == maxDepth {
			return fmt.Errorf("page %d: pages lead in a circle", p.id)
		}
		for i := range p.count {
			if p.flags != pageBranch {
				it, err := p.leaf(i)
				if err == nil {
					err = fn(it)
				}
				if err != nil {
					return err
				}
				continue
			}
			_, child, err := p.branch(i)
			if err != nil {
				return err
			}
			q, err := t.readPage(t.f, child)
			if err == nil {
				err = walk(q, depth+1)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	p, err := t.rootPage(b)
	if err != nil {
		return err
	}
	return walk(p, 0)
}

// eachIn calls fn for every key and value of a top-level bucket, if there is one.
func (t tree) eachIn(name []byte, fn func(key, value []byte) error) error {
	b, err := t.bucketOf(name)
	if errors.Is(err, errNoKey) {
		return nil
	}
	if err != nil {
		return err
	}
	return t.each(b, func(it leafItem) error {
		if err := fn(it.key, it.value); err != nil {
			return fmt.Errorf("%s %x: %w", name, it.key, err)
		}
		return nil
	})
}

// bucketOf finds a top-level bucket; errNoKey when there is none.
func (t tree) bucketOf(name []byte) (bucket, error) {
	it, err := t.get(t.top(), name)
	if err != nil {
		return bucket{}, err
	}
	return t.asBucket(it)
}

// attempts is how often a reader follows a writer that moves on beneath it. A
// writer commits once a second and a look-up takes microseconds.
const attempts = 100

// snapshot calls fn with the newest state of f, again when the file moved on
// meanwhile (FORMAT.md section 6). What fn returns then counts for that state.
func snapshot(f io.ReaderAt, fn func(tree) error) error {
	for range attempts {
		m, err := readMeta(f)
		if err != nil {
			return err
		}
		got := fn(tree{f, m})
		after, err := readMeta(f)
		if err != nil {
			return err
		}
		if after.txid == m.txid {
			return got
		}
	}
	return fmt.Errorf("file changed %d times while it was read", attempts)
}
