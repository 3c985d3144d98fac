package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"hindsight/media"
)

// sums are name and content of every file below dir.
func sums(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.Walk(dir, func(path string, fi os.FileInfo, err error) error {
		if err != nil || fi.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all[path] = fmt.Sprintf("%x", sha256.Sum256(b))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestStartWithoutItsIndex(t *testing.T) {
	h := makeHistory(t)
	s := openTest(t, h.dir, Options{})
	want := s.Runs()
	s.Close()
	segments := sums(t, filepath.Join(h.dir, segmentsDir))
	for _, c := range []struct {
		name string
		do   func()
	}{
		{"as it is", func() {}},
		{"missing", func() { h.must(os.Remove(filepath.Join(h.dir, indexName))) }},
		{"not bbolt", func() { h.must(os.WriteFile(filepath.Join(h.dir, indexName), []byte("what"), 0o644)) }},
		{"empty", func() { h.must(os.Truncate(filepath.Join(h.dir, indexName), 0)) }},
		{"a bit flipped", func() {
			h.edit(indexName, func(tx *bolt.Tx) error {
				b := tx.Bucket(indexBucket)
				k, v := b.Cursor().First()
				v = slices.Clone(v)
				v[len(v)/2] ^= 1
				return b.Put(k, v)
			})
		}},
		{"of other files", func() {
			h.edit(indexName, func(tx *bolt.Tx) error {
				b := tx.Bucket(indexBucket)
				id := segmentID{1, 1}
				s, size, err := decodeIndex(b.Get(id.indexKey()))
				h.must(err)
				s.Blocks = 3
				gone := s
				gone.Run = 77
				return errors.Join(b.Put(id.indexKey(), encodeIndex(s, size+1)),
					b.Put(segmentID{77, 1}.indexKey(), encodeIndex(gone, 5)))
			})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.do()
			for _, o := range []Options{{ReadOnly: true}, {}, {ReadOnly: true}} {
				s := openTest(t, h.dir, o)
				if got := s.Runs(); !reflect.DeepEqual(got, want) {
					t.Errorf("read-only %v: %+v\nwant %+v", o.ReadOnly, got, want)
				}
				s.Close()
			}
			h.clean()
			if !reflect.DeepEqual(sums(t, filepath.Join(h.dir, segmentsDir)), segments) {
				t.Error("a start wrote to an old segment")
			}
		})
	}
}

func TestReadOnlyWritesNothing(t *testing.T) {
	h := makeHistory(t)
	h.must(os.Remove(filepath.Join(h.dir, indexName)))
	before := sums(t, h.dir)
	s := openTest(t, h.dir, Options{ReadOnly: true})
	for _, r := range refsOf(t, s) {
		if _, _, err := s.Read(r); err != nil {
			t.Error(err)
		}
	}
	_, run := s.BeginRun(media.Anchor{})
	_, track := s.NewTrack(media.Track{})
	_, block := s.Commit(&media.Block{})
	_, drop := s.DropOldest()
	for what, err := range map[string]error{"BeginRun": run, "NewTrack": track, "Commit": block, "DropOldest": drop} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: %v, want ErrReadOnly", what, err)
		}
	}
	s.Close()
	if !reflect.DeepEqual(sums(t, h.dir), before) {
		t.Error("something was written")
	}
	if _, err := Open(filepath.Join(h.dir, "missing"), Options{ReadOnly: true}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing camera: %v", err)
	}
}

func TestSecondRecorderIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cam")
	s := openTest(t, dir, Options{})
	_, err := Open(dir, Options{})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid())) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second recorder: %v", err)
	}
	s.Close()
	openTest(t, dir, Options{}).Close()
}

// TestReadBesideTheRecorder reads and checks while another process commits as fast as it can.
func TestReadBesideTheRecorder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cam")
	looked := 0
	runRecorder(t, dir, nil, func(n int, p *os.Process) {
		if n == 200 {
			p.Kill()
		}
		if n%10 != 0 || n >= 200 {
			return
		}
		looked++
		checkDir(t, dir)
		s := openTest(t, dir, Options{ReadOnly: true})
		defer s.Close()
		runs := s.Runs()
		if last := runs[len(runs)-1]; last.End != "" && last.Run == s.notes.run {
			t.Errorf("the run being recorded has ended: %q", last.End)
		}
		for _, r := range runs[:len(runs)-1] {
			if r.End != media.Crash {
				t.Errorf("run %d ended %q", r.Run, r.End)
			}
		}
		for _, r := range refsOf(t, s) {
			if b, damaged, err := s.Read(r); errors.Is(err, ErrGone) {
				continue
			} else if err != nil || damaged != 0 || len(b.Units) != 1 {
				t.Errorf("block %v: %d damaged, %v", r, damaged, err)
			}
		}
	})
	if looked < 10 {
		t.Errorf("looked %d times", looked)
	}
	s := openTest(t, dir, Options{ReadOnly: true})
	runs := s.Runs()
	if last := runs[len(runs)-1]; last.End != media.Crash {
		t.Errorf("the run of a killed recorder ended %q", last.End)
	}
}

func TestSegmentThatCannotBeRead(t *testing.T) {
	h := makeHistory(t)
	h.must(os.Remove(filepath.Join(h.dir, indexName)))
	h.must(os.WriteFile(h.path(2), []byte("nothing of use"), 0o644))
	s := openTest(t, h.dir, Options{})
	if n := len(refsOf(t, s)); n != 27 {
		t.Errorf("%d blocks, want those of the other segments, 27", n)
	}
	if r, err := s.Seek(media.Position{Run: 1, Time: 15 * time.Second}); err != nil || r != (Ref{1, 1, 10}) {
		t.Errorf("seek into it: %v, %v", r, err)
	}
	if _, _, err := s.Read(Ref{1, 2, 1}); !errors.Is(err, ErrDamaged) {
		t.Errorf("reading it: %v", err)
	}
	i := slices.IndexFunc(s.Runs()[0].Gaps, func(g media.Gap) bool { return g.Reason == media.Damaged })
	if i < 0 {
		t.Fatalf("no gap says so: %+v", s.Runs()[0].Gaps)
	}
	if g := s.Runs()[0].Gaps[i]; g.From.Truncate(time.Second) != 9*time.Second || g.Until != 20*time.Second {
		t.Errorf("gap %+v, want from 9 s to 20 s", g)
	}
	run, err := s.BeginRun(media.Anchor{Wall: time.Unix(0, 0)})
	if err != nil || run != 3 {
		t.Errorf("run %d, %v", run, err)
	}
}

// TestSegmentDamagedWhileOpen: what is read after the file was overwritten is an error, and the rest lives.
func TestSegmentDamagedWhileOpen(t *testing.T) {
	h := makeHistory(t)
	s := openTest(t, h.dir, Options{})
	if _, _, err := s.Read(Ref{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	h.must(os.Truncate(h.path(2), 9000)) // with a map this would be a SIGBUS
	for _, err := range []error{
		func() error { _, _, err := s.Read(Ref{1, 2, 3}); return err }(),
		func() error { _, err := s.Entry(Ref{1, 2, 10}); return err }(),
	} {
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "000001-000002.db") {
			t.Errorf("reading it: %v", err)
		}
	}
	if _, err := s.Seek(media.Position{Run: 1, Time: 12 * time.Second}); err != nil {
		t.Errorf("seek into it: %v", err)
	}
	for _, r := range []Ref{{1, 1, 10}, {1, 3, 1}, {2, 1, 1}} {
		if _, damaged, err := s.Read(r); err != nil || damaged != 0 {
			t.Errorf("block %v: %d damaged, %v", r, damaged, err)
		}
	}
}
