package timeline

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// pos is a moment of run 1, in seconds.
func pos(s float64) media.Position {
	return media.Position{Run: 1, Time: time.Duration(s * float64(second))}
}

// boltRig records into a bbolt store.
func boltRig(t *testing.T) *rig {
	t.Helper()
	clock := newClock()
	s, err := store.Open(filepath.Join(t.TempDir(), "cam"), store.Options{Clock: clock, SegmentSpan: 10 * second})
	must(t, err)
	return rigOver(t, clock, s, nil).both()
}

func TestDelete(t *testing.T) {
	for name, rig := range map[string]func(*testing.T) *rig{
		"memory": func(t *testing.T) *rig { return newRig(t, nil).both() }, "bbolt": boltRig,
	} {
		t.Run(name, func(t *testing.T) {
			r := rig(t)
			r.seconds(0, 30)
			c, err := r.At(pos(3.5), Selection{Kinds: []media.Kind{media.Video}})
			must(t, err)
			defer c.Close()
			first := next(t, c)
			if first.DTS/second != 3 {
				t.Fatalf("the cursor begins at %v", first.DTS)
			}
			if _, err := r.Delete(deadline(t), pos(5), pos(24.5), "by anna"); err != nil {
				t.Fatal(err)
			}
			jumps, last := 0, first.DTS
			for last < 29*second+800*time.Millisecond {
				i := next(t, c)
				if 5*second+time.Second <= i.DTS && i.DTS < 25*second { // one block may be in the reader's hands
					t.Errorf("the cursor yields %v, which is deleted", i.DTS)
				}
				if i.Jump {
					jumps++
				}
				last = i.DTS
			}
			if jumps != 1 {
				t.Errorf("%d jumps, want one", jumps)
			}
			got := reasons(r.Timeline)
			if len(got) != 1 || got[0].why != media.Deleted || got[0].from != 5 || got[0].until != 25 || got[0].detail != "by anna" {
				t.Errorf("gaps %+v, want one from 5 s to 25 s", got)
			}
			if m := r.Map(); len(m.Spans) != 2 || m.Length().Round(second) != 10*second {
				t.Errorf("spans %+v, want two of together 10 s", m.Spans)
			}
			live := r.Live(Selection{Kinds: []media.Kind{media.Video}})
			defer live.Close()
			r.seconds(30, 32)
			if i := next(t, live); !i.IsKey() || i.DTS/second != 30 {
				t.Errorf("the live cursor begins with %+v", i)
			}
			if i := next(t, c); i.DTS/second != 30 || i.Jump {
				t.Errorf("the other goes on with %+v", i)
			}
		})
	}
}

// TestDeleteUpToLive: what has just been received goes too, and recording goes on with a key frame.
func TestDeleteUpToLive(t *testing.T) {
	for name, rig := range map[string]func(*testing.T) *rig{
		"memory": func(t *testing.T) *rig { return newRig(t, nil).both() }, "bbolt": boltRig,
	} {
		t.Run(name, func(t *testing.T) {
			r := rig(t)
			r.seconds(0, 14)
			live := r.Live(Selection{Kinds: []media.Kind{media.Video}})
			defer live.Close()
			for i := next(t, live); i.DTS < 13*second+800*time.Millisecond; {
				i = next(t, live)
			}
			r.second(14) // not committed
			must1(t)(r.Delete(deadline(t), pos(6), pos(60), ""))
			r.v(15*second+100*time.Millisecond, 0)
			r.v(15*second+200*time.Millisecond, media.Key)
			r.commit()
			c, err := r.At(pos(0), Selection{Kinds: []media.Kind{media.Video}})
			must(t, err)
			defer c.Close()
			var got []time.Duration
			for len(got) == 0 || got[len(got)-1] < 15*second {
				got = append(got, next(t, c).DTS)
			}
			if len(got) != 31 || got[30] != 15*second+200*time.Millisecond {
				t.Errorf("left are %v, want 30 pictures and the key frame at 15.2 s", got)
			}
			for i := next(t, live); ; i = next(t, live) { // what it has passed it may have, what comes it gets
				if i.DTS == 15*second+200*time.Millisecond {
					break
				}
				if i.DTS > 15*second {
					t.Fatalf("the live reader goes on with %+v", i)
				}
			}
		})
	}
}

// must1 checks the error of two results.
func must1(t *testing.T) func(any, error) {
	return func(_ any, err error) {
		t.Helper()
		must(t, err)
	}
}

func TestDeleteRefusesPins(t *testing.T) {
	r := newRig(t, nil).both()
	r.seconds(0, 10)
	must1(t)(r.AddMark(media.Mark{Kind: media.Pin, From: pos(4), Until: pos(5)}))
	var pinned *PinnedError
	if _, err := r.Delete(deadline(t), pos(1), pos(9), ""); !errors.As(err, &pinned) {
		t.Errorf("deleted over a pin: %v", err)
	}
	if m := r.Map(); len(m.Spans) != 1 {
		t.Errorf("spans %+v, want one", m.Spans)
	}
}

// TestDeleteUnderAReader: a range is deleted of the very block of which a cursor has read a part, before
// it, around it and behind it. What is left of the block has other numbers and stands elsewhere; the cursor
// yields each unit outside of the range once. What it holds of the range already it may still yield.
func TestDeleteUnderAReader(t *testing.T) {
	short := func(o *Options) { o.TailSpan = 1 } // what is committed is read from the store
	bbolt := func(t *testing.T, edit func(*Options)) *rig {
		s, err := store.Open(filepath.Join(t.TempDir(), "cam"), store.Options{SegmentSpan: 10 * second, NoSync: true})
		must(t, err)
		return rigOver(t, newClock(), s, edit)
	}
	stores := map[string]func(*testing.T) *rig{
		"memory": func(t *testing.T) *rig { return newRig(t, short) }, "bbolt": func(t *testing.T) *rig { return bbolt(t, short) },
		"the tail, then bbolt": func(t *testing.T) *rig { return bbolt(t, nil) },
	}
	const held = 4 // units of a part at most, and those of the part that is asked for while it is deleted
	for name, open := range stores {
		for _, video := range []bool{true, false} {
			for _, stop := range []int{1, 9, 17, 33, 52} {
				for _, gone := range [][2]float64{{0.45, 0.85}, {1.05, 1.95}, {0.2, 2.3}, {1.55, 3.2}, {2.95, 9}} {
					r := open(t)
					if video {
						r.useVideo()
					}
					r.useAudio()
					for n := range 4 { // all in one block
						r.second(n)
					}
					r.commit()
					r.seconds(4, 6)
					c, err := r.At(pos(0), Selection{})
					must(t, err)
					var got []key
					for range stop {
						got = append(got, keyOf(next(t, c)))
					}
					d, err := r.Delete(deadline(t), pos(gone[0]), pos(gone[1]), "")
					must(t, err)
					inside := func(k key) bool { return d.From.Time <= k.dts && k.dts < d.Until.Time }
					r.seconds(6, 7)
					for len(got) == 0 || got[len(got)-1].dts < 6*second+900*time.Millisecond {
						got = append(got, keyOf(next(t, c)))
					}
					c.Close()
					var want []key
					for at := time.Millisecond; at < 7*second; at += 100 * time.Millisecond {
						if video && at%(200*time.Millisecond) == time.Millisecond {
							want = append(want, key{1, r.video.ID, at})
						}
						want = append(want, key{1, r.audio.ID, at})
					}
					late := 0
					for i, k := range got {
						if inside(k) && i >= stop {
							late++
						}
					}
					outside := func(ks []key) []key { return slices.DeleteFunc(slices.Clone(ks), inside) }
					if late > held || !slices.Equal(outside(got), outside(want)) {
						t.Errorf("%s, pictures %v, %v deleted after %d units: %d of the deleted came later; the others are\n%v, want\n%v",
							name, video, gone, stop, late, outside(got), outside(want))
					}
					must(t, r.Close(media.Off))
				}
			}
		}
	}
}
