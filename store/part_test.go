package store

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"hindsight/media"
)

// segmentImage is a segment with one block of 30 pictures and 50 sounds, and where its tables begin and end.
func segmentImage(tb testing.TB) (file []byte, ref Ref, from, until int64) {
	tb.Helper()
	s := openTest(tb, tb.TempDir(), Options{NoSync: true})
	l := newLoad(tb, s, 700)
	b, _ := l.second()
	ref, err := s.Commit(b)
	if err != nil {
		tb.Fatal(err)
	}
	path := segmentID{ref.Run, ref.Segment}.path(s.dir)
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	if file, err = os.ReadFile(path); err != nil {
		tb.Fatal(err)
	}
	m, err := beginning(bytes.NewReader(file), ref)
	if err != nil || len(m.tables) != 2 {
		tb.Fatalf("%+v, %v", m, err)
	}
	return file, ref, min(m.tables[0].at, m.tables[1].at), max(m.tables[0].end, m.tables[1].end)
}

// partsOf reads a block part by part until the end or an error.
func partsOf(f io.ReaderAt, r Ref, most int) (all []media.Unit, err error) {
	for m := (*Mark)(nil); ; {
		us, rest, err := readPart(f, r, m, most)
		all = append(all, us...)
		if err != nil || rest == nil {
			return all, err
		}
		m = rest
	}
}

// samePart compares parts with the block that Read gives.
func samePart(t *testing.T, f io.ReaderAt, r Ref, most int) (units int) {
	t.Helper()
	want, _, wrong := readBlock(f, r)
	got, err := partsOf(f, r, most)
	if (err == nil) != (wrong == nil) {
		t.Fatalf("in parts of %d: %v, as a whole: %v", most, err, wrong)
	}
	if err != nil {
		return 0
	}
	if len(got) != len(want.Units) {
		t.Fatalf("in parts of %d: %d units, as a whole %d", most, len(got), len(want.Units))
	}
	for i, w := range want.Units {
		if g := got[i]; g.Track != w.Track || g.Flags != w.Flags || g.DTS != w.DTS || !bytes.Equal(g.Payload, w.Payload) {
			t.Fatalf("in parts of %d: unit %d is one of track %d at %v, flags %d, as a whole of track %d at %v, flags %d", most, i, g.Track, g.DTS, g.Flags, w.Track, w.DTS, w.Flags)
		}
	}
	return len(got)
}

// What is damaged costs a reader in parts no more than a reader of the whole.
func TestPartsOfADamagedBlock(t *testing.T) {
	file, ref, from, until := segmentImage(t)
	const whole = 80
	if n := samePart(t, bytes.NewReader(file), ref, 2000); n != whole {
		t.Fatalf("%d units, want %d", n, whole)
	}
	lost := 0
	for at := from - 300; at < until; at += 37 {
		bad := bytes.Clone(file)
		bad[at] ^= 4
		for _, most := range []int{500, 3000, 1 << 20} {
			n := samePart(t, bytes.NewReader(bad), ref, most)
			if n < whole {
				lost++
			}
			if at >= from && n < whole-1 {
				t.Errorf("a flipped bit at %d: %d units are left in parts of %d", at, n, most)
			}
		}
	}
	if lost < 100 {
		t.Errorf("only %d of the flipped bits did anything", lost)
	}
}

// holeAt is a file with a sector that the disk refuses.
type holeAt struct {
	*bytes.Reader
	at int64
}

func (h holeAt) ReadAt(b []byte, off int64) (int, error) {
	if off <= h.at && h.at < off+int64(len(b)) {
		return 0, errors.New("input/output error")
	}
	return h.Reader.ReadAt(b, off)
}

func TestPartsOfABlockWithABadSector(t *testing.T) {
	file, ref, from, until := segmentImage(t)
	for at := from + 8192; at < until; at += 1500 {
		bad := holeAt{bytes.NewReader(file), at}
		us, err := partsOf(bad, ref, 3000)
		whole, _, err2 := readBlock(bad, ref)
		if err != nil || err2 != nil || len(us) < len(whole.Units) || len(us) >= 80 { // a part may end right before the sector
			t.Errorf("a bad sector at %d: %d units are left, %v; as a whole %d, %v", at, len(us), err, len(whole.Units), err2)
		}
	}
}

// A mark of a file that is another one now leads to no unit of the wrong block.
func TestMarkOfAnotherFile(t *testing.T) {
	file, ref, from, _ := segmentImage(t)
	_, m, err := readPart(bytes.NewReader(file), ref, nil, 3000)
	if err != nil || m == nil {
		t.Fatal(m, err)
	}
	off := *m
	off.tables = []remainder{{off.tables[0].track, from + 3, from + 9000}}
	us, rest, err := readPart(bytes.NewReader(file), ref, &off, 3000)
	if err != nil || rest != nil || len(us) != 80-int(m.index) {
		t.Errorf("%d units, %v, %v; want the %d behind the mark", len(us), rest, err, 80-m.index)
	}
}

// FuzzPart: whatever is in a file, its parts are what a reader of the whole gets, and nothing panics.
func FuzzPart(f *testing.F) {
	file, ref, from, until := segmentImage(f)
	f.Add(from, []byte{4}, 3000)
	f.Add(from+17, []byte{0xff, 0xff}, 500)
	f.Add(until-700, make([]byte, 600), 1)
	f.Add(from-120, []byte{1, 2, 3}, 1<<20)
	f.Fuzz(func(t *testing.T, at int64, xor []byte, most int) {
		if at < 2*4096 || at >= int64(len(file)) {
			return
		}
		bad := bytes.Clone(file)
		for i, x := range xor[:min(len(xor), len(bad)-int(at))] {
			bad[int(at)+i] ^= x
		}
		samePart(t, bytes.NewReader(bad), ref, min(max(most, 1), 1<<24))
	})
}
