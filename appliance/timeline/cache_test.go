package timeline

import (
	"errors"
	"sync"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// readings is a store of which only Read is asked; it counts.
type readings struct {
	store.Store
	mu    sync.Mutex
	times map[store.Ref]int
	err   error
	began chan struct{}
	gate  chan struct{}
}

func (r *readings) Read(ref store.Ref) (*media.Block, int, error) {
	r.mu.Lock()
	r.times[ref]++
	err := r.err
	r.mu.Unlock()
	if r.gate != nil {
		r.began <- struct{}{}
		<-r.gate
	}
	return &media.Block{Units: []media.Unit{{Payload: make([]byte, 1000)}}}, 0, err
}

func TestCacheIsBounded(t *testing.T) {
	s := &readings{times: map[store.Ref]int{}}
	c := newCache(s, 4*(1000+64+256))
	ref := func(n uint32) store.Ref { return store.Ref{Run: 1, Segment: 1, Block: n} }
	get := func(n uint32) {
		t.Helper()
		_, err := c.block(ref(n))
		must(t, err)
	}
	for n := range uint32(4) {
		get(n)
	}
	get(0) // used again: 1 is now the one used longest ago
	get(4)
	get(0)
	get(1)
	if s.times[ref(0)] != 1 || s.times[ref(1)] != 2 {
		t.Errorf("block 0 was read %d times, block 1 %d times; want 1 and 2", s.times[ref(0)], s.times[ref(1)])
	}
	if c.bytes != 4*(1000+64+256) || c.order.Len() != 4 || len(c.parts) != 4 {
		t.Errorf("%d bytes in %d blocks, want 4 blocks", c.bytes, c.order.Len())
	}
	tiny := newCache(s, 100)
	b, err := tiny.block(ref(9))
	if err != nil || len(b.units) != 1 || tiny.bytes != 0 {
		t.Errorf("a block larger than the cache: %v, %d bytes kept", err, tiny.bytes)
	}
}

func TestCacheReadsOnce(t *testing.T) {
	s := &readings{times: map[store.Ref]int{}, began: make(chan struct{}), gate: make(chan struct{})}
	c := newCache(s, 1<<20)
	ref := store.Ref{Run: 1, Segment: 1, Block: 1}
	const cursors = 20
	blocks := make(chan *part, cursors)
	ready := make(chan struct{}, cursors)
	for range cursors {
		go func() {
			ready <- struct{}{}
			b, err := c.block(ref)
			if err != nil {
				t.Error(err)
			}
			blocks <- b
		}()
	}
	for range cursors {
		<-ready
	}
	<-s.began
	s.gate <- struct{}{}
	first := <-blocks
	for range cursors - 1 {
		if b := <-blocks; b != first {
			t.Error("two cursors hold different copies")
		}
	}
	if s.times[ref] != 1 {
		t.Errorf("the block was read %d times", s.times[ref])
	}
}

func TestCacheKeepsNoErrors(t *testing.T) {
	bad := errors.New("bad sector")
	s := &readings{times: map[store.Ref]int{}, err: bad}
	c := newCache(s, 1<<20)
	if _, err := c.block(store.Ref{}); !errors.Is(err, bad) {
		t.Errorf("%v, want the store's error", err)
	}
	s.err = nil
	if _, err := c.block(store.Ref{}); err != nil {
		t.Errorf("the second time: %v", err)
	}
}

// A cursor that reads history holds about a part of a block, however large the blocks are.
func TestCursorHoldsAPart(t *testing.T) {
	r := newRig(t, func(o *Options) { o.TailSpan, o.CacheBytes = 1, 1 })
	r.cache.part = partBytes
	r.useVideo()
	const pictures, size = 30, 10_000
	for n := range 10 * pictures {
		f := media.Flags(0)
		if n%pictures == 0 {
			f = media.Key
		}
		at := time.Duration(n)*time.Second/pictures + time.Millisecond
		must(t, r.Append(media.Unit{Track: r.video.ID, DTS: at, Flags: f, Payload: stamp(at, size)}))
		if n%pictures == pictures-1 {
			r.clock.pass(time.Second)
			r.commit()
		}
	}
	c, err := r.At(media.Position{Run: 1, Time: moment(2)}, Selection{})
	must(t, err)
	defer c.Close()
	held := func() (n int) {
		for _, p := range []*part{c.p.blk, c.at.blk} {
			if p != nil && (n == 0 || p != c.p.blk) {
				for _, u := range p.units {
					n += len(u.Payload)
				}
			}
		}
		return n
	}
	for n := range 7 * pictures {
		if i := next(t, c); i.DTS != time.Duration(2*pictures+n)*time.Second/pictures+time.Millisecond || i.Jump {
			t.Fatalf("unit %d is at %v (jump %v)", n, i.DTS, i.Jump)
		}
		if n := held(); n > partBytes {
			t.Fatalf("%d bytes of pictures are held, the part is of %d", n, partBytes)
		}
	}
	if i, err := c.PrevKey(deadline(t)); err != nil || i.DTS != moment(8) {
		t.Errorf("the key frame before is at %v, %v; want second 8", i.DTS, err)
	}
	next(t, c)
	if i := next(t, c); i.Jump {
		t.Errorf("after it comes %v with a jump", i.DTS)
	}
}
