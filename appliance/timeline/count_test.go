package timeline

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// Whatever the range, and wherever its units are, what is counted is what was appended.
func TestCount(t *testing.T) {
	r := newRig(t, nil).both()
	r.seconds(0, 25)
	must(t, r.Close(media.Off))
	r = r.reopen(nil).both()
	r.seconds(0, 13)
	r.second(13) // in the tail only
	r.second(14)
	type unit struct {
		at    media.Position
		track uint16
		key   bool
		bytes int64
	}
	var all []unit
	for run, long := range map[media.Run]int{1: 25, 2: 15} {
		for i := range long * 10 {
			at := media.Position{Run: run, Time: time.Duration(i)*100*time.Millisecond + time.Millisecond}
			if i%2 == 0 {
				all = append(all, unit{at, r.video.ID, i%10 == 0, 100})
			}
			all = append(all, unit{at, r.audio.ID, true, 800})
		}
	}
	dice := rand.New(rand.NewPCG(1, 2))
	moment := func() media.Position {
		return media.Position{Run: media.Run(dice.IntN(4)), Time: time.Duration(dice.IntN(27_000)) * time.Millisecond}
	}
	for range 500 {
		from, to := moment(), moment()
		want := map[uint16]store.TrackStat{}
		for _, u := range all {
			if u.at.Before(from) || !u.at.Before(to) {
				continue
			}
			s := want[u.track]
			s.Units++
			s.Bytes += u.bytes
			if u.key {
				s.Keys++
			}
			want[u.track] = s
		}
		got, err := r.Count(t.Context(), from, to)
		must(t, err)
		for _, id := range []uint16{r.video.ID, r.audio.ID} {
			g, w := got[id], want[id]
			if g.Units != w.Units || g.Keys != w.Keys || g.Bytes != w.Bytes {
				t.Fatalf("%v to %v, track %d: %d units, %d keys, %d bytes; want %d, %d, %d",
					from, to, id, g.Units, g.Keys, g.Bytes, w.Units, w.Keys, w.Bytes)
			}
		}
	}
}

// A block that is gone or cannot be read counts nothing and ends nothing.
func TestCountBesideDamage(t *testing.T) {
	r := newRig(t, nil).both()
	r.seconds(0, 10)
	r.mem.Lose(store.Ref{Run: 1, Segment: 1, Block: 4})
	got, err := r.Count(t.Context(), media.Position{Run: 1}, media.Position{Run: 1, Time: time.Hour})
	must(t, err)
	if n := got[r.audio.ID].Units; n != 90 {
		t.Errorf("%d units of sound, want 90 of 100", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Count(ctx, media.Position{Run: 1}, media.Position{Run: 2}); err == nil {
		t.Error("an asker who has gone is counted for")
	}
}
