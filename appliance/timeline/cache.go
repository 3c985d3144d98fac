package timeline

import (
	"container/list"
	"sync"

	"hindsight/media"
	"hindsight/store"
)

// cache holds the blocks read from the store last, for all cursors together. A
// block that several cursors want at once is read once.
type cache struct {
	store store.Store
	most  int64 // bytes

	mu      sync.Mutex
	bytes   int64
	order   *list.List // of *cached, the one used last in front
	blocks  map[store.Ref]*list.Element
	reading map[store.Ref]*reading
	cleared uint64 // how often everything was let go
}

type cached struct {
	ref   store.Ref
	block *media.Block
	bytes int64
}

// reading is one Read under way.
type reading struct {
	done  chan struct{}
	block *media.Block
	err   error
}

func newCache(s store.Store, most int64) *cache {
	return &cache{store: s, most: most, order: list.New(), blocks: map[store.Ref]*list.Element{}, reading: map[store.Ref]*reading{}}
}

// get is the block ref. It is shared and must not be changed.
func (c *cache) get(ref store.Ref) (*media.Block, error) {
	c.mu.Lock()
	if e := c.blocks[ref]; e != nil {
		c.order.MoveToFront(e)
		c.mu.Unlock()
		return e.Value.(*cached).block, nil
	}
	r := c.reading[ref]
	if r != nil {
		c.mu.Unlock()
		<-r.done
		return r.block, r.err
	}
	r = &reading{done: make(chan struct{})}
	c.reading[ref] = r
	cleared := c.cleared
	c.mu.Unlock()

	r.block, _, r.err = c.store.Read(ref)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reading[ref] == r {
		delete(c.reading, ref)
	}
	close(r.done)
	if r.err == nil && c.cleared == cleared {
		c.keep(ref, r.block)
	}
	return r.block, r.err
}

// clear lets everything go, also what is being read: the store has changed.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.order.Init()
	clear(c.blocks)
	clear(c.reading)
	c.bytes = 0
	c.cleared++
}

// keep puts a block in front and lets the ones used longest ago go.
func (c *cache) keep(ref store.Ref, b *media.Block) {
	n := int64(256)
	for _, u := range b.Units {
		n += cost(u)
	}
	if n > c.most {
		return // whoever reads it holds it
	}
	c.blocks[ref] = c.order.PushFront(&cached{ref, b, n})
	c.bytes += n
	for c.bytes > c.most {
		old := c.order.Remove(c.order.Back()).(*cached)
		delete(c.blocks, old.ref)
		c.bytes -= old.bytes
	}
}
