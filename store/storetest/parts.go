package storetest

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// inParts reads a block part by part. No part but one of a single unit may exceed most by much.
func inParts(t *testing.T, s store.Store, r store.Ref, most int) (all []media.Unit, parts int) {
	t.Helper()
	for from := (*store.Mark)(nil); ; parts++ {
		us, rest, err := s.Part(r, from, most)
		must(t, err)
		n := 0
		for _, u := range us {
			n += len(u.Payload)
		}
		if n > 2*most && len(us) > 1 && !slices.ContainsFunc(us, func(u media.Unit) bool { return len(u.Payload) > most }) {
			t.Errorf("a part of %d units and %d bytes, %d were asked for", len(us), n, most)
		}
		if all = append(all, us...); rest == nil {
			return all, parts + 1
		}
		if len(us) == 0 {
			t.Fatal("a part without a unit, and more behind it")
		}
		from = rest
	}
}

// testParts: whatever the size of the parts, together they are the block.
func testParts(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	blk := r.second(0)
	blk.Units[3].Offset = 66 * time.Millisecond
	blk.Units[4].Flags |= media.Lost
	blk.Units[6].Payload = []byte{}
	blk.Units[7].Payload = payload(r.run, blk.Units[7].Track, blk.Units[7].DTS, 300_000)
	far, err := s.NewTrack(media.Track{Kind: media.Audio, Role: media.Far, Codec: media.Opus, ClockRate: 48000, Channels: 1})
	must(t, err)
	blk.Tracks = append(blk.Tracks, far)
	for i := range 50 { // in a lump, as after a hiccup
		blk.Units = append(blk.Units, r.unit(far, time.Duration(i)*20*time.Millisecond, media.Key))
	}
	empty := &media.Block{Run: r.run, At: 2 * time.Second, Anchors: []media.Anchor{anchor()}}
	refs := []store.Ref{r.commit(blk), r.commit(empty), r.commit(r.second(2))}
	for i, want := range [][]media.Unit{blk.Units, nil, r.second(2).Units} {
		for _, most := range []int{1, 100, 1000, 32 << 10, 1 << 20} {
			got, parts := inParts(t, s, refs[i], most)
			sameUnits(t, got, want)
			if most == 1 && i == 0 && parts < 20 || most == 1<<20 && parts != 1 {
				t.Errorf("block %d: %d parts of %d bytes", i, parts, most)
			}
		}
	}
	us, rest, err := s.Part(refs[0], nil, 100)
	must(t, err)
	again, _, err := s.Part(refs[0], nil, 100)
	must(t, err)
	us[0].Payload[0] ^= 1
	if bytes.Equal(us[0].Payload, again[0].Payload) {
		t.Error("two parts share memory")
	}
	must(t, s.Close())
	if _, _, err := s.Part(refs[0], rest, 100); err == nil {
		t.Error("a part of a closed store")
	}
}
