package timeline

import (
	"time"

	"hindsight/media"
	"hindsight/store"
)

// tail holds the newest units of the run being recorded: those not yet on disk,
// and before them some that are, for the cursors. Units are numbered in commit
// order from 1; held are base to end-1, and those below done are on disk.
//
// Units enter and leave at the ends only, so a cursor needs no more than a
// number, and what has left is found in the store.
type tail struct {
	units []media.Unit // units[i] has number base+i
	base  uint64
	done  uint64
	bytes int64
	key   uint64        // number of the newest video key frame; 0: none yet
	marks []mark        // blocks on disk from whose end on the tail can go on, oldest first
	last  store.Ref     // newest block on disk; zero: none of this run
	top   time.Duration // highest DTS ever appended
}

// mark says where in the tail a committed block ends.
type mark struct {
	ref store.Ref
	end uint64 // number of the first unit behind it
}

func newTail() tail { return tail{base: 1, done: 1} }

func (t *tail) end() uint64 { return t.base + uint64(len(t.units)) }

// unit is unit n, which must be held.
func (t *tail) unit(n uint64) *media.Unit { return &t.units[n-t.base] }

func (t *tail) push(u media.Unit, videoKey bool) {
	if videoKey {
		t.key = t.end()
	}
	t.units = append(t.units, u)
	t.bytes += cost(u)
	t.top = max(t.top, u.DTS)
}

// cost is what a unit takes of memory: its payload and itself.
func cost(u media.Unit) int64 { return int64(len(u.Payload)) + 64 }

// pop lets the oldest unit go.
func (t *tail) pop() media.Unit {
	u := t.units[0]
	t.bytes -= cost(u)
	t.units[0] = media.Unit{} // the array lives on; the payload must not
	t.units = t.units[1:]
	t.base++
	return u
}

// committed notes that everything below end is on disk, the newest of it in ref.
func (t *tail) committed(ref store.Ref, end uint64) {
	t.done = max(t.done, end)
	t.last = ref
	t.marks = append(t.marks, mark{ref, end})
	t.prune()
}

// prune forgets the marks of blocks behind which the tail holds a hole.
func (t *tail) prune() {
	n := 0
	for n < len(t.marks) && t.marks[n].end < t.base {
		n++
	}
	if n > 0 {
		t.marks = append(t.marks[:0], t.marks[n:]...)
	}
}

// behind is the number of the first unit after the block ref, if the tail holds
// everything from there on.
func (t *tail) behind(ref store.Ref) (uint64, bool) {
	for i := len(t.marks) - 1; i >= 0; i-- {
		if t.marks[i].ref == ref {
			return t.marks[i].end, true
		}
	}
	return 0, false
}

// trim lets committed units go that are older than span, or of which there are
// too many bytes. The newest key frame stays for who opens a live cursor, as
// long as it does not take more than half of the bytes.
func (t *tail) trim(span time.Duration, most int64) {
	for t.base < t.done && len(t.units) > 0 {
		old := t.units[0].DTS < t.top-span && (t.base < t.key || t.key < t.base || t.bytes > most/2)
		if !old && t.bytes <= most {
			break
		}
		t.pop()
	}
	t.prune()
}
