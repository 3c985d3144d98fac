package timeline

import (
	"container/list"
	"sync"

	"hindsight/media"
	"hindsight/store"
)

// partBytes is about how much of a block a cursor holds that reads on and on: it
// needs the next unit, not the next second. A unit that is larger comes alone.
const partBytes = 32 << 10

// part is units of a block, in commit order: all of them, or those between two
// marks. It is shared and must not be changed.
type part struct {
	units []media.Unit
	rest  *store.Mark // what stands behind them in the block; nil: nothing
}

// partOf names a part: the whole block, or what is read from a mark in it on.
type partOf struct {
	ref   store.Ref
	whole bool
	from  *store.Mark // the mark itself: a like one may be of the block before something in it was deleted
}

// cache holds the parts of blocks that were read from the store last, for all cursors together. A
// part that several cursors want at once is read once.
type cache struct {
	store store.Store
	most  int64 // bytes
	part  int   // bytes: partBytes, less in tests

	mu      sync.Mutex
	bytes   int64
	order   *list.List // of *cached, the one used last in front
	parts   map[partOf]*list.Element
	reading map[partOf]*reading
	cleared uint64 // how often everything was let go
}

type cached struct {
	of    partOf
	part  *part
	bytes int64
}

// reading is one reading of the store under way.
type reading struct {
	done chan struct{}
	part *part
	err  error
}

func newCache(s store.Store, most int64) *cache {
	return &cache{store: s, most: most, part: partBytes, order: list.New(), parts: map[partOf]*list.Element{}, reading: map[partOf]*reading{}}
}

// block is the whole block ref.
func (c *cache) block(ref store.Ref) (*part, error) {
	return c.get(partOf{ref: ref, whole: true}, func() (*part, error) {
		b, _, err := c.store.Read(ref)
		if err != nil {
			return nil, err
		}
		return &part{units: b.Units}, nil
	})
}

// next is the part of a block from a mark on; nil is its beginning.
func (c *cache) next(ref store.Ref, from *store.Mark) (*part, error) {
	return c.get(partOf{ref: ref, from: from}, func() (*part, error) {
		us, rest, err := c.store.Part(ref, from, c.part)
		if err != nil {
			return nil, err
		}
		return &part{us, rest}, nil
	})
}

// get is a part that is held, or that read reads.
func (c *cache) get(of partOf, read func() (*part, error)) (*part, error) {
	c.mu.Lock()
	if e := c.parts[of]; e != nil {
		c.order.MoveToFront(e)
		c.mu.Unlock()
		return e.Value.(*cached).part, nil
	}
	r := c.reading[of]
	if r != nil {
		c.mu.Unlock()
		<-r.done
		return r.part, r.err
	}
	r = &reading{done: make(chan struct{})}
	c.reading[of] = r
	cleared := c.cleared
	c.mu.Unlock()

	r.part, r.err = read()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reading[of] == r {
		delete(c.reading, of)
	}
	close(r.done)
	if r.err == nil && c.cleared == cleared {
		c.keep(of, r.part)
	}
	return r.part, r.err
}

// clear lets everything go, also what is being read: the store has changed.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.order.Init()
	clear(c.parts)
	clear(c.reading)
	c.bytes = 0
	c.cleared++
}

// keep puts a part in front and lets the ones used longest ago go.
func (c *cache) keep(of partOf, p *part) {
	n := int64(256)
	for _, u := range p.units {
		n += cost(u)
	}
	if n > c.most {
		return // whoever reads it holds it
	}
	c.parts[of] = c.order.PushFront(&cached{of, p, n})
	c.bytes += n
	for c.bytes > c.most {
		old := c.order.Remove(c.order.Back()).(*cached)
		delete(c.parts, old.of)
		c.bytes -= old.bytes
	}
}
