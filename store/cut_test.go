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

// picture and sound are units for cutReason: V a key frame, v another picture, a sound.
func unitsOf(s string) *media.Block {
	b := &media.Block{Tracks: []media.Track{{ID: 1, Kind: media.Video}, {ID: 2, Kind: media.Audio}}}
	for _, c := range s {
		u := media.Unit{Track: 1}
		switch c {
		case 'V':
			u.Flags = media.Key
		case 'a':
			u = media.Unit{Track: 2, Flags: media.Key}
		}
		b.Units = append(b.Units, u)
	}
	return b
}

func TestWhereSegmentsAreCut(t *testing.T) {
	const span = 10 * time.Minute
	for _, c := range []struct {
		block  string
		lasted time.Duration
		video  bool // the segment has a picture
		want   string
	}{
		{"Vavava", span - 1, true, ""},
		{"Vavava", span, true, cutKey},
		{"aVavav", span, true, cutKey},
		{"avavav", span, true, ""},
		{"vaVava", span, true, ""},
		{"vaVava", span + 10*time.Second, true, cutKey},
		{"vavava", span + 10*time.Second, true, ""},
		{"vavava", span + time.Minute, true, cutLate},
		{"aaaa", span, false, cutKey},
		{"aaaa", span, true, ""},
		{"aaaa", span + time.Minute, true, cutLate},
		{"", span, false, cutKey},
	} {
		if got := cutReason(unitsOf(c.block), c.lasted, span, c.video); got != c.want {
			t.Errorf("%q after %v, picture before: %v: cut %q, want %q", c.block, c.lasted, c.video, got, c.want)
		}
	}
}

func TestSegmentStaysBelowItsSize(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cam")
	s := openTest(t, dir, Options{SegmentBytes: 2 << 20, NoSync: true})
	l := newLoad(t, s, 4000)
	for range 60 {
		b, _ := l.second()
		commit(t, s, b)
	}
	r := s.Runs()[0]
	if r.Segments < 60*120_000/(2<<20) {
		t.Errorf("%d segments", r.Segments)
	}
	for _, seg := range s.cat.segments {
		if seg.size > 2<<20 {
			t.Errorf("%s has %d bytes", seg.id.name(), seg.size)
		}
	}
	big := crashBlock(l.run, l.video, 1000)
	big.Units[0].Payload = make([]byte, 2<<20)
	if _, err := s.Commit(big); err == nil {
		t.Error("a block larger than a segment was committed")
	}
	big.Units[0].Payload = make([]byte, 1<<20)
	commit(t, s, big)
	s.Close()
	checkDir(t, dir)
}

func checkDir(t *testing.T, dir string) {
	t.Helper()
	history{t, dir}.clean()
}

// TestBlockThatWasNotAcknowledged: the disk fails when a block is already
// visible. It must be there once, however often it is tried and the store is opened.
func TestBlockThatWasNotAcknowledged(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cam")
	broken := errors.New("sync failed")
	var next error
	o := Options{NoSync: true, fail: func(p point) error {
		if p != atCommitted {
			return nil
		}
		err := next
		next = nil
		return err
	}}
	s := openTest(t, dir, o)
	l := newLoad(t, s, 300)
	var want []Ref
	for n := range 10 {
		b, _ := l.second()
		if n == 4 || n == 5 {
			next = broken
			if _, err := s.Commit(b); !errors.Is(err, broken) {
				t.Fatalf("commit answered %v", err)
			}
			if got := refsOf(t, s); !slices.Equal(got, want) {
				t.Fatalf("after the failure there are %v, want %v", got, want)
			}
		}
		want = append(want, commit(t, s, b))
	}
	if want[3] != (Ref{1, 1, 4}) || want[4] != (Ref{1, 2, 1}) || want[5] != (Ref{1, 3, 1}) {
		t.Errorf("blocks stand at %v", want)
	}
	checkDir(t, dir)
	s.Crash()
	for range 2 { // without an index, then with one
		s = openTest(t, dir, Options{})
		if got := refsOf(t, s); !slices.Equal(got, want) {
			t.Errorf("after a restart there are %v, want %v", got, want)
		}
		if got := s.Runs()[0].Stats[0].Units; got != 300 {
			t.Errorf("%d pictures, want 300", got)
		}
		s.Close()
		checkDir(t, dir)
	}
}

// TestDeletedWhileItIsRecorded: somebody deletes files beside the recorder. What
// was in them is gone, and recording goes on in a new file.
func TestDeletedWhileItIsRecorded(t *testing.T) {
	for _, what := range []string{"cam", "cam/" + segmentsDir, "cam/" + segmentsDir + "/000001-000001.db", "cam/" + notesDir, "."} {
		t.Run(what, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			dir := filepath.Join(data, "cam")
			s := openTest(t, dir, Options{NoSync: true})
			l := newLoad(t, s, 300)
			next := func() Ref {
				b, _ := l.second()
				return commit(t, s, b)
			}
			for range 3 {
				next()
			}
			if err := os.RemoveAll(filepath.Join(data, what)); err != nil {
				t.Fatal(err)
			}
			want := []Ref{next(), next(), next()}
			if what == "cam/"+notesDir {
				want = append([]Ref{{1, 1, 1}, {1, 1, 2}, {1, 1, 3}}, want...)
			}
			if got := refsOf(t, s); !slices.Equal(got, want) {
				t.Errorf("there are %v, want %v", got, want)
			}
			if r := s.Runs(); len(r) != 1 || r[0].Stats[0].Units != int64(30*len(want)) {
				t.Errorf("runs %+v, want one with %d pictures", r, 30*len(want))
			}
			if !beingRecorded(dir) {
				t.Error("nobody can tell that it is being recorded")
			}
			if what != "cam/"+notesDir { // those are written anew with the next segment, or the next start
				checkDir(t, dir)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			s = openTest(t, dir, Options{})
			checkDir(t, dir)
			if got := refsOf(t, s); !slices.Equal(got, want) {
				t.Errorf("after a restart there are %v, want %v", got, want)
			}
			if n, err := s.BeginRun(media.Anchor{Wall: time.Unix(1_700_000_100, 0)}); err != nil || n != 2 {
				t.Errorf("the next run is %d, %v", n, err)
			}
			if ts := s.Tracks(); len(ts) != 2 {
				t.Errorf("tracks %v", ts)
			}
		})
	}
}

// refsOf is every block in order.
func refsOf(t *testing.T, s Store) (refs []Ref) {
	t.Helper()
	for r, err := s.Next(Ref{}); ; r, err = s.Next(r) {
		if errors.Is(err, ErrNoBlock) {
			return refs
		}
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, r)
	}
}
