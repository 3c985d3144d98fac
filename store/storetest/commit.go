package storetest

import (
	"errors"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

func testEmpty(t *testing.T, b Backend) {
	s := b.Open(t)
	if n := len(s.Runs()) + len(s.Tracks()); n != 0 {
		t.Errorf("an empty store has %d runs and tracks", n)
	}
	_, seek := s.Seek(media.Position{Run: 1})
	_, next := s.Next(store.Ref{})
	_, prev := s.Prev(store.Ref{Run: 1, Segment: 1, Block: 1})
	_, drop := s.DropOldest()
	for what, err := range map[string]error{"Seek": seek, "Next": next, "Prev": prev, "DropOldest": drop} {
		if !errors.Is(err, store.ErrNoBlock) {
			t.Errorf("%s: %v, want ErrNoBlock", what, err)
		}
	}
	if _, err := s.Commit(&media.Block{Run: 1, At: 1, End: media.Off}); err == nil {
		t.Error("a block was committed before a run was begun")
	}
	must(t, s.Close())
}

func testRoundTrip(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	want := r.second(0)
	want.Units[3].Offset = 66 * time.Millisecond
	want.Units[4].Flags |= media.Lost
	want.Units[5].Flags |= media.Silence
	want.Units[6].Payload = []byte{}
	want.Units[7].Payload = payload(r.run, want.Units[7].Track, want.Units[7].DTS, 300_000) // many pages
	want.Gaps = []media.Gap{{Kind: media.Audio, From: 3, Until: 5, Reason: media.MicrophoneLost, Detail: "pulled"}}
	want.Anchors = []media.Anchor{{Media: 7, Wall: epoch.Add(time.Hour), Trusted: false}}
	got := read(t, s, r.commit(want))
	sameUnits(t, got.Units, want.Units)
	if got.Run != want.Run || got.At != want.At || got.End != "" {
		t.Errorf("run %d at %v end %q, want run %d at %v", got.Run, got.At, got.End, want.Run, want.At)
	}
	if len(got.Gaps) != 1 || got.Gaps[0] != want.Gaps[0] {
		t.Errorf("gaps %v, want %v", got.Gaps, want.Gaps)
	}
	if len(got.Anchors) != 1 || got.Anchors[0].Media != 7 || !got.Anchors[0].Wall.Equal(epoch.Add(time.Hour)) || got.Anchors[0].Trusted {
		t.Errorf("anchors %v, want %v", got.Anchors, want.Anchors)
	}
	for _, id := range []uint16{r.video.ID, r.audio.ID} {
		if !describes(got.Tracks, id) {
			t.Errorf("the block does not describe its track %d", id)
		}
	}
	must(t, s.Close())
}

func describes(ts []media.Track, id uint16) bool {
	for _, t := range ts {
		if t.ID == id {
			return true
		}
	}
	return false
}

func testCopies(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	mine, want := r.second(0), r.second(0)
	ref := r.commit(mine)
	first := read(t, s, ref)
	for _, b := range []*media.Block{mine, first} { // the writer's and a reader's
		for _, u := range b.Units {
			clear(u.Payload)
		}
	}
	sameUnits(t, read(t, s, ref).Units, want.Units)
	u := first.Units[0]
	_ = append(u.Payload, "overrun"...) // must not reach the neighbour
	if first.Units[1].Payload[0] != 0 {
		t.Error("appending to one payload wrote into the next")
	}
	must(t, s.Close())
}

// refused are blocks that follow the block of second 0 and break one rule each.
var refused = []struct {
	name string
	edit func(r *recording, b *media.Block)
}{
	{"another run", func(r *recording, b *media.Block) { b.Run = r.run + 1 }},
	{"no run", func(r *recording, b *media.Block) { b.Run = 0 }},
	{"nothing in it", func(r *recording, b *media.Block) { b.Units = nil }},
	{"time of the block as before", func(r *recording, b *media.Block) { b.At = time.Second }},
	{"time of the block before", func(r *recording, b *media.Block) { b.At = time.Second - 1 }},
	{"DTS equal within the block", func(r *recording, b *media.Block) {
		b.Units[2].DTS = b.Units[0].DTS
		b.Units[2].Track = b.Units[0].Track
	}},
	{"DTS falls within the block", func(r *recording, b *media.Block) {
		b.Units[14].DTS = b.Units[12].DTS - 1
		b.Units[14].Track = b.Units[12].Track
	}},
	{"DTS equal to the block before", func(r *recording, b *media.Block) { b.Units[0].DTS = 800 * time.Millisecond }},
	{"DTS below the block before", func(r *recording, b *media.Block) { b.Units[1].DTS = 100 * time.Millisecond }},
	{"a track nobody made", func(r *recording, b *media.Block) {
		b.Units[1].Track = 999
		b.Tracks = append(b.Tracks, media.Track{ID: 999, Kind: media.Audio, Codec: media.Opus, ClockRate: 48000})
	}},
	{"a track the block does not describe", func(r *recording, b *media.Block) { b.Tracks = b.Tracks[:1] }},
}

func testRefused(t *testing.T, b Backend) {
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			s := b.Open(t)
			r := begin(t, s)
			r.seconds(0, 1)
			bad := r.second(1)
			c.edit(r, bad)
			if ref, err := s.Commit(bad); err == nil {
				t.Errorf("committed as %v", ref)
			}
			r.seconds(1, 2) // the good one still goes in
			if got := len(walk(t, s)); got != 2 {
				t.Errorf("%d blocks, want 2", got)
			}
			must(t, s.Close())
		})
	}
}

func testRefusedTwice(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	r.seconds(0, 1)
	before := s.Runs()[0]
	bad := r.second(1)
	bad.Gaps = []media.Gap{{Kind: media.Video, From: time.Second, Reason: media.Frozen}}
	bad.Anchors = []media.Anchor{{Media: time.Second, Wall: epoch}}
	bad.Units[9].DTS = 0
	if _, err := s.Commit(bad); err == nil {
		t.Fatal("a unit at DTS 0 was committed after the block of second 0")
	}
	after := s.Runs()[0]
	if len(after.Gaps) != len(before.Gaps) || len(after.Anchors) != len(before.Anchors) || after.Last != before.Last {
		t.Errorf("a refused block left traces: %+v, before %+v", after, before)
	}
	ref := r.commit(r.second(1))
	sameUnits(t, read(t, s, ref).Units, r.second(1).Units)
	must(t, s.Close())
}

func testNumbers(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	if r.run != 1 {
		t.Errorf("the first run is %d, want 1", r.run)
	}
	refs := r.seconds(0, 25)
	if refs[0] != (store.Ref{Run: 1, Segment: 1, Block: 1}) {
		t.Errorf("the first block is %v, want 1-1-1", refs[0])
	}
	for i := 1; i < len(refs); i++ {
		a, b := refs[i-1], refs[i]
		follows := b.Segment == a.Segment && b.Block == a.Block+1 || b.Segment == a.Segment+1 && b.Block == 1
		if b.Run != a.Run || !follows {
			t.Errorf("block %v follows %v", b, a)
		}
		if b.Block > SegmentBlocks {
			t.Errorf("segment %d holds block %d; the backend promised at most %d", b.Segment, b.Block, SegmentBlocks)
		}
	}
	must(t, s.Close())
	s = b.Reopen(t, s)
	if run, err := s.BeginRun(anchor()); err != nil || run != 2 {
		t.Errorf("the run after run 1 is %d, %v", run, err)
	}
	must(t, s.Close())
}
