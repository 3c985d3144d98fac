package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// twoRuns records run 1 of 25 seconds, which ends, and run 2 of 12, which is being recorded.
func twoRuns(t *testing.T, b Backend) (s store.Store, refs []store.Ref, r *recording) {
	t.Helper()
	s = b.Open(t)
	r = begin(t, s)
	refs = r.seconds(0, 24)
	last := r.second(24)
	last.End = media.Off
	refs = append(refs, r.commit(last))
	must(t, s.Close())
	s = b.Reopen(t, s)
	r = begin(t, s)
	return s, append(refs, r.seconds(0, 12)...), r
}

func testSteps(t *testing.T, b Backend) {
	s, refs, _ := twoRuns(t, b)
	if got := walk(t, s); !slices.Equal(got, refs) {
		t.Errorf("walked %v\nwant %v", got, refs)
	}
	for i := len(refs) - 1; i > 0; i-- {
		if got, err := s.Prev(refs[i]); err != nil || got != refs[i-1] {
			t.Errorf("before %v is %v, %v; want %v", refs[i], got, err, refs[i-1])
		}
	}
	if _, err := s.Prev(refs[0]); !errors.Is(err, store.ErrNoBlock) {
		t.Errorf("before the first: %v, want ErrNoBlock", err)
	}
	if _, err := s.Next(refs[len(refs)-1]); !errors.Is(err, store.ErrNoBlock) {
		t.Errorf("after the last: %v, want ErrNoBlock", err)
	}
	must(t, s.Close())
}

func testInventedRefs(t *testing.T, b Backend) {
	s, refs, _ := twoRuns(t, b)
	const most = ^uint32(0)
	firstOf := func(run media.Run, segment uint32) store.Ref {
		return refs[slices.IndexFunc(refs, func(r store.Ref) bool { return r.Run == run && r.Segment == segment })]
	}
	lastOf := func(run media.Run, segment uint32) store.Ref {
		var last store.Ref
		for _, r := range refs {
			if r.Run == run && r.Segment == segment {
				last = r
			}
		}
		return last
	}
	for _, c := range []struct {
		from, next, prev store.Ref
	}{
		{store.Ref{Run: 1, Segment: 1, Block: most}, firstOf(1, 2), lastOf(1, 1)},
		{store.Ref{Run: 1, Segment: 2, Block: 0}, firstOf(1, 2), lastOf(1, 1)},
		{store.Ref{Run: 1, Segment: most, Block: 1}, firstOf(2, 1), lastOf(1, refs[24].Segment)},
		{store.Ref{Run: 2, Segment: 0, Block: 0}, firstOf(2, 1), refs[24]},
	} {
		if got, err := s.Next(c.from); err != nil || got != c.next {
			t.Errorf("after %v is %v, %v; want %v", c.from, got, err, c.next)
		}
		if got, err := s.Prev(c.from); err != nil || got != c.prev {
			t.Errorf("before %v is %v, %v; want %v", c.from, got, err, c.prev)
		}
	}
	if _, err := s.Next(store.Ref{Run: 3}); !errors.Is(err, store.ErrNoBlock) {
		t.Errorf("after a run to come: %v, want ErrNoBlock", err)
	}
	if got, err := s.Prev(store.Ref{Run: 9, Segment: 9, Block: 9}); err != nil || got != refs[len(refs)-1] {
		t.Errorf("before a run to come is %v, %v; want the last block", got, err)
	}
	if _, err := s.Entry(store.Ref{Run: 1, Segment: 9, Block: 1}); err == nil {
		t.Error("Entry of a block that never was gave no error")
	}
	if _, _, err := s.Read(store.Ref{Run: 1, Segment: 9, Block: 1}); err == nil {
		t.Error("Read of a block that never was gave no error")
	}
	must(t, s.Close())
}

func testSeek(t *testing.T, b Backend) {
	s, refs, _ := twoRuns(t, b)
	at := func(run media.Run, d time.Duration) media.Position { return media.Position{Run: run, Time: d} }
	for _, c := range []struct {
		p    media.Position
		want int
	}{
		{at(1, 0), 0},
		{at(1, -time.Second), 0},
		{at(1, 1), 0},
		{at(1, time.Second-1), 0},
		{at(1, time.Second), 1},
		{at(1, 9*time.Second+500*time.Millisecond), 9},
		{at(1, 10*time.Second), 10},
		{at(1, 24*time.Second), 24},
		{at(1, time.Hour), 24},
		{at(2, -1), 25},
		{at(2, 0), 25},
		{at(2, 11*time.Second+999*time.Millisecond), 36},
		{at(2, time.Hour), 36},
		{at(0, time.Hour), 0}, // a run that keeps nothing: the first block after
	} {
		if got, err := s.Seek(c.p); err != nil || got != refs[c.want] {
			t.Errorf("seek %d@%v: %v, %v; want %v", c.p.Run, c.p.Time, got, err, refs[c.want])
		}
	}
	if _, err := s.Seek(at(3, 0)); !errors.Is(err, store.ErrNoBlock) {
		t.Errorf("seek in a run to come: %v, want ErrNoBlock", err)
	}
	must(t, s.Close())
}

// testSeekLag: the sound of block n begins 300 ms before its picture, inside
// the time of block n-1.
func testSeekLag(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	const ms = time.Millisecond
	var refs []store.Ref
	for n := 1; n <= 30; n++ {
		blk := r.second(n)
		for i := range blk.Units {
			if blk.Units[i].Track == r.audio.ID {
				blk.Units[i].DTS -= 300 * ms
			}
		}
		refs = append(refs, r.commit(blk))
	}
	for n := 1; n < 30; n++ {
		for off, want := range map[time.Duration]int{-300 * ms: n, -299 * ms: n, 0: n, 699 * ms: n, 700 * ms: n + 1} {
			got, err := s.Seek(media.Position{Run: 1, Time: time.Duration(n)*time.Second + off})
			if err != nil || got != refs[want-1] {
				t.Errorf("seek %d s %+v: %v, %v; want %v", n, off, got, err, refs[want-1])
			}
		}
	}
	must(t, s.Close())
}
