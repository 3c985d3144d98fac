package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// epoch is the wall time of media time 0 in the tests.
var epoch = time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC)

func anchor() media.Anchor { return media.Anchor{Wall: epoch, Trusted: true} }

// recording is a store with a run being recorded.
type recording struct {
	t            *testing.T
	s            store.Store
	run          media.Run
	video, audio media.Track
}

// begin begins a run on s with one video and one audio track of its own.
func begin(t *testing.T, s store.Store) *recording {
	t.Helper()
	run, err := s.BeginRun(anchor())
	must(t, err)
	r := &recording{t: t, s: s, run: run}
	r.video, err = s.NewTrack(media.Track{Kind: media.Video, Codec: media.H264, ClockRate: 90000, Width: 1280, Height: 720})
	must(t, err)
	r.audio, err = s.NewTrack(media.Track{Kind: media.Audio, Codec: media.Opus, ClockRate: 48000, Channels: 1})
	must(t, err)
	return r
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// payload is what every unit of the tests carries: it tells run, track and time,
// so that a unit in the wrong place is seen.
func payload(run media.Run, track uint16, dts time.Duration, n int) []byte {
	p := fmt.Appendf(nil, "%d/%d/%d ", run, track, dts)
	return append(p, bytes.Repeat([]byte{byte(dts / time.Millisecond)}, n)...)
}

func (r *recording) unit(tr media.Track, dts time.Duration, f media.Flags) media.Unit {
	return media.Unit{Track: tr.ID, Flags: f, DTS: dts, Payload: payload(r.run, tr.ID, dts, 40)}
}

// second is the block of second n: 5 pictures, the first of them a key frame,
// and 10 pieces of sound, in order of time.
func (r *recording) second(n int) *media.Block {
	at := time.Duration(n) * time.Second
	b := &media.Block{Run: r.run, At: at + time.Second, Tracks: []media.Track{r.video, r.audio}}
	for i := range 10 {
		if i%2 == 0 {
			f := media.Flags(0)
			if i == 0 {
				f = media.Key
			}
			b.Units = append(b.Units, r.unit(r.video, at+time.Duration(i)*100*time.Millisecond, f))
		}
		b.Units = append(b.Units, r.unit(r.audio, at+time.Duration(i)*100*time.Millisecond, media.Key))
	}
	return b
}

// seconds commits the blocks of seconds from until to and returns their refs.
func (r *recording) seconds(from, to int) []store.Ref {
	r.t.Helper()
	var refs []store.Ref
	for n := from; n < to; n++ {
		refs = append(refs, r.commit(r.second(n)))
	}
	return refs
}

func (r *recording) commit(b *media.Block) store.Ref {
	r.t.Helper()
	ref, err := r.s.Commit(b)
	must(r.t, err)
	return ref
}

// end commits a last block that says why.
func (r *recording) end(at time.Duration, why media.Reason) {
	r.t.Helper()
	r.commit(&media.Block{Run: r.run, At: at, End: why})
}

// read reads a block that must be whole.
func read(t *testing.T, s store.Store, r store.Ref) *media.Block {
	t.Helper()
	b, damaged, err := s.Read(r)
	must(t, err)
	if damaged != 0 {
		t.Fatalf("block %v: %d units damaged", r, damaged)
	}
	return b
}

// sameUnits compares units one by one.
func sameUnits(t *testing.T, got, want []media.Unit) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d units, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.Track != w.Track || g.Flags != w.Flags || g.DTS != w.DTS || g.Offset != w.Offset || !bytes.Equal(g.Payload, w.Payload) {
			t.Fatalf("unit %d: track %d flags %d DTS %v offset %v %q, want track %d flags %d DTS %v offset %v %q",
				i, g.Track, g.Flags, g.DTS, g.Offset, g.Payload, w.Track, w.Flags, w.DTS, w.Offset, w.Payload)
		}
	}
}

// walk is every ref from the first to the last.
func walk(t *testing.T, s store.Store) []store.Ref {
	t.Helper()
	var refs []store.Ref
	r := store.Ref{}
	for {
		next, err := s.Next(r)
		if errors.Is(err, store.ErrNoBlock) {
			return refs
		}
		must(t, err)
		refs, r = append(refs, next), next
	}
}
