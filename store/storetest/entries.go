package storetest

import (
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

func stat(stats []store.TrackStat, id uint16) store.TrackStat {
	for _, s := range stats {
		if s.Track == id {
			return s
		}
	}
	return store.TrackStat{}
}

func testEntry(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	refs := r.seconds(0, 2)
	blk := r.second(2)
	blk.End = media.Paused
	refs = append(refs, r.commit(blk))
	for n, ref := range refs {
		e, err := s.Entry(ref)
		must(t, err)
		at := time.Duration(n) * time.Second
		if e.Ref != ref || e.At != at+time.Second || e.First != at {
			t.Errorf("entry %d: %+v", n, e)
		}
		var bytes [2]int64
		for _, u := range r.second(n).Units {
			if u.Track == r.video.ID {
				bytes[0] += int64(len(u.Payload))
			} else {
				bytes[1] += int64(len(u.Payload))
			}
		}
		video := store.TrackStat{Track: r.video.ID, First: at, Last: at + 800*time.Millisecond, Units: 5, Keys: 1, Bytes: bytes[0]}
		audio := store.TrackStat{Track: r.audio.ID, First: at, Last: at + 900*time.Millisecond, Units: 10, Keys: 10, Bytes: bytes[1]}
		if got := stat(e.Stats, r.video.ID); got != video {
			t.Errorf("entry %d video: %+v, want %+v", n, got, video)
		}
		if got := stat(e.Stats, r.audio.ID); got != audio {
			t.Errorf("entry %d audio: %+v, want %+v", n, got, audio)
		}
		if end := map[bool]media.Reason{true: media.Paused}[n == 2]; e.End != end {
			t.Errorf("entry %d ends %q, want %q", n, e.End, end)
		}
	}
	must(t, s.Close())
}

// testKeyInForce: a key frame every 2.4 s, so blocks begin with and without one.
func testKeyInForce(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	var refs []store.Ref
	type key struct {
		block int
		at    time.Duration
	}
	var want []key
	last := key{block: -1}
	for n := range 12 {
		blk := r.second(n)
		in := last
		first := true
		for i := range blk.Units {
			u := &blk.Units[i]
			if u.Track != r.video.ID {
				continue
			}
			u.Flags = 0
			if u.DTS%(2400*time.Millisecond) == 0 {
				u.Flags = media.Key
				last = key{n, u.DTS}
				if first {
					in = key{block: -1} // decoding begins here
				}
			}
			first = false
		}
		want = append(want, in)
		refs = append(refs, r.commit(blk))
	}
	for n, w := range want {
		e, err := s.Entry(refs[n])
		must(t, err)
		ref := store.Ref{}
		if w.block >= 0 {
			ref = refs[w.block]
		}
		if e.Key != ref || ref != (store.Ref{}) && e.KeyAt != w.at {
			t.Errorf("block %d: key frame in force %v at %v, want %v at %v", n, e.Key, e.KeyAt, ref, w.at)
		}
	}
	must(t, s.Close())
}

func testKeyWithoutVideo(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	r.seconds(0, 1)
	blk := r.second(1)
	var sound []media.Unit
	for _, u := range blk.Units {
		if u.Track == r.audio.ID {
			sound = append(sound, u)
		}
	}
	blk.Units = sound
	e, err := s.Entry(r.commit(blk))
	must(t, err)
	if e.Key != (store.Ref{}) {
		t.Errorf("a block without video has key frame %v in force", e.Key)
	}
	empty := r.commit(&media.Block{Run: r.run, At: 3 * time.Second, Anchors: []media.Anchor{{Media: time.Second, Wall: epoch}}})
	e, err = s.Entry(empty)
	must(t, err)
	if e.First != 3*time.Second || len(e.Stats) != 0 || e.Key != (store.Ref{}) {
		t.Errorf("a block without units: %+v, want First at its own time", e)
	}
	must(t, s.Close())
}
