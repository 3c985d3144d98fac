package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

func testDropOldest(t *testing.T, b Backend) {
	s, refs, _ := twoRuns(t, b)
	before := s.Runs()[0].FileBytes
	freed, err := s.DropOldest()
	must(t, err)
	n := slices.IndexFunc(refs, func(r store.Ref) bool { return r.Segment != 1 })
	if freed <= 0 {
		t.Errorf("dropping freed %d bytes", freed)
	}
	if got := walk(t, s); !slices.Equal(got, refs[n:]) {
		t.Errorf("left are %v, want %v", got, refs[n:])
	}
	for _, gone := range refs[:n] {
		_, entry := s.Entry(gone)
		_, _, read := s.Read(gone)
		if !errors.Is(entry, store.ErrGone) || !errors.Is(read, store.ErrGone) {
			t.Errorf("%v: Entry %v, Read %v; want ErrGone", gone, entry, read)
		}
		if next, err := s.Next(gone); err != nil || next != refs[n] {
			t.Errorf("after the deleted %v is %v, %v; want %v", gone, next, err, refs[n])
		}
		if _, err := s.Prev(gone); !errors.Is(err, store.ErrNoBlock) {
			t.Errorf("before the deleted %v: %v, want ErrNoBlock", gone, err)
		}
	}
	if _, err := s.Prev(refs[n]); !errors.Is(err, store.ErrNoBlock) {
		t.Errorf("before the first kept: %v, want ErrNoBlock", err)
	}
	if got, err := s.Seek(media.Position{Run: 1, Time: time.Second}); err != nil || got != refs[n] {
		t.Errorf("seek into the deleted: %v, %v; want %v", got, err, refs[n])
	}
	i := s.Runs()[0]
	if i.First != time.Duration(n)*time.Second || i.FileBytes >= before || stat(i.Stats, 1).Units != int64(5*(25-n)) {
		t.Errorf("run 1 after dropping %d blocks: %+v", n, i)
	}
	must(t, s.Close())
}

// testDropAroundPins pins seconds 12 to 13 of run 1, in its second segment of ten blocks.
func testDropAroundPins(t *testing.T, b Backend) {
	s, refs, _ := twoRuns(t, b)
	of := func(run media.Run, segment uint32) (out []store.Ref) {
		for _, r := range refs {
			if r.Run == run && r.Segment == segment {
				out = append(out, r)
			}
		}
		return out
	}
	pin := addMark(t, s, media.Mark{Kind: media.Pin, From: spot(1, 12), Until: spot(1, 13)})
	if p, ok := s.NextDrop(); !ok || p != spot(1, 0) {
		t.Errorf("the next to go begins at %v, %v; want 1.0", p, ok)
	}
	for range 2 { // segments 1 and 3 of run 1
		_, err := s.DropOldest()
		must(t, err)
	}
	second, third := of(1, 2), of(1, 3)
	want := slices.Concat(second, refs[len(of(1, 1))+len(second)+len(third):])
	if got := walk(t, s); !slices.Equal(got, want) {
		t.Errorf("left are %v, want %v", got, want)
	}
	for range 2 {
		i := s.Runs()[0]
		if len(i.Gaps) == 0 || i.Gaps[len(i.Gaps)-1].Reason != media.Deleted || i.Gaps[len(i.Gaps)-1].From.Round(time.Second) != 20*time.Second {
			t.Errorf("gaps of run 1 are %+v, want the last one deleted from second 20 on", i.Gaps)
		}
		if got := walk(t, s); len(got) < len(second) || !slices.Equal(got[:len(second)], second) {
			t.Errorf("left are %v, want %v at first", got, second)
		}
		s = b.Reopen(t, s)
	}
	for {
		if _, err := s.DropOldest(); errors.Is(err, store.ErrNoBlock) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if got := walk(t, s); !slices.Equal(got, second) {
		t.Errorf("left are %v, want what is pinned, %v", got, second)
	}
	if p, ok := s.NextDrop(); ok {
		t.Errorf("%v may go, though all is pinned", p)
	}
	must(t, s.DeleteMark(media.Pin, pin.ID))
	_, err := s.DropOldest()
	must(t, err)
	if got := walk(t, s); len(got) != 0 {
		t.Errorf("left are %v without the pin, want none", got)
	}
}

func testDropAll(t *testing.T, b Backend) {
	s, refs, _ := twoRuns(t, b)
	drop := func() (n int) {
		for {
			_, err := s.DropOldest()
			if errors.Is(err, store.ErrNoBlock) {
				return n
			}
			must(t, err)
			if n++; n > len(refs) {
				t.Fatal("dropping does not end")
			}
		}
	}
	drop()
	left := walk(t, s)
	live := refs[len(refs)-1]
	if len(left) == 0 || left[0].Segment != live.Segment || left[0].Run != 2 || left[len(left)-1] != live {
		t.Errorf("left are %v; want the segment being written, %d-%d", left, live.Run, live.Segment)
	}
	if runs := s.Runs(); len(runs) != 1 || runs[0].Run != 2 {
		t.Errorf("runs left: %+v; want run 2", runs)
	}
	must(t, s.Close())
	s = b.Reopen(t, s)
	if n := drop(); n == 0 {
		t.Error("the last segment of a run that is over was not dropped")
	}
	if got := walk(t, s); len(got) != 0 {
		t.Errorf("left are %v, want none", got)
	}
	must(t, s.Close())
	s = b.Reopen(t, s)
	r := begin(t, s)
	if r.run != 3 {
		t.Errorf("the run after everything was dropped is %d, want 3", r.run)
	}
	if r.video.ID != 5 {
		t.Errorf("the track after everything was dropped is %d, want 5", r.video.ID)
	}
	r.seconds(0, 2)
	if got := walk(t, s); len(got) != 2 || got[0].Run != 3 {
		t.Errorf("blocks of the new run: %v", got)
	}
	must(t, s.Close())
}
