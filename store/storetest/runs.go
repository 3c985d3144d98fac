package storetest

import (
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// onlyRun is the facts of the only run.
func onlyRun(t *testing.T, s store.Store) store.RunInfo {
	t.Helper()
	runs := s.Runs()
	if len(runs) != 1 {
		t.Fatalf("%d runs, want 1", len(runs))
	}
	return runs[0]
}

func sameGaps(t *testing.T, got, want []media.Gap) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("gaps %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("gap %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}

func testGaps(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	with := func(n int, gaps ...media.Gap) {
		blk := r.second(n)
		blk.Gaps = gaps
		r.commit(blk)
	}
	sec := time.Second
	open := media.Gap{Kind: media.Video, From: 1 * sec, Reason: media.CameraLost, Detail: "pulled"}
	closed := open
	closed.Until = 16 * sec
	sound := media.Gap{Kind: media.Audio, From: 2 * sec, Reason: media.MicrophoneLost}
	whole := media.Gap{From: 500 * time.Millisecond, Until: 600 * time.Millisecond, Reason: "a reason to come"}
	with(0)
	with(1, open)
	with(2, sound, whole) // whole is found out late: it lies before the others
	sameGaps(t, onlyRun(t, s).Gaps, []media.Gap{whole, open, sound})
	r.seconds(3, 15) // over a segment's end
	with(15, closed)
	sameGaps(t, onlyRun(t, s).Gaps, []media.Gap{whole, closed, sound})
	s = b.Reopen(t, s)
	sameGaps(t, onlyRun(t, s).Gaps, []media.Gap{whole, closed, sound})
	must(t, s.Close())
}

func testAnchors(t *testing.T, b Backend) {
	s := b.Open(t)
	run, err := s.BeginRun(media.Anchor{Wall: epoch.AddDate(-5, 0, 0)})
	must(t, err)
	tr, err := s.NewTrack(media.Track{Kind: media.Audio, Codec: media.PCMA, ClockRate: 8000, Channels: 1})
	must(t, err)
	r := &recording{t: t, s: s, run: run, audio: tr, video: tr}
	one := func(n int) *media.Block {
		at := time.Duration(n) * time.Second
		return &media.Block{Run: run, At: at + 1, Tracks: []media.Track{tr}, Units: []media.Unit{r.unit(tr, at, media.Key)}}
	}
	r.commit(one(1))
	for n := 2; n < 20; n++ {
		blk := one(n)
		if n == 4 {
			blk.Anchors = []media.Anchor{{Media: 3 * time.Second, Wall: epoch.Add(3 * time.Second), Trusted: true}}
		}
		r.commit(blk)
	}
	for range 2 {
		i := onlyRun(t, s)
		if len(i.Anchors) != 2 || i.Anchors[0].Trusted || !i.Anchors[1].Trusted || i.Anchors[1].Media != 3*time.Second {
			t.Fatalf("anchors %v", i.Anchors)
		}
		if got := i.Anchors[0].Wall; !got.Equal(epoch.AddDate(-5, 0, 0)) || got.Location() != time.UTC {
			t.Errorf("the first anchor is at %v", got)
		}
		if got := i.Anchors.Wall(time.Second); !got.Equal(epoch.Add(time.Second)) {
			t.Errorf("second 1 is at %v; the trusted anchor re-dates what came before", got)
		}
		s = b.Reopen(t, s)
	}
	must(t, s.Close())
}

func testEnds(t *testing.T, b Backend) {
	for _, why := range []media.Reason{media.Off, media.Privacy, "a reason to come", ""} {
		s := b.Open(t)
		r := begin(t, s)
		r.seconds(0, 2)
		if got := onlyRun(t, s).End; got != "" {
			t.Errorf("a run being recorded ended: %q", got)
		}
		want := why
		if why == "" {
			want = media.Crash
		} else {
			r.end(2*time.Second+1, why)
			if _, err := s.Commit(r.second(3)); err == nil {
				t.Errorf("a block was committed after the end (%s)", why)
			}
			must(t, s.Close())
		}
		s = b.Reopen(t, s)
		if got := onlyRun(t, s).End; got != want {
			t.Errorf("the run ended: %q, want %q", got, want)
		}
		r = begin(t, s)
		r.seconds(0, 1)
		if runs := s.Runs(); len(runs) != 2 || runs[0].End != want || runs[1].End != "" {
			t.Errorf("after the next run began: %+v", runs)
		}
		must(t, s.Close())
	}
}

func testReopen(t *testing.T, b Backend) {
	for _, closed := range []bool{true, false} {
		s, refs, r := twoRuns(t, b)
		if closed {
			must(t, s.Close())
		}
		s = b.Reopen(t, s)
		got := walk(t, s)
		if len(got) != len(refs) {
			t.Fatalf("closed %v: %d blocks after reopening, want %d", closed, len(got), len(refs))
		}
		for i, ref := range got {
			if ref != refs[i] {
				t.Errorf("block %d is %v, want %v", i, ref, refs[i])
			}
		}
		for n := range 12 {
			sameUnits(t, read(t, s, refs[25+n]).Units, r.second(n).Units)
		}
		must(t, s.Close())
	}
}

func testRunInfo(t *testing.T, b Backend) {
	s, refs, r := twoRuns(t, b)
	runs := s.Runs()
	if len(runs) != 2 {
		t.Fatalf("%d runs, want 2", len(runs))
	}
	for i, want := range []struct {
		seconds  int
		segments uint32
	}{{25, refs[24].Segment}, {12, refs[36].Segment}} {
		got := runs[i]
		last := time.Duration(want.seconds)*time.Second - 100*time.Millisecond
		if got.Run != media.Run(i+1) || got.First != 0 || got.Last != last || got.Segments != int(want.segments) {
			t.Errorf("run %d: %+v; want 0 to %v in %d segments", i+1, got, last, want.segments)
		}
		if got.FileBytes <= 0 {
			t.Errorf("run %d: its files take %d bytes", i+1, got.FileBytes)
		}
	}
	v := stat(runs[1].Stats, r.video.ID)
	if v.Units != 60 || v.Keys != 12 || v.First != 0 || v.Last != 11800*time.Millisecond || v.Bytes == 0 || v.Damaged != 0 {
		t.Errorf("video of run 2: %+v", v)
	}
	if a := stat(runs[1].Stats, r.audio.ID); a.Units != 120 || a.Keys != 120 {
		t.Errorf("sound of run 2: %+v", a)
	}
	must(t, s.Close())
}

func testTracks(t *testing.T, b Backend) {
	s := b.Open(t)
	tr := media.Track{Kind: media.Audio, Role: media.Far, Codec: media.AAC, ClockRate: 44100, Channels: 2, Config: []byte{0x12, 0x10}}
	run, err := s.BeginRun(anchor())
	must(t, err)
	seen := map[uint16]bool{}
	for round := range 3 {
		for range 2 { // the same again is a new one
			got, err := s.NewTrack(tr)
			must(t, err)
			if got.ID == 0 || seen[got.ID] {
				t.Errorf("round %d: track %d was given before", round, got.ID)
			}
			seen[got.ID] = true
			if !got.Same(tr) || got.Role != media.Far {
				t.Errorf("the new track is %+v", got)
			}
		}
		r := &recording{t: t, s: s, run: run, audio: tr}
		if round == 1 { // not only an empty run
			tr := s.Tracks()[len(s.Tracks())-1]
			r.commit(&media.Block{Run: run, At: 2, Tracks: []media.Track{tr}, Units: []media.Unit{r.unit(tr, 1, media.Key)}})
		}
		all := s.Tracks()
		if len(all) != len(seen) {
			t.Errorf("round %d: %d tracks known, want %d", round, len(all), len(seen))
		}
		for i := 1; i < len(all); i++ {
			if all[i].ID <= all[i-1].ID {
				t.Errorf("tracks are not by ID: %v", all)
			}
		}
		if got := all[0]; string(got.Config) != string(tr.Config) || got.ClockRate != 44100 || got.Channels != 2 {
			t.Errorf("the first track came back as %+v", got)
		}
		s = b.Reopen(t, s)
		run, err = s.BeginRun(anchor())
		must(t, err)
	}
	must(t, s.Close())
}
