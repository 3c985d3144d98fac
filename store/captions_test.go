package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

// spokenStore is a store with a run of media, three seconds a segment, and a clock that tests set.
func spokenStore(t *testing.T, o Options) (*Bolt, *load, *calendar) {
	t.Helper()
	clock := &calendar{time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	o.Clock, o.SegmentSpan, o.NoSync = clock, 3*time.Second, true
	s := openTest(t, filepath.Join(t.TempDir(), "cam"), o)
	l := newLoad(t, s, 100)
	return s, l, clock
}

// say keeps the captions of seconds, as crashCaption makes them.
func say(t *testing.T, s *Bolt, seconds ...int) (cs []media.Caption) {
	t.Helper()
	for _, n := range seconds {
		cs = append(cs, crashCaption(1, n))
	}
	cs, err := s.AddCaptions(cs)
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

// saidAt are the seconds of all captions, by position.
func saidAt(t *testing.T, s *Bolt) (seconds []int) {
	t.Helper()
	cs, err := s.Captions(CaptionQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cs {
		seconds = append(seconds, int(c.Start/time.Second))
	}
	return seconds
}

func upTo(from, until int) (ns []int) {
	for n := from; n < until; n++ {
		ns = append(ns, n)
	}
	return ns
}

func months(t *testing.T, s *Bolt) []string {
	t.Helper()
	names, err := s.notes.months()
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestMonthsGoWithTheirCaptions: a month that is over gets a smaller file when
// most of it has expired, and none when all has.
func TestMonthsGoWithTheirCaptions(t *testing.T) {
	s, l, clock := spokenStore(t, Options{slack: 1})
	for n := range 60 {
		b, _ := l.second()
		if n == 30 {
			clock.now = clock.now.AddDate(0, 1, 0)
		}
		commit(t, s, b)
		say(t, s, n)
	}
	if err := s.SetHeard(media.HeardSpan{Run: 1, Until: time.Minute, Track: 1, Language: "en", State: media.HeardDone}); err != nil {
		t.Fatal(err)
	}
	hits, err := s.SearchCaptions(CaptionSearch{Text: "000000"})
	if err != nil || len(hits) != 1 {
		t.Fatalf("%d hits, %v", len(hits), err)
	}
	if got := months(t, s); !slices.Equal(got, []string{"2026-11.db", "2026-12.db"}) {
		t.Fatalf("months are %v", got)
	}
	old := filepath.Join(s.notes.dir, "2026-11.db")
	size := func() uint64 {
		f, err := os.Open(old)
		if errors.Is(err, os.ErrNotExist) {
			return 0
		}
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		m, err := readMeta(f)
		if err != nil {
			t.Fatal(err)
		}
		return m.high
	}
	sizes := []uint64{size()}
	for first := 3; first <= 45; first += 3 {
		if _, err := s.DropOldest(); err != nil {
			t.Fatal(err)
		}
		checkDir(t, s.dir)
		if got := saidAt(t, s); !slices.Equal(got, upTo(first, 60)) {
			t.Fatalf("media begins at %d s, captions are of %v", first, got)
		}
		sizes = append(sizes, size())
	}
	if sizes[8] > sizes[0]/2 {
		t.Errorf("pages of the old month: %v; they do not get fewer", sizes)
	}
	if size() != 0 {
		t.Errorf("pages of the old month: %v; it is still there", sizes)
	}
	if names, err := listDir(filepath.Join(s.dir, searchDir)); err != nil || len(names) != 0 {
		t.Errorf("search index is %v, %v", names, err)
	}
	anchors := s.Runs()[0].Anchors
	s.Crash()
	s = openTest(t, s.dir, Options{Clock: clock})
	if got := s.Runs()[0].Anchors; len(got) != len(anchors) || !got[0].Wall.Equal(anchors[0].Wall) || len(s.Tracks()) != 2 || s.LastCaption() != 60 {
		t.Errorf("without the old month: anchors %v, tracks %v, last caption %d", got, s.Tracks(), s.LastCaption())
	}
}

// TestCaptionsKeptLonger: an hour of captions, a day between runs, media gone but for the last run.
func TestCaptionsKeptLonger(t *testing.T) {
	for _, c := range []struct {
		keep    time.Duration
		trusted bool
		want    []media.Run // with captions left
	}{
		{0, true, []media.Run{4}},
		{-1, true, []media.Run{1, 2, 3, 4}},
		{36 * time.Hour, true, []media.Run{3, 4}},
		{36 * time.Hour, false, []media.Run{1, 2, 3, 4}},
		{60 * time.Hour, true, []media.Run{2, 3, 4}},
		{1000 * time.Hour, true, []media.Run{1, 2, 3, 4}},
	} {
		clock := &calendar{now: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)}
		s := openTest(t, filepath.Join(t.TempDir(), "cam"), Options{Clock: clock, KeepCaptions: c.keep, NoSync: true})
		for range 4 {
			clock.now = clock.now.Add(24 * time.Hour)
			run, err := s.BeginRun(media.Anchor{Wall: clock.now, Trusted: c.trusted})
			if err != nil {
				t.Fatal(err)
			}
			tr, err := s.NewTrack(media.Track{Kind: media.Video, Codec: media.H264, ClockRate: 90000})
			if err != nil {
				t.Fatal(err)
			}
			commit(t, s, crashBlock(run, tr, 10))
			if _, err := s.AddCaptions([]media.Caption{crashCaption(run, 10)}); err != nil {
				t.Fatal(err)
			}
		}
		clock.now = clock.now.Add(time.Hour)
		for range 3 {
			if _, err := s.DropOldest(); err != nil {
				t.Fatal(err)
			}
		}
		cs, err := s.Captions(CaptionQuery{})
		if err != nil {
			t.Fatal(err)
		}
		var got []media.Run
		for _, x := range cs {
			got = append(got, x.Run)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("kept for %v, clock trusted %v: captions of runs %v, want %v", c.keep, c.trusted, got, c.want)
		}
		checkDir(t, s.dir)
	}
}

// TestReplacedOverMonths: what is replaced stands in an old month, and every step can fail.
func TestReplacedOverMonths(t *testing.T) {
	for _, p := range []point{"", atCaptions, atCaptionsKept, atCaptionsVoid, atCaptionsSettled} {
		t.Run(string(p), func(t *testing.T) {
			broken := errors.New("disk failed")
			armed := false
			s, _, clock := spokenStore(t, Options{fail: func(q point) error {
				if armed && p == q {
					armed = false
					return broken
				}
				return nil
			}})
			say(t, s, upTo(0, 10)...)
			clock.now = clock.now.AddDate(0, 1, 0)
			say(t, s, upTo(10, 20)...)
			again := func() ([]media.Caption, int, error) {
				return s.ReplaceCaptions(CaptionRange{From: media.Position{Run: 1, Time: 5 * time.Second}, Until: media.Position{Run: 1, Time: 15 * time.Second}},
					[]media.Caption{crashCaption(1, 7)}, media.HeardSpan{Run: 1, Until: time.Minute, Track: 1, Language: "en", State: media.HeardDone})
			}
			armed = true
			_, removed, err := again()
			failed := p == atCaptions || p == atCaptionsKept
			if failed != errors.Is(err, broken) {
				t.Fatalf("the change says %v", err)
			}
			if failed {
				if got := saidAt(t, s); p == atCaptions && !slices.Equal(got, upTo(0, 20)) {
					t.Errorf("after a failure there are %v", got)
				}
				if h := s.Heard(HeardQuery{}); len(h) != 0 {
					t.Errorf("after a failure was heard %v", h)
				}
				want := uint64(21)
				if p == atCaptionsKept { // nobody knows what became of 21
					want = 22
				}
				var added []media.Caption
				added, removed, err = again()
				if err != nil || added[0].ID != want {
					t.Fatalf("again: %d captions, %v; want number %d", len(added), err, want)
				}
			}
			want := append(append(upTo(0, 5), 7), upTo(15, 20)...)
			for range 3 {
				if got := saidAt(t, s); !slices.Equal(got, want) {
					t.Errorf("there are %v, want %v", got, want)
				}
				if since, err := s.CaptionsSince(0, 0); err != nil || len(since) != len(want) {
					t.Errorf("by number there are %d, %v; want %d", len(since), err, len(want))
				}
				if hits, err := s.SearchCaptions(CaptionSearch{Text: "0000"}); err != nil || len(hits) != len(want) {
					t.Errorf("found are %d, %v; want %d", len(hits), err, len(want))
				}
				if _, err := s.EditCaption(6, "gone", "anna"); !errors.Is(err, ErrNoCaption) {
					t.Errorf("edit of a replaced caption: %v", err)
				}
				checkDir(t, s.dir)
				s.Crash()
				s = openTest(t, s.dir, Options{Clock: clock})
			}
			if removed == 0 {
				t.Error("nothing was removed")
			}
			if err := s.SetHeard(media.HeardSpan{Run: 1, Until: 1, Language: "en", State: media.HeardOff}); err != nil {
				t.Fatal(err)
			}
			if r := reportOf(t, s.dir); r.Captions != len(want) {
				t.Errorf("after the next change %d captions are on the disk, want %d", r.Captions, len(want))
			}
		})
	}
}

// reportOf is the check of a directory, which must be clean.
func reportOf(t *testing.T, dir string) Report {
	t.Helper()
	h := history{t, dir}
	h.clean()
	return h.check()
}

// TestDamagedCaptions: a page of captions is lost; the others are there, also after the next is kept.
func TestDamagedCaptions(t *testing.T) {
	s, _, clock := spokenStore(t, Options{})
	say(t, s, upTo(0, 100)...)
	path := s.notes.path()
	s.Close()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var page uint64
	err = snapshot(f, func(tr tree) error {
		b, err := tr.bucketOf(captionsBucket)
		if err != nil {
			return err
		}
		root, err := tr.rootPage(b)
		if err != nil {
			return err
		}
		_, page, err = root.branch(root.count / 2)
		return err
	})
	f.Close()
	if err != nil {
		t.Fatal(err)
	}
	history{t, s.dir}.flip(path, int64(page)*4096)
	s = openTest(t, s.dir, Options{Clock: clock})
	cs, err := s.Captions(CaptionQuery{})
	if !errors.Is(err, ErrDamaged) || len(cs) < 80 || len(cs) > 99 {
		t.Fatalf("of 100 captions there are %d, %v", len(cs), err)
	}
	if since, err := s.CaptionsSince(0, 0); !errors.Is(err, ErrDamaged) || len(since) != len(cs) {
		t.Errorf("by number there are %d, %v; want %d", len(since), err, len(cs))
	}
	if hits, err := s.SearchCaptions(CaptionSearch{Text: "0000"}); !errors.Is(err, ErrDamaged) || len(hits) != len(cs) {
		t.Errorf("found are %d, %v; want %d", len(hits), err, len(cs))
	}
	if next := say(t, s, 200); next[0].ID <= 100 {
		t.Errorf("number %d is given again", next[0].ID)
	}
	left, err := s.Captions(CaptionQuery{})
	if err != nil || len(left) != len(cs)+1 {
		t.Errorf("after the next there are %d, %v; want %d", len(left), err, len(cs)+1)
	}
	names, err := listDir(s.notes.dir)
	if err != nil || !strings.Contains(strings.Join(names, " "), "db.damaged-1") {
		t.Errorf("notes are %v, %v; the damaged file was not set aside", names, err)
	}
	checkDir(t, s.dir)
}

// TestCaptionNumbersAfterTheNotesAreLost: they jump, since nobody knows the last.
func TestCaptionNumbersAfterTheNotesAreLost(t *testing.T) {
	s, l, clock := spokenStore(t, Options{})
	b, _ := l.second()
	commit(t, s, b)
	say(t, s, 1, 2, 3)
	s.Close()
	if err := os.Remove(s.notes.path()); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, s.dir, Options{Clock: clock})
	if c := say(t, s, 4); c[0].ID != lostCaptions+1 {
		t.Errorf("the next number is %d, want %d", c[0].ID, lostCaptions+1)
	}
	s.Close()
	s = openTest(t, s.dir, Options{Clock: clock})
	if c := say(t, s, 5); c[0].ID != lostCaptions+2 {
		t.Errorf("and then %d, want %d", c[0].ID, lostCaptions+2)
	}
}

// TestSearchIndexIsDerived: whatever becomes of its files, all captions are found once.
func TestSearchIndexIsDerived(t *testing.T) {
	upper := func(s string) string { return strings.ReplaceAll(s, "ä", "ae") }
	for name, spoil := range map[string]func(h history) Options{
		"missing": func(h history) Options { h.must(os.Remove(h.search())); return Options{} },
		"empty":   func(h history) Options { h.must(os.Truncate(h.search(), 0)); return Options{} },
		"torn":    func(h history) Options { h.must(os.Truncate(h.search(), 10_000)); return Options{} },
		"a bit": func(h history) Options {
			h.flip(h.search(), 9000)
			return Options{}
		},
		"a length": func(h history) Options {
			h.put(h.search(), searchHead, []byte{0xff, 0xff, 0xff, 0xff})
			return Options{}
		},
		"another fold": func(history) Options { return Options{Fold: upper} },
		"read only":    func(h history) Options { h.must(os.Remove(h.search())); return Options{ReadOnly: true} },
	} {
		t.Run(name, func(t *testing.T) {
			s, _, clock := spokenStore(t, Options{})
			say(t, s, upTo(0, 1300)...)
			s.Close()
			o := spoil(history{t, s.dir})
			o.Clock = clock
			s = openTest(t, s.dir, o)
			for range 2 {
				if hits, err := s.SearchCaptions(CaptionSearch{Text: "0"}); err != nil || len(hits) != 1300 {
					t.Errorf("%d hits, %v; want 1300", len(hits), err)
				}
			}
			if o.ReadOnly {
				if _, err := s.AddCaptions([]media.Caption{crashCaption(1, 1)}); !errors.Is(err, ErrReadOnly) {
					t.Errorf("keeping read-only: %v", err)
				}
				return
			}
			say(t, s, 2000)
			if hits, err := s.SearchCaptions(CaptionSearch{Text: "0", CaptionQuery: CaptionQuery{Newest: true, Limit: 2}}); err != nil || len(hits) != 2 || hits[0].Caption.Start != 2000*time.Second {
				t.Errorf("the newest are %v, %v", hits, err)
			}
			checkDir(t, s.dir)
		})
	}
}

// TestCaptionsWhileACommitGoesOn: a slow write of captions delays no block.
func TestCaptionsWhileACommitGoesOn(t *testing.T) {
	s, l, _ := spokenStore(t, Options{})
	s.notes.disk.Lock() // as a slow write would
	kept := make(chan error)
	go func() {
		_, err := s.AddCaptions([]media.Caption{crashCaption(1, 0)})
		kept <- err
	}()
	for n := range 5 {
		b, _ := l.second()
		b.Anchors = []media.Anchor{{Media: time.Duration(n) * time.Second, Wall: time.Unix(1_700_000_000+int64(n), 0)}}
		commit(t, s, b)
	}
	s.notes.disk.Unlock()
	if err := <-kept; err != nil {
		t.Fatal(err)
	}
	if got := s.notes.of(1); len(got) < 5 {
		t.Errorf("anchors are %v", got)
	}
	checkDir(t, s.dir)
}

// TestOldMonthsAreEdited: an edit and a deletion are written where the captions stand.
func TestOldMonthsAreEdited(t *testing.T) {
	s, _, clock := spokenStore(t, Options{})
	say(t, s, upTo(0, 50)...)
	clock.now = clock.now.AddDate(0, 1, 0)
	say(t, s, 60)
	s.Close()
	s = openTest(t, s.dir, Options{Clock: clock})
	if _, err := s.EditCaption(3, "edited", "anna"); err != nil {
		t.Fatal(err)
	}
	if hits, err := s.SearchCaptions(CaptionSearch{Text: "edited"}); err != nil || len(hits) != 1 || hits[0].Caption.ID != 3 {
		t.Errorf("found is %v, %v", hits, err)
	}
	checkDir(t, s.dir)
	if n, err := s.DeleteCaptions(CaptionRange{From: media.Position{Run: 1}, Until: media.Position{Run: 1, Time: 55 * time.Second}}); err != nil || n != 50 {
		t.Errorf("%d were deleted, %v; want 50", n, err)
	}
	if got := saidAt(t, s); !slices.Equal(got, []int{60}) {
		t.Errorf("left are %v", got)
	}
	checkDir(t, s.dir)
}
