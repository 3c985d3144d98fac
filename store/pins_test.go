package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hindsight/media"
)

// pinnedHistory is a store with run 1 of 42 s in segments of 10, each second captioned
// and every other one bookmarked, whose second segment is pinned; a fifth segment is being written.
func pinnedHistory(t *testing.T, dir string, o Options) *Bolt {
	t.Helper()
	o.SegmentSpan, o.NoSync = 10*time.Second, true
	s := openTest(t, dir, o)
	l := newLoad(t, s, 100)
	var cs []media.Caption
	for n := range 42 {
		b, _ := l.second()
		commit(t, s, b)
		c := crashCaption(1, n)
		c.Text = c.Text[:6]
		cs = append(cs, c)
		if n%2 > 0 {
			continue
		}
		if _, err := s.AddMark(media.Mark{Kind: media.Bookmark, From: c.Position()}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.AddCaptions(cs); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AddMark(media.Mark{Kind: media.Pin, From: media.Position{Run: 1, Time: 15 * time.Second}, Until: media.Position{Run: 1, Time: 16 * time.Second}}); err != nil {
		t.Fatal(err)
	}
	return s
}

// seconds are those of the captions.
func captionSeconds(t *testing.T, s *Bolt) (out []int) {
	t.Helper()
	cs, err := s.Captions(CaptionQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cs {
		out = append(out, int(c.Start/time.Second))
	}
	return out
}

// TestCaptionsLiveAsLongAsTheirMedia: those of what is pinned stay, those around it go.
func TestCaptionsLiveAsLongAsTheirMedia(t *testing.T) {
	h := history{t, filepath.Join(t.TempDir(), "cam")}
	s := pinnedHistory(t, h.dir, Options{})
	for range 2 {
		if _, err := s.DropOldest(); err != nil {
			t.Fatal(err)
		}
	}
	got := captionSeconds(t, s)
	for n := range 42 {
		// the second after a stretch is kept: its units may lag
		if want := n >= 10 && n <= 20 || n >= 30; slices.Contains(got, n) != want {
			t.Errorf("the caption of second %d is there: %v, want %v", n, !want, want)
		}
	}
	if ms := s.Marks(media.Bookmark); len(ms) != 16 || ms[0].From.Time != 10*time.Second {
		t.Errorf("%d bookmarks from %v on, want 16 from 10 s on", len(ms), ms[0].From)
	}
	if n := s.PinnedBytes(); n <= 0 {
		t.Errorf("%d bytes are pinned", n)
	}
	s.Close()
	h.clean()
}

// TestADropAroundAPinIsFinished: wherever a crash comes, the next start finds a
// timeline whose hole is told, and what is pinned is whole.
func TestADropAroundAPinIsFinished(t *testing.T) {
	died := errors.New("died")
	for _, at := range []point{atDropNoted, atDropIndexed, atDropUnlinked, atDropSynced, atCaptionsDropped} {
		t.Run(string(at), func(t *testing.T) {
			h := history{t, filepath.Join(t.TempDir(), "cam")}
			hits := 0
			s := pinnedHistory(t, h.dir, Options{fail: func(p point) error {
				if p == at {
					if hits++; hits == 2 { // the segment behind the pinned one
						return died
					}
				}
				return nil
			}})
			if _, err := s.DropOldest(); err != nil {
				t.Fatal(err)
			}
			s.DropOldest() //nolint:errcheck // it is where the process dies
			if hits < 2 {
				t.Fatal("nobody came to this point")
			}
			s.Crash()
			s = openTest(t, h.dir, Options{})
			defer s.Close()
			_, third := os.Stat(segmentID{1, 3}.path(h.dir))
			gaps := s.Runs()[0].Gaps
			told := slices.ContainsFunc(gaps, func(g media.Gap) bool { return g.Reason == media.Deleted })
			if told != (third != nil) || told != (at != atDropNoted) {
				t.Errorf("the third segment: %v; gaps %v", third, gaps)
			}
			for n := range uint32(10) {
				if _, damaged, err := s.Read(Ref{1, 2, n + 1}); err != nil || damaged > 0 {
					t.Errorf("block %d of what is pinned: %d damaged, %v", n+1, damaged, err)
				}
			}
			h.clean()
		})
	}
}

// TestAPinHoldsItsKeyFrame: the segment from which a pin's beginning is decoded stays.
func TestAPinHoldsItsKeyFrame(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cam")
	s := openTest(t, dir, Options{SegmentSpan: 10 * time.Second})
	run, err := s.BeginRun(media.Anchor{Wall: time.Unix(1_700_000_000, 0)})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := s.NewTrack(media.Track{Kind: media.Video, Codec: media.H264, ClockRate: 90000})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 150 { // one key frame, so that segments are cut late, after 70 s
		b := crashBlock(run, tr, n)
		b.Anchors, b.Gaps = nil, nil
		if n > 0 {
			b.Units[0].Flags = 0
		}
		commit(t, s, b)
	}
	if _, err := s.AddMark(media.Mark{Kind: media.Pin, From: media.Position{Run: 1, Time: 100 * time.Second}, Until: media.Position{Run: 1, Time: 101 * time.Second}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DropOldest(); !errors.Is(err, ErrNoBlock) {
		t.Errorf("the segment with the key frame: %v, want it to stay", err)
	}
}
