package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"hindsight/media"
)

// smallSegment is a segment of three blocks with a tail, and its blocks.
func smallSegment(t testing.TB) (file []byte, blocks []*media.Block) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cam")
	s, err := Open(dir, Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	l := newLoad(t, s, 30)
	for range 3 {
		b, _ := l.second()
		b.Units = b.Units[:9]
		blocks = append(blocks, b)
		if _, err := s.Commit(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if file, err = os.ReadFile(segmentID{1, 1}.path(dir)); err != nil {
		t.Fatal(err)
	}
	m, err := readMeta(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return file[:int(m.high)*m.pageSize], blocks
}

// among fails the test when got has a unit that was never committed.
func among(t *testing.T, got, want *media.Block) {
	t.Helper()
	left := want.Units
	for _, u := range got.Units {
		i := slices.IndexFunc(left, func(w media.Unit) bool {
			return w.Track == u.Track && w.DTS == u.DTS && w.Offset == u.Offset &&
				w.Flags == u.Flags&^media.Lost && bytes.Equal(w.Payload, u.Payload)
		})
		if i < 0 {
			t.Fatalf("unit of track %d at %v was never committed", u.Track, u.DTS)
		}
		left = left[i+1:]
	}
}

// TestNoFlippedBitGivesWrongMedia flips every bit of a segment in turn: what is
// read is right, or an error, or said to be damaged.
func TestNoFlippedBitGivesWrongMedia(t *testing.T) {
	file, blocks := smallSegment(t)
	lost := 0
	step := 1
	if testing.Short() {
		step = 37
	}
	for i := 0; i < 8*len(file); i += step {
		if i%8 == 0 && bytes.Count(file[i/8:min(i/8+64, len(file))], []byte{0}) == 64 {
			i += 8 * 63 / step * step // nothing stands here
			continue
		}
		file[i/8] ^= 1 << (i % 8)
		f := bytes.NewReader(file)
		for n, want := range blocks {
			got, damaged, err := readBlock(f, Ref{1, 1, uint32(n + 1)})
			if err != nil {
				lost++
				continue
			}
			among(t, got, want)
			if len(got.Units)+damaged != len(want.Units) {
				t.Fatalf("bit %d: %d units and %d damaged of %d", i, len(got.Units), damaged, len(want.Units))
			}
		}
		readSummary(f, segmentID{1, 1}, 3) //nolint:errcheck // must return
		file[i/8] ^= 1 << (i % 8)
	}
	if lost == 0 {
		t.Error("no bit costs a block: the test flips nothing")
	}
}

// TestDamagedPagesEndInAnError writes noise over pages: reading must return.
func TestDamagedPagesEndInAnError(t *testing.T) {
	file, blocks := smallSegment(t)
	rnd := rand.New(rand.NewPCG(7, 7))
	for range 3000 {
		bad := bytes.Clone(file)
		for range 1 + rnd.IntN(4) {
			page := 2 + rnd.IntN(len(bad)/4096-2)
			switch rnd.IntN(3) {
			case 0: // lead elsewhere
				off := page*4096 + rnd.IntN(128)
				bad[off] = byte(rnd.IntN(len(bad) / 4096))
			case 1:
				copy(bad[page*4096:], bad[(2+rnd.IntN(len(bad)/4096-2))*4096:][:4096])
			case 2:
				clear(bad[page*4096+rnd.IntN(4000):][:96])
			}
		}
		f := bytes.NewReader(bad)
		for n, want := range blocks {
			if got, _, err := readBlock(f, Ref{1, 1, uint32(n + 1)}); err == nil {
				among(t, got, want)
			}
		}
		m, err := readMeta(f)
		if err != nil {
			t.Fatal(err)
		}
		tree{f, m}.sound()                  //nolint:errcheck // must return
		readSummary(f, segmentID{1, 1}, 10) //nolint:errcheck // must return
	}
}

// TestPagesThatLeadInACircle is what ends a process that uses bbolt's cursor.
func TestPagesThatLeadInACircle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	err := updateFile(path, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket([]byte("b"))
		for i := range uint32(2000) {
			err = errors.Join(err, b.Put(binary.BigEndian.AppendUint32(nil, i), make([]byte, 20)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	circles := 0
	for id := 2; id < len(file)/4096; id++ {
		p := page{flags: native.Uint16(file[id*4096+8:]), count: int(native.Uint16(file[id*4096+10:])), b: file[id*4096:][:4096]}
		if p.flags != pageBranch || int(native.Uint64(file[id*4096:])) != id {
			continue
		}
		for i := range p.count {
			native.PutUint64(p.b[pageHeader+16*i+8:], uint64(id))
			circles++
		}
	}
	if circles == 0 {
		t.Fatal("the file has no branch page")
	}
	f := bytes.NewReader(file)
	m, err := readMeta(f)
	if err != nil {
		t.Fatal(err)
	}
	x := tree{f, m}
	if err := x.eachIn([]byte("b"), func(_, _ []byte) error { return nil }); err == nil {
		t.Error("each came through a circle")
	}
	it, err := x.get(x.top(), []byte("b"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := x.asBucket(it)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.get(b, binary.BigEndian.AppendUint32(nil, 7)); err == nil || errors.Is(err, errNoKey) {
		t.Errorf("get in a circle: %v", err)
	}
	if x.sound() == nil {
		t.Error("a circle is sound")
	}
}

// sectors is a file with bad sectors.
type sectors struct {
	b   []byte
	bad map[int64]bool // by page
}

func (s sectors) ReadAt(p []byte, off int64) (int, error) {
	for page := off / 4096; page*4096 < off+int64(len(p)); page++ {
		if s.bad[page] {
			return 0, errors.New("input/output error")
		}
	}
	return bytes.NewReader(s.b).ReadAt(p, off)
}

func TestBadSectorCostsWhatIsInIt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cam")
	s := openTest(t, dir, Options{NoSync: true})
	l := newLoad(t, s, testRate)
	want, _ := l.second()
	commit(t, s, want)
	s.Crash()
	file, err := os.ReadFile(segmentID{1, 1}.path(dir))
	if err != nil {
		t.Fatal(err)
	}
	_, b, err := openBucket(bytes.NewReader(file), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		bad   int64 // page of the block
		lost  int   // at most so many units
		gone  bool
		least int
	}{{"the first", 0, 0, true, 0}, {"in the middle", 40, 2, false, 1}, {"where the sound begins", 76, 20, false, 2}} {
		f := sectors{file, map[int64]bool{int64(b.root) + c.bad: true}}
		got, damaged, err := readBlock(f, Ref{1, 1, 1})
		if (err != nil) != c.gone {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil {
			among(t, got, want)
			if damaged > c.lost || damaged < c.least {
				t.Errorf("%s: %d units lost, want %d to %d", c.name, damaged, c.least, c.lost)
			}
		}
	}
}

func TestMetaPages(t *testing.T) {
	file, _ := smallSegment(t)
	newest, err := readMeta(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	slot := int64(newest.txid%2) * 4096
	for _, c := range []struct {
		name string
		do   func([]byte) []byte
		txid uint64 // 0: an error
	}{
		{"whole", func(b []byte) []byte { return b }, newest.txid},
		{"the newer one is torn", func(b []byte) []byte { b[slot+50] ^= 1; return b }, newest.txid - 1},
		{"the older one is torn", func(b []byte) []byte { b[4096-slot+50] ^= 1; return b }, newest.txid},
		{"both are torn", func(b []byte) []byte { b[50] ^= 1; b[4096+50] ^= 1; return b }, 0},
		{"another version", func(b []byte) []byte { b[20] ^= 1; b[4096+20] ^= 1; return b }, 0},
		{"empty", func([]byte) []byte { return nil }, 0},
		{"shorter than a meta page", func(b []byte) []byte { return b[:70] }, 0},
	} {
		m, err := readMeta(bytes.NewReader(c.do(bytes.Clone(file))))
		if (err != nil) != (c.txid == 0) || err == nil && m.txid != c.txid {
			t.Errorf("%s: transaction %d, %v; want %d", c.name, m.txid, err, c.txid)
		}
	}
}

// moving is a file whose next state appears after some reads.
type moving struct {
	now, then []byte
	reads     *int
	at        int
}

func (m moving) ReadAt(p []byte, off int64) (int, error) {
	*m.reads++
	b := m.now
	if *m.reads > m.at {
		b = m.then
	}
	return bytes.NewReader(b).ReadAt(p, off)
}

// TestReaderFollowsAWriter overtakes a reader after each of its reads.
func TestReaderFollowsAWriter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cam")
	s := openTest(t, dir, Options{NoSync: true})
	l := newLoad(t, s, 30)
	var states [][]byte
	for range 3 {
		b, _ := l.second()
		commit(t, s, b)
		file, err := os.ReadFile(segmentID{1, 1}.path(dir))
		if err != nil {
			t.Fatal(err)
		}
		states = append(states, file)
	}
	for at := range 12 {
		reads := 0
		f := moving{states[0], states[2], &reads, at}
		b, damaged, err := readBlock(f, Ref{1, 1, 1})
		if err != nil || damaged != 0 || len(b.Units) != 80 {
			t.Errorf("overtaken after %d reads: %d damaged, %v", at, damaged, err)
		}
	}
}

func FuzzReadSegment(f *testing.F) {
	file, _ := smallSegment(f)
	for id := 0; id+1 < len(file)/4096; id++ {
		f.Add(uint16(id), file[id*4096:][:128])
	}
	f.Fuzz(func(t *testing.T, id uint16, b []byte) {
		bad := bytes.Clone(file)
		if at := int(id) * 4096; at < len(bad) {
			copy(bad[at:], b)
		}
		r := bytes.NewReader(bad)
		for n := range uint32(3) {
			readBlock(r, Ref{1, 1, n + 1}) //nolint:errcheck // must return
		}
		readSummary(r, segmentID{1, 1}, 10) //nolint:errcheck // must return
		if m, err := readMeta(r); err == nil {
			tree{r, m}.sound() //nolint:errcheck // must return
		}
	})
}

func TestGuardedCatchesAFault(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := updateFile(path, func(*bolt.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	err := guarded(func() error {
		db, err := bolt.Open(path, 0o644, &bolt.Options{ReadOnly: true, Timeout: time.Second})
		if err != nil {
			return err
		}
		if err := os.Truncate(path, 0); err != nil { // as if the sectors were gone: a read is a SIGBUS
			return err
		}
		return db.View(func(tx *bolt.Tx) error { return fmt.Errorf("read %v of a file that is gone", tx.Size()) })
	})
	if fault := new(faultError); !errors.As(err, &fault) {
		t.Errorf("a SIGBUS became %v", err)
	}
}
