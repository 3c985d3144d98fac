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

// Of 42 s of run 1 in segments of 10 s, 8 s to 33.5 s are deleted.
const (
	cutFrom  = 8 * time.Second
	cutUntil = 34 * time.Second // the key frame behind 33.5 s
)

func deleteMiddle(s *Bolt) (Deleted, error) {
	return s.DeleteRange(media.Position{Run: 1, Time: cutFrom}, media.Position{Run: 1, Time: 33500 * time.Millisecond}, "by anna")
}

// unitsLeft counts what is left, and says whether any of it lies in what was deleted.
func unitsLeft(t *testing.T, s *Bolt) (n int, inside bool) {
	t.Helper()
	for r, err := s.Next(Ref{}); err == nil; r, err = s.Next(r) {
		b, damaged, err := s.Read(r)
		if err != nil || damaged > 0 {
			t.Errorf("%v: %d damaged, %v", r, damaged, err)
			continue
		}
		n += len(b.Units)
		for _, u := range b.Units {
			inside = inside || cutFrom <= u.DTS && u.DTS < cutUntil
		}
	}
	return n, inside
}

// TestADeletionIsFinished: wherever a crash comes, nothing but what is to be
// deleted is missing, and the next start completes it.
func TestADeletionIsFinished(t *testing.T) {
	died := errors.New("died")
	h := history{t, filepath.Join(t.TempDir(), "whole")}
	s := pinnedHistory(t, h.dir, Options{})
	s.DeleteMark(media.Pin, s.Marks(media.Pin)[0].ID) //nolint:errcheck // the deletion would tell
	whole, _ := unitsLeft(t, s)
	got, err := deleteMiddle(s)
	if err != nil || got.Captions != 26 || got.Bookmarks != 13 || got.From.Time != cutFrom || got.Until.Time != cutUntil {
		t.Fatalf("deleted %+v, %v", got, err)
	}
	want, inside := unitsLeft(t, s)
	if inside || want != whole*16/42 {
		t.Fatalf("%d of %d units are left, inside: %v", want, whole, inside)
	}
	for _, at := range []point{atDeletion, atEdge, atEdgeRenamed, atEdgeIndexed, atInside, atDeletedSpoken, atDeletionDone} {
		for nth := 1; nth <= 2; nth++ {
			t.Run(string(at), func(t *testing.T) {
				h := history{t, filepath.Join(t.TempDir(), "cam")}
				hits, armed := 0, false
				s := pinnedHistory(t, h.dir, Options{fail: func(p point) error {
					if armed && p == at {
						if hits++; hits == nth {
							return died
						}
					}
					return nil
				}})
				s.DeleteMark(media.Pin, s.Marks(media.Pin)[0].ID) //nolint:errcheck // the deletion would tell
				armed = true
				_, err := deleteMiddle(s)
				if hits < nth {
					t.Skip("it comes here once only")
				}
				if !errors.Is(err, died) {
					t.Fatalf("deleted: %v", err)
				}
				s.Crash()
				s = openTest(t, h.dir, Options{})
				defer s.Close()
				left, inside := unitsLeft(t, s)
				if at == atDeletion {
					if left != whole {
						t.Errorf("%d units are left, want all %d", left, whole)
					}
				} else if left != want || inside {
					t.Errorf("%d units are left, want %d; inside: %v", left, want, inside)
				}
				if got := captionSeconds(t, s); at != atDeletion && slices.ContainsFunc(got, func(n int) bool { return n >= 8 && n < 34 }) {
					t.Errorf("captions of seconds %v are left", got)
				}
				h.clean()
			})
		}
	}
}

// TestRecordingGoesOnAfterADeletion: also when the segment being written is in it.
func TestRecordingGoesOnAfterADeletion(t *testing.T) {
	h := history{t, filepath.Join(t.TempDir(), "cam")}
	s := openTest(t, h.dir, Options{SegmentSpan: 10 * time.Second})
	l := newLoad(t, s, 100)
	var last Ref
	second := func(n int) {
		for range n {
			b, _ := l.second()
			last = commit(t, s, b)
		}
	}
	second(15)
	if _, err := s.DeleteRange(media.Position{Run: 1, Time: 5 * time.Second}, media.Position{Run: 1, Time: time.Hour}, ""); err != nil {
		t.Fatal(err)
	}
	second(8)
	if last.Segment != 3 {
		t.Errorf("recording goes on in segment %d, want 3", last.Segment)
	}
	x := s.Runs()[0]
	if x.Last < 22*time.Second || x.First != 0 {
		t.Errorf("run 1 lasts from %v to %v", x.First, x.Last)
	}
	h.clean() // beside the recorder
	s.Close()
	h.clean()
}

// TestNothingDeletedIsInTheFiles: no payload, no text.
func TestNothingDeletedIsInTheFiles(t *testing.T) {
	h := history{t, filepath.Join(t.TempDir(), "cam")}
	s := pinnedHistory(t, h.dir, Options{})
	s.DeleteMark(media.Pin, s.Marks(media.Pin)[0].ID) //nolint:errcheck // the deletion would tell
	if _, err := s.SearchCaptions(CaptionSearch{Text: "000012"}); err != nil {
		t.Fatal(err)
	}
	if _, err := deleteMiddle(s); err != nil {
		t.Fatal(err)
	}
	if hits, err := s.SearchCaptions(CaptionSearch{Text: "000012"}); err != nil || len(hits) != 0 {
		t.Errorf("%d hits, %v; want none", len(hits), err)
	}
	if hits, err := s.SearchCaptions(CaptionSearch{Text: "000040"}); err != nil || len(hits) != 1 {
		t.Errorf("%d hits of what is kept, %v; want 1", len(hits), err)
	}
	s.Close()
	for _, seq := range []uint32{2, 3} {
		if _, err := os.Stat(h.path(seq)); err == nil {
			t.Errorf("segment %d is there", seq)
		}
	}
}
