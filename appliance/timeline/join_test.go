package timeline

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"hindsight/media"
)

// reference is what was appended, in order.
type reference struct {
	mu    sync.Mutex
	more  *sync.Cond
	items []key
	index map[key]int
}

func newReference() *reference {
	r := &reference{index: map[key]int{}}
	r.more = sync.NewCond(&r.mu)
	return r
}

// wait waits until n items were appended.
func (r *reference) wait(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.items) < n {
		r.more.Wait()
	}
}

func (r *reference) add(k key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.more.Broadcast()
	r.index[k] = len(r.items)
	r.items = append(r.items, k)
}

func (r *reference) at(k key) (int, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i, ok := r.index[k]
	return i, ok
}

func (r *reference) item(i int) key {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.items[i]
}

// TestJoin: cursors that start anywhere and pause at will see every unit once,
// in the order of appending, whatever the sizes of blocks, tail, segments and cache.
func TestJoin(t *testing.T) {
	for seed := range uint64(24) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			join(t, seed, func(rnd *rand.Rand, edit func(*Options)) *rig {
				r := newRig(t, edit)
				r.mem.SegmentBlocks = 1 + rnd.IntN(8)
				return r
			})
		})
	}
}

func join(t *testing.T, seed uint64, open func(*rand.Rand, func(*Options)) *rig) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	r := open(rnd, func(o *Options) {
		o.TailSpan = time.Duration(1 + rnd.IntN(4000)*int(time.Millisecond))
		o.CacheBytes = int64(1 + rnd.IntN(60_000))
	})
	r.both()
	ref := newReference()
	const units, cursors = 1200, 8
	var wg sync.WaitGroup
	starts := make([]chan struct{}, cursors)
	for i := range starts {
		starts[i] = make(chan struct{})
		seed := rnd.Uint64()
		wg.Go(func() {
			<-starts[i]
			if err := r.follow(ref, units, seed); err != nil {
				t.Errorf("cursor %d: %v", i, err)
			}
		})
	}
	clocks := [2]time.Duration{1, 1}
	tracks := [2]media.Track{r.video, r.audio}
	begun := 0
	for n := range units {
		k := rnd.IntN(2)
		if n >= units-2 { // a last pair, far behind wherever a cursor may have begun
			k = n - units + 2
			clocks[k] = max(clocks[0], clocks[1]) + 3*time.Second
		}
		clocks[k] = max(clocks[k]+time.Duration(1+rnd.IntN(60))*time.Millisecond, clocks[1-k]-900*time.Millisecond)
		f := media.Key
		if k == 0 && rnd.IntN(12) > 0 && n > 0 && n < units-2 {
			f = 0
		}
		ref.add(key{r.run, tracks[k].ID, clocks[k]})
		must(t, r.Append(media.Unit{Track: tracks[k].ID, Flags: f, DTS: clocks[k], Payload: stamp(clocks[k], 8+rnd.IntN(600))}))
		if rnd.IntN(25) == 0 {
			r.commit()
		}
		for begun < cursors && (n+1)*cursors/units > begun || n == units-1 && begun < cursors {
			close(starts[begun])
			begun++
		}
	}
	wg.Wait()
}

// follow reads from a random moment, or from the live end, to the last of n units.
func (r *rig) follow(ref *reference, n int, seed uint64) error {
	rnd := rand.New(rand.NewPCG(seed, 2))
	var c *Cursor
	if newest, ok := r.Newest(); ok && rnd.IntN(4) > 0 {
		var err error
		if c, err = r.At(media.Position{Run: newest.Run, Time: time.Duration(rnd.Int64N(int64(newest.Time) + 1))}, Selection{}); err != nil {
			return err
		}
	} else {
		c = r.Live(Selection{})
	}
	defer c.Close()
	ctx := deadline(r.t)
	at, settled := -1, false
	for {
		i, err := c.Next(ctx)
		if err != nil {
			return fmt.Errorf("after %d: %w", at, err)
		}
		k, ok := ref.at(keyOf(i))
		if !ok {
			return fmt.Errorf("unit %+v was never appended", keyOf(i))
		}
		if string(i.Payload[:8]) != string(stamp(i.DTS, 8)) {
			return fmt.Errorf("unit %d carries another's payload", k)
		}
		// Near its start a cursor leaves out what lies before its key frame; once it has
		// given both kinds after one another, nothing may be missing.
		if settled && k != at+1 || k <= at {
			return fmt.Errorf("unit %d (%+v) follows unit %d (%+v)", k, keyOf(i), at, ref.item(at))
		}
		if i.Jump {
			return fmt.Errorf("unit %d jumps", k)
		}
		settled = settled || k-at == 1 && at >= 0 && i.DTS > c.start.sound+2*time.Second
		if at = k; at == n-1 {
			return nil
		}
		if rnd.IntN(40) == 0 {
			ref.wait(min(at+rnd.IntN(300), n)) // a pause, while the others go ahead
		}
	}
}
