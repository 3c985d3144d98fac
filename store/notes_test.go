package store

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"hindsight/media"
)

// calendar is a clock that tests set.
type calendar struct{ now time.Time }

func (c *calendar) Boot() time.Duration     { return 0 }
func (c *calendar) Wall() (time.Time, bool) { return c.now, true }

func TestNotesBeginANewFileEachMonth(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cam")
	clock := &calendar{time.Date(2026, 11, 30, 23, 59, 59, 0, time.UTC)}
	s := openTest(t, dir, Options{Clock: clock})
	l := newLoad(t, s, 100)
	clock.now = clock.now.Add(time.Second)
	second, err := s.NewTrack(media.Track{Kind: media.Audio, Codec: media.Opus, ClockRate: 48000, Channels: 1})
	if err != nil || second.ID != l.audio.ID+1 {
		t.Fatalf("track %d, %v", second.ID, err)
	}
	want := s.Tracks()
	s.Close()
	names, err := listDir(filepath.Join(dir, notesDir))
	if err != nil || !reflect.DeepEqual(names, []string{"2026-11.db", "2026-12.db"}) {
		t.Fatalf("notes are %v, %v", names, err)
	}
	if err := os.Remove(filepath.Join(dir, notesDir, names[0])); err != nil {
		t.Fatal(err)
	}
	s = openTest(t, dir, Options{Clock: clock})
	if got := s.Tracks(); !reflect.DeepEqual(got, want) {
		t.Errorf("the newest file has tracks %v, want %v", got, want)
	}
	if run, err := s.BeginRun(media.Anchor{Wall: clock.now}); err != nil || run != 2 {
		t.Errorf("run %d, %v; want 2, though run 1 never committed", run, err)
	}
}

// TestNumbersAreNotUsedAgain loses the notes, in every way they can be lost.
func TestNumbersAreNotUsedAgain(t *testing.T) {
	for name, lose := range map[string]func(h history, path string){
		"missing":   func(h history, path string) { h.must(os.Remove(path)) },
		"not bbolt": func(h history, path string) { h.must(os.WriteFile(path, []byte("what"), 0o644)) },
		"cut short": func(h history, path string) { h.must(os.Truncate(path, 9000)) },
		"a bit flipped": func(h history, _ string) {
			h.editNotes(countersBucket, runCounter, func(b []byte) []byte { b[6] ^= 1; return b })
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := makeHistory(t)
			s := openTest(t, h.dir, Options{})
			tracks, runs := s.Tracks(), s.Runs()
			s.Close()
			lose(h, filepath.Join(h.dir, h.notes()))
			s = openTest(t, h.dir, Options{})
			if got := s.Tracks(); !reflect.DeepEqual(got, tracks) {
				t.Errorf("tracks %v, want %v", got, tracks)
			}
			if got := s.Runs(); !reflect.DeepEqual(got, runs) {
				t.Errorf("runs %+v\nwant %+v", got, runs)
			}
			l := newLoad(t, s, 100)
			if l.run != 3 || l.video.ID != 5 {
				t.Errorf("run %d and track %d, want 3 and 5", l.run, l.video.ID)
			}
			s.Close()
			h.clean()
			names, err := listDir(filepath.Join(h.dir, notesDir))
			if err != nil || name != "missing" && !strings.Contains(strings.Join(names, " "), ".damaged-1") {
				t.Errorf("notes are %v, %v; the damaged file was not set aside", names, err)
			}
		})
	}
}

// TestRetentionKeepsWhatDatesTheRest drops the segments that hold the trusted
// anchor and the beginning of an open gap.
func TestRetentionKeepsWhatDatesTheRest(t *testing.T) {
	h := makeHistory(t)
	s := openTest(t, h.dir, Options{})
	before := s.Runs()[0]
	for range 2 {
		if _, err := s.DropOldest(); err != nil {
			t.Fatal(err)
		}
	}
	h.clean()
	check := func(s *Bolt, when string) {
		t.Helper()
		r := s.Runs()[0]
		if r.Segments != 1 || r.First != 20*time.Second {
			t.Fatalf("%s: %d segments from %v", when, r.Segments, r.First)
		}
		if len(r.Gaps) != 1 || r.Gaps[0] != before.Gaps[0] {
			t.Errorf("%s: gaps %v, want %v", when, r.Gaps, before.Gaps)
		}
		if got, want := r.Anchors.Wall(r.First), before.Anchors.Wall(r.First); !got.Equal(want) || !r.Anchors.Trusted() {
			t.Errorf("%s: begins at %v, want %v", when, got, want)
		}
	}
	check(s, "at once")
	if got := s.Runs()[0].Anchors; !reflect.DeepEqual(got, before.Anchors) {
		t.Errorf("anchors %v, want %v", got, before.Anchors)
	}
	s.Close()
	s = openTest(t, h.dir, Options{})
	check(s, "after a restart")
	s.Close()
	h.must(os.Remove(filepath.Join(h.dir, h.notes())))
	h.must(os.Remove(filepath.Join(h.dir, indexName)))
	check(openTest(t, h.dir, Options{}), "without notes")
}

// TestRetentionWhereNothingCanBeWritten: a disk that takes not even an anchor
// must still be made emptier, and the anchor is not forgotten.
func TestRetentionWhereNothingCanBeWritten(t *testing.T) {
	if os.Getenv("STORE_TEST_LIMIT") == "" { // the limit is the process's, and go test writes a log of its own
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), "STORE_TEST_LIMIT=1")
		if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS")) {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	dir := filepath.Join(t.TempDir(), "cam")
	s := openTest(t, dir, Options{NoSync: true, SegmentSpan: 2 * time.Second})
	l := newLoad(t, s, 300)
	for range 6 {
		b, _ := l.second()
		commit(t, s, b)
	}
	late := media.Anchor{Media: time.Second, Wall: time.Unix(1_700_000_777, 0), Trusted: true}
	s.notes.mu.Lock()
	s.notes.want(l.run, late)
	s.notes.mu.Unlock()

	signal.Ignore(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 0, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	_, err := s.DropOldest()
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Errorf("the oldest segment: %v", err)
	}
	if _, err := s.Entry(Ref{l.run, 1, 1}); !errors.Is(err, ErrGone) {
		t.Errorf("its first block: %v", err)
	}
	if _, err := s.DropOldest(); err != nil { // now there is room for the notes
		t.Error(err)
	}
	s.Crash()
	if as := openTest(t, dir, Options{ReadOnly: true}).Runs()[0].Anchors; !slices.ContainsFunc(as, func(a media.Anchor) bool { return a.Media == late.Media && a.Wall.Equal(late.Wall) && a.Trusted }) {
		t.Errorf("anchors after a restart: %v", as)
	}
}
