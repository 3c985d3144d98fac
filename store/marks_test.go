package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hindsight/media"
)

// markedMonths is a store with a bookmark in each of three months.
func markedMonths(t *testing.T) (*Bolt, *calendar, string) {
	dir := filepath.Join(t.TempDir(), "cam")
	clock := &calendar{time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)}
	s := openTest(t, dir, Options{Clock: clock})
	newLoad(t, s, 100)
	for n := range 3 {
		if n > 0 {
			clock.now = clock.now.AddDate(0, 1, 0)
		}
		if _, err := s.AddMark(media.Mark{Kind: media.Bookmark, From: media.Position{Run: 1, Time: time.Duration(n)}}); err != nil {
			t.Fatal(err)
		}
	}
	return s, clock, dir
}

// ids are the numbers of the bookmarks.
func ids(s Store) (out []uint64) {
	for _, m := range s.Marks(media.Bookmark) {
		out = append(out, m.ID)
	}
	return out
}

func same(a, b []uint64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestALostMonthCostsItsMarksOnly(t *testing.T) {
	for name, c := range map[string]struct {
		lose func(path string) error
		next uint64
	}{
		"missing":   {os.Remove, 4}, // the newer files begin with the counters
		"not bbolt": {func(path string) error { return os.WriteFile(path, []byte("what"), 0o644) }, 4 + lostMarks},
	} {
		t.Run(name, func(t *testing.T) {
			s, clock, dir := markedMonths(t)
			s.Close()
			if err := c.lose(filepath.Join(dir, notesDir, "2026-10.db")); err != nil {
				t.Fatal(err)
			}
			s = openTest(t, dir, Options{Clock: clock})
			if got := ids(s); !same(got, []uint64{1, 3}) {
				t.Errorf("bookmarks %v are left, want 1 and 3", got)
			}
			m, err := s.AddMark(media.Mark{Kind: media.Bookmark, From: media.Position{Run: 1}})
			if err != nil || m.ID != c.next {
				t.Errorf("number %d follows, %v; want %d", m.ID, err, c.next)
			}
		})
	}
}

func TestAFlippedBitCostsOneMark(t *testing.T) {
	h := makeHistory(t)
	h.editNotes(markBuckets[media.Pin], idKey(2), func(b []byte) []byte { b[20] ^= 1; return b })
	s := openTest(t, h.dir, Options{})
	if len(s.Marks(media.Pin)) != 0 || len(s.Marks(media.Bookmark)) != 1 || len(s.Marks(media.Stop)) != 1 {
		t.Errorf("there are %+v, %+v, %+v", s.Marks(media.Pin), s.Marks(media.Bookmark), s.Marks(media.Stop))
	}
	if cs, err := s.Captions(CaptionQuery{}); err != nil || len(cs) != 600 {
		t.Errorf("%d captions, %v; want 600", len(cs), err)
	}
	h.clean()
}

// TestAMonthStaysForItsMarks: retention takes a month's captions, but not its file while it has marks.
func TestAMonthStaysForItsMarks(t *testing.T) {
	s, _, dir := markedMonths(t)
	if err := s.DeleteMark(media.Bookmark, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ExpireCaptions(); err != nil {
		t.Fatal(err)
	}
	names, err := listDir(filepath.Join(dir, notesDir))
	if err != nil || len(names) != 2 || names[0] != "2026-09.db" || names[1] != "2026-11.db" {
		t.Errorf("notes are %v, %v; want those of months with marks", names, err)
	}
	if got := ids(s); !same(got, []uint64{1, 3}) {
		t.Errorf("bookmarks %v are left, want 1 and 3", got)
	}
}

func TestMarksOutliveTheirDeletedFiles(t *testing.T) {
	s, clock, dir := markedMonths(t)
	if err := os.RemoveAll(filepath.Join(dir, notesDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, notesDir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := s.notes.restore(); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = openTest(t, dir, Options{Clock: clock})
	if got := ids(s); !same(got, []uint64{1, 2, 3}) {
		t.Errorf("bookmarks %v are written again, want 1, 2 and 3", got)
	}
}

// TestAMarkThatFailedIsTakenBack: what was answered with an error is not there, also after a restart.
func TestAMarkThatFailedIsTakenBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cam")
	broken := errors.New("broken")
	var failing bool
	s := openTest(t, dir, Options{fail: func(p point) error {
		if failing && p == atMarkKept {
			return broken
		}
		return nil
	}})
	newLoad(t, s, 100)
	b := media.Mark{Kind: media.Bookmark, From: media.Position{Run: 1}, Text: "as it was"}
	if _, err := s.AddMark(b); err != nil {
		t.Fatal(err)
	}
	failing = true
	if _, err := s.AddMark(b); !errors.Is(err, broken) {
		t.Fatalf("added: %v", err)
	}
	if _, err := s.EditMark(media.Bookmark, 1, func(m *media.Mark) { m.Text = "otherwise" }); !errors.Is(err, broken) {
		t.Fatalf("edited: %v", err)
	}
	failing = false
	if m, err := s.AddMark(b); err != nil || m.ID != 3 {
		t.Errorf("number %d, %v; want 3", m.ID, err)
	}
	for range 2 {
		if got := s.Marks(media.Bookmark); !same(ids(s), []uint64{1, 3}) || got[0].Text != "as it was" {
			t.Errorf("there are %+v", got)
		}
		s.Close()
		s = openTest(t, dir, Options{})
	}
}
