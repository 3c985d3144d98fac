package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"hindsight/media"
)

// history is a camera's directory with two runs: 25 blocks in segments of 10
// that ended, then 12 that did not.
type history struct {
	t   *testing.T
	dir string
}

func makeHistory(t *testing.T) history {
	t.Helper()
	h := history{t, filepath.Join(t.TempDir(), "cam")}
	s := openTest(t, h.dir, Options{SegmentSpan: 10 * time.Second, NoSync: true})
	l := newLoad(t, s, 200)
	for n := range 25 {
		b, _ := l.second()
		switch n {
		case 4:
			b.Gaps = []media.Gap{{Kind: media.Audio, From: 4 * time.Second, Reason: media.MicrophoneLost, Detail: "pulled"}}
		case 8:
			b.Anchors = []media.Anchor{{Media: 8 * time.Second, Wall: time.Unix(1_700_000_100, 0), Trusted: true}}
		case 24:
			b.End = media.Off
		}
		commit(t, s, b)
	}
	l2 := newLoad(t, s, 200)
	for range 12 {
		b, _ := l2.second()
		commit(t, s, b)
	}
	h.speak(s)
	for _, m := range []media.Mark{
		{Kind: media.Bookmark, From: media.Position{Run: 1, Time: time.Second}, Text: "a bookmark"},
		{Kind: media.Pin, From: media.Position{Run: 2, Time: time.Second}, Until: media.Position{Run: 2, Time: 2 * time.Second}},
		{Kind: media.Stop, From: media.Position{Run: 2, Time: 12 * time.Second}},
	} {
		_, err := s.AddMark(m)
		h.must(err)
	}
	s.Crash()
	s = openTest(t, h.dir, Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	h.clean()
	return h
}

// speak keeps 600 captions of a second each in run 1, the first of them changed by
// hand, and the search index of 512 of them.
func (h history) speak(s *Bolt) {
	var cs []media.Caption
	for n := range 600 {
		c := crashCaption(1, n)
		c.Text = c.Text[:6]
		cs = append(cs, c)
	}
	_, err := s.AddCaptions(cs, media.HeardSpan{Run: 1, Until: 10 * time.Minute, Track: 1, Language: "en", State: media.HeardDone})
	h.must(err)
	_, err = s.EditCaption(1, "null", "anna")
	h.must(err)
}

// caption changes the record of the caption of second n, whose number is one above it.
func (h history) caption(n int, fn func(*media.Caption)) {
	p := placeOf(crashCaption(1, n))
	p.id = uint64(n + 1)
	h.editNotes(captionsBucket, p.key(), func(b []byte) []byte {
		c, model, err := decodeCaption(b)
		h.must(err)
		fn(&c)
		return encodeCaption(c, model)
	})
}

func openTest(t testing.TB, dir string, o Options) *Bolt {
	t.Helper()
	s, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func commit(t *testing.T, s Store, b *media.Block) Ref {
	t.Helper()
	r, err := s.Commit(b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (h history) check() Report {
	h.t.Helper()
	r, err := Check(h.dir)
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

func (h history) clean() {
	h.t.Helper()
	for _, b := range h.check().Broken {
		h.t.Errorf("check: %v", b)
	}
}

// edit changes a bbolt file below the directory.
func (h history) edit(file string, fn func(*bolt.Tx) error) {
	h.t.Helper()
	if err := updateFile(filepath.Join(h.dir, file), fn); err != nil {
		h.t.Fatal(err)
	}
}

// record changes one record of a bucket of a segment.
func (h history) record(id segmentID, bucket uint32, key []byte, fn func([]byte) []byte) {
	h.t.Helper()
	h.edit(filepath.Join(segmentsDir, id.name()), func(tx *bolt.Tx) error {
		b := tx.Bucket(bucketName(bucket))
		return b.Put(key, fn(slices.Clone(b.Get(key))))
	})
}

// blockHead changes a block's record, with a checksum that fits.
func (h history) blockHead(seq, block uint32, fn func(*blockHead)) {
	h.t.Helper()
	h.record(segmentID{1, seq}, block, headKey, func(b []byte) []byte {
		x, err := decodeBlockHead(b)
		if err != nil {
			h.t.Fatal(err)
		}
		fn(&x)
		return x.encode()
	})
}

func (h history) head(id segmentID, fn func(*head)) {
	h.t.Helper()
	h.record(id, headBucket, headKey, func(b []byte) []byte {
		x, err := decodeHead(b)
		if err != nil {
			h.t.Fatal(err)
		}
		fn(&x)
		return x.encode()
	})
}

// unit changes the first unit of track 1 of a block; it gets a checksum that fits.
func (h history) unit(seq, block uint32, fn func([]byte)) {
	h.t.Helper()
	h.record(segmentID{1, seq}, block, []byte{0, 1}, func(b []byte) []byte {
		_, _, size, ok := decodeUnit(b)
		if !ok {
			h.t.Fatal("no unit")
		}
		fn(b[:size])
		crc := crcUpdate(checksum(b[:unitHeader-4]), b[unitHeader:size])
		binary.BigEndian.PutUint32(b[52:], crc)
		return b
	})
}

func (h history) path(seq uint32) string { return segmentID{1, seq}.path(h.dir) }

func (h history) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// mark changes the record of mark id.
func (h history) mark(kind media.MarkKind, id uint64, fn func(*media.Mark)) {
	h.editNotes(markBuckets[kind], idKey(id), func(b []byte) []byte {
		m, err := decodeMark(b)
		h.must(err)
		fn(&m)
		return encodeMark(m)
	})
}

// deleted writes a deletion into the notes.
func (h history) deleted(d deletion) {
	h.edit(h.notes(), func(tx *bolt.Tx) error { return putIn(tx, deletedBucket, d.key(), d.encode()) })
}

// breaks are ways to break one invariant each. Others may break with it.
var breaks = []struct {
	name string
	n    int
	do   func(h history)
}{
	{"a foreign file among the segments", 1, func(h history) {
		h.must(os.WriteFile(filepath.Join(h.dir, segmentsDir, "copy of 1.db"), nil, 0o644))
	}},
	{"a segment under another number", 1, func(h history) {
		h.must(os.Rename(h.path(3), h.path(4)))
	}},
	{"both meta pages", 2, func(h history) { h.flip(h.path(1), 16+8, 4096+16+8) }},
	{"a page's number", 2, func(h history) {
		f, err := os.Open(h.path(1))
		h.must(err)
		defer f.Close()
		m, err := readMeta(f)
		h.must(err)
		h.flip(h.path(1), int64(m.root)*int64(m.pageSize))
	}},
	{"a page neither used nor free", 2, func(h history) {
		f, err := os.Open(h.path(1))
		h.must(err)
		defer f.Close()
		m, err := readMeta(f)
		h.must(err)
		p, err := m.readPage(f, m.free)
		h.must(err)
		if p.count == 0 {
			h.t.Fatal("no free page to forget")
		}
		h.put(h.path(1), int64(m.free)*int64(m.pageSize)+10, native.AppendUint16(nil, uint16(p.count-1)))
	}},
	{"a block is missing", 3, func(h history) {
		h.edit(h.file(1), func(tx *bolt.Tx) error { return tx.DeleteBucket(bucketName(4)) })
	}},
	{"a key that does not belong", 3, func(h history) {
		h.edit(h.file(1), func(tx *bolt.Tx) error { return tx.Bucket(bucketName(4)).Put([]byte("x"), nil) })
	}},
	{"no head", 3, func(h history) {
		h.edit(h.file(1), func(tx *bolt.Tx) error { return tx.DeleteBucket(bucketName(headBucket)) })
	}},
	{"a bit of a block record", 4, func(h history) {
		h.record(segmentID{1, 1}, 4, headKey, func(b []byte) []byte { b[20] ^= 1; return b })
	}},
	{"a bit of a head", 4, func(h history) {
		h.record(segmentID{1, 1}, headBucket, headKey, func(b []byte) []byte { b[20] ^= 1; return b })
	}},
	{"a bit of a tail", 4, func(h history) {
		h.record(segmentID{1, 1}, tailBucket, headKey, func(b []byte) []byte { b[20] ^= 1; return b })
	}},
	{"a bit of the notes", 4, func(h history) {
		h.editNotes(countersBucket, runCounter, func(b []byte) []byte { b[6] ^= 1; return b })
	}},
	{"a block says another number", 5, func(h history) {
		h.blockHead(1, 4, func(x *blockHead) { x.Ref.Block = 5 })
	}},
	{"a table too few", 6, func(h history) {
		h.edit(h.file(1), func(tx *bolt.Tx) error { return tx.Bucket(bucketName(4)).Delete([]byte{0, 2}) })
	}},
	{"a table too many", 6, func(h history) {
		h.edit(h.file(1), func(tx *bolt.Tx) error { return tx.Bucket(bucketName(4)).Put([]byte{0, 9}, nil) })
	}},
	{"a count", 6, func(h history) {
		h.blockHead(1, 4, func(x *blockHead) { x.Tracks[0].Units++ })
	}},
	{"a bit of a payload", 7, func(h history) {
		h.record(segmentID{1, 1}, 4, []byte{0, 1}, func(b []byte) []byte { b[unitHeader] ^= 1; return b })
	}},
	{"an index", 7, func(h history) {
		h.unit(1, 4, func(u []byte) { u[15] = 1 }) // where the first packet of sound is
	}},
	{"a decoding time of the block before", 8, func(h history) {
		h.unit(1, 4, func(u []byte) { binary.BigEndian.PutUint64(u[24:], uint64(time.Second)) })
	}},
	{"an open gap too few", 9, func(h history) {
		h.head(segmentID{1, 2}, func(x *head) { x.Open = nil })
	}},
	{"time of the block before", 10, func(h history) {
		h.blockHead(1, 4, func(x *blockHead) { x.At = 3 * time.Second })
	}},
	{"first", 10, func(h history) {
		h.blockHead(1, 4, func(x *blockHead) { x.First++ })
	}},
	{"a key frame far away", 11, func(h history) {
		h.blockHead(1, 4, func(x *blockHead) { x.Key, x.KeyAt = Ref{1, 1, 2}, time.Second })
	}},
	{"a key frame of later", 11, func(h history) {
		h.unit(1, 4, func(u []byte) { u[5] = 0 }) // no key frame any more, and no reference to the last one
	}},
	{"an end in the middle", 12, func(h history) {
		h.blockHead(1, 4, func(x *blockHead) { x.End = media.Off })
	}},
	{"a segment is missing", 13, func(h history) { h.must(os.Remove(h.path(2))) }},
	{"a later run begins late", 13, func(h history) {
		h.must(os.Remove(segmentID{2, 1}.path(h.dir)))
	}},
	{"a first segment after another", 13, func(h history) {
		h.head(segmentID{1, 1}, func(x *head) { x.Before = 3 })
	}},
	{"more blocks before than there are", 14, func(h history) {
		h.head(segmentID{1, 2}, func(x *head) { x.Before = 11 })
	}},
	{"the tail counts wrong", 15, func(h history) {
		h.record(segmentID{1, 1}, tailBucket, headKey, func(b []byte) []byte {
			s, firsts, err := decodeTail(b)
			h.must(err)
			s.Tracks[0].Units++
			return encodeTail(s, firsts)
		})
	}},
	{"a track that changes", 16, func(h history) {
		h.blockHead(1, 4, func(x *blockHead) { x.Tracks[0].ClockRate = 1000 })
	}},
	{"the track counter", 16, func(h history) {
		h.edit(h.notes(), func(tx *bolt.Tx) error {
			for id := range byte(4) {
				if err := tx.Bucket(tracksBucket).Delete([]byte{0, id + 1}); err != nil {
					return err
				}
			}
			return putCounter(tx, trackCounter, 3)
		})
	}},
	{"the run counter", 16, func(h history) {
		h.edit(h.notes(), func(tx *bolt.Tx) error {
			if err := tx.DeleteBucket(anchorsBucket); err != nil {
				return err
			}
			return putCounter(tx, runCounter, 1)
		})
	}},
	{"a gap that ends before it began", 17, func(h history) {
		h.blockHead(1, 5, func(x *blockHead) { x.Gaps[0].Until = 1 })
	}},
	{"an anchor before the run", 17, func(h history) {
		h.blockHead(1, 9, func(x *blockHead) { x.Anchors[0].Media = -1 })
	}},
	{"an anchor that nobody noted", 18, func(h history) {
		h.edit(h.notes(), func(tx *bolt.Tx) error { return tx.DeleteBucket(anchorsBucket) })
	}},
	{"the index counts wrong", 19, func(h history) {
		h.edit(indexName, func(tx *bolt.Tx) error {
			id := segmentID{1, 1}
			b := tx.Bucket(indexBucket)
			s, size, err := decodeIndex(b.Get(id.indexKey()))
			h.must(err)
			s.Blocks++
			return b.Put(id.indexKey(), encodeIndex(s, size))
		})
	}},
	{"a bit of the index", 19, func(h history) {
		h.edit(indexName, func(tx *bolt.Tx) error {
			id := segmentID{1, 1}
			b := tx.Bucket(indexBucket)
			v := slices.Clone(b.Get(id.indexKey()))
			v[9] ^= 1
			return b.Put(id.indexKey(), v)
		})
	}},
	{"a bit of a caption", 4, func(h history) {
		p := placeOf(crashCaption(1, 4))
		p.id = 5
		h.editNotes(captionsBucket, p.key(), func(b []byte) []byte { b[20] ^= 1; return b })
	}},
	{"a caption says another number", 20, func(h history) { h.caption(4, func(c *media.Caption) { c.ID = 4 }) }},
	{"a caption says another time", 20, func(h history) { h.caption(4, func(c *media.Caption) { c.Start += 1 }) }},
	{"a place too few", 20, func(h history) {
		h.edit(h.notes(), func(tx *bolt.Tx) error { return tx.Bucket(placesBucket).Delete(idKey(5)) })
	}},
	{"a caption too few", 20, func(h history) {
		p := placeOf(crashCaption(1, 4))
		p.id = 5
		h.edit(h.notes(), func(tx *bolt.Tx) error { return tx.Bucket(captionsBucket).Delete(p.key()) })
	}},
	{"a caption changed by hand that nobody notes", 20, func(h history) {
		h.edit(h.notes(), func(tx *bolt.Tx) error { return tx.Bucket(editedBucket).Delete(idKey(1)) })
	}},
	{"a number in two months", 21, func(h history) {
		b, err := os.ReadFile(filepath.Join(h.dir, h.notes()))
		h.must(err)
		h.must(os.WriteFile(filepath.Join(h.dir, notesDir, "1999-12.db"), b, 0o644))
	}},
	{"a void to come", 24, func(h history) {
		v := void{last: 1000}
		h.edit(h.notes(), func(tx *bolt.Tx) error { return putIn(tx, voidBucket, idKey(1000), v.encode()) })
	}},
	{"the caption counter of its file", 21, func(h history) {
		h.edit(h.notes(), func(tx *bolt.Tx) error { return putCounter(tx, captionCounter, 599) })
	}},
	{"a caption that ends before it begins", 22, func(h history) { h.caption(4, func(c *media.Caption) { c.End = c.Start - 1 }) }},
	{"a caption without a model", 22, func(h history) {
		h.edit(h.notes(), func(tx *bolt.Tx) error { return tx.DeleteBucket(modelsBucket) })
	}},
	{"hearing in the place of another", 23, func(h history) {
		c := chunk{heardOf: heardOf{run: 1, track: 1, language: "en"}, hour: 3}
		h.edit(h.notes(), func(tx *bolt.Tx) error { return putIn(tx, heardBucket, []byte("x"), c.encode()) })
	}},
	{"hearing beyond its hour", 23, func(h history) {
		c := chunk{heardOf: heardOf{run: 1, track: 1, language: "en"}, list: []stretch{{from: 0, until: 2 * time.Hour, state: media.HeardDone}}}
		h.edit(h.notes(), func(tx *bolt.Tx) error { return putIn(tx, heardBucket, c.key(), c.encode()) })
	}},
	{"a void in the place of another", 24, func(h history) {
		v := void{last: 4}
		h.edit(h.notes(), func(tx *bolt.Tx) error { return putIn(tx, voidBucket, idKey(5), v.encode()) })
	}},
	{"a search file of something else", 25, func(h history) {
		h.put(h.search(), 0, []byte("what"))
	}},
	{"a search file with a number to come", 25, func(h history) {
		var e searchEntries
		c := crashCaption(1, 0)
		c.ID = 1000
		e.add(c, []byte("x"))
		fi, err := os.Stat(h.search())
		h.must(err)
		h.put(h.search(), fi.Size(), e.encode())
	}},
	{"a bit of a mark", 4, func(h history) {
		h.editNotes(markBuckets[media.Pin], idKey(2), func(b []byte) []byte { b[20] ^= 1; return b })
	}},
	{"a mark says another number", 26, func(h history) { h.mark(media.Bookmark, 1, func(m *media.Mark) { m.ID = 2 }) }},
	{"a pin among the bookmarks", 26, func(h history) { h.mark(media.Bookmark, 1, func(m *media.Mark) { m.Kind = media.Pin }) }},
	{"a mark above the counter", 26, func(h history) {
		h.edit(h.notes(), func(tx *bolt.Tx) error { return putCounter(tx, markCounter, 2) })
	}},
	{"a mark in two files", 26, func(h history) {
		h.edit(filepath.Join(notesDir, "1999-12.db"), func(tx *bolt.Tx) error {
			m := media.Mark{ID: 1, Kind: media.Bookmark, From: media.Position{Run: 1}}
			return errors.Join(putCounter(tx, markCounter, 9), putIn(tx, markBuckets[media.Bookmark], idKey(1), encodeMark(m)))
		})
	}},
	{"a pin that ends before it begins", 27, func(h history) { h.mark(media.Pin, 2, func(m *media.Mark) { m.Until = media.Position{Run: 1} }) }},
	{"a bookmark in a run that is to come", 27, func(h history) { h.mark(media.Bookmark, 1, func(m *media.Mark) { m.From.Run = 9 }) }},
	{"stopped twice", 27, func(h history) {
		h.edit(h.notes(), func(tx *bolt.Tx) error {
			m := media.Mark{ID: 9, Kind: media.Stop, From: media.Position{Run: 1}}
			return errors.Join(putCounter(tx, markCounter, 9), putIn(tx, markBuckets[media.Stop], idKey(9), encodeMark(m)))
		})
	}},
	{"a deletion in the place of another", 28, func(h history) {
		d := deletion{run: 1, from: 1, until: 2, by: byPerson, state: done}
		h.edit(h.notes(), func(tx *bolt.Tx) error { return putIn(tx, deletedBucket, deletion{run: 1, from: 5}.key(), d.encode()) })
	}},
	{"a deletion that ends before it begins", 28, func(h history) { h.deleted(deletion{run: 1, from: 2, until: 1, by: byPerson, state: done}) }},
	{"a deletion in a run that is to come", 28, func(h history) { h.deleted(deletion{run: 9, from: 2, until: 3, by: byPerson, state: done}) }},
	{"a unit in what is deleted", 28, func(h history) {
		h.deleted(deletion{run: 1, from: time.Second, until: 2 * time.Second, by: byPerson, state: done})
	}},
	{"a segment that is deleted", 28, func(h history) {
		h.deleted(deletion{run: 1, from: time.Hour, until: 2 * time.Hour, first: 2, last: 2, by: byPerson, state: done})
	}},
}

// search is the only file of the search index.
func (h history) search() string {
	names, err := listDir(filepath.Join(h.dir, searchDir))
	h.must(err)
	if len(names) != 1 {
		h.t.Fatalf("search index is %v", names)
	}
	return filepath.Join(h.dir, searchDir, names[0])
}

// file is a segment of run 1 below the directory.
func (h history) file(seq uint32) string {
	return filepath.Join(segmentsDir, segmentID{1, seq}.name())
}

// notes is the only notes file below the directory.
func (h history) notes() string {
	names, err := listDir(filepath.Join(h.dir, notesDir))
	h.must(err)
	if len(names) == 0 {
		h.t.Fatal("no notes file")
	}
	return filepath.Join(notesDir, names[0])
}

func (h history) editNotes(bucket, key []byte, fn func([]byte) []byte) {
	h.edit(h.notes(), func(tx *bolt.Tx) error {
		b := tx.Bucket(bucket)
		return b.Put(key, fn(slices.Clone(b.Get(key))))
	})
}

// flip flips a bit of a file at each offset.
func (h history) flip(path string, offsets ...int64) {
	h.t.Helper()
	for _, off := range offsets {
		var b [1]byte
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		h.must(err)
		_, err = f.ReadAt(b[:], off)
		h.must(err)
		b[0] ^= 1
		_, err = f.WriteAt(b[:], off)
		h.must(err)
		h.must(f.Close())
	}
}

func (h history) put(path string, off int64, b []byte) {
	h.t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	h.must(err)
	_, err = f.WriteAt(b, off)
	h.must(err)
	h.must(f.Close())
}

func TestCheckSeesEveryBrokenInvariant(t *testing.T) {
	seen := map[int]bool{}
	for _, b := range breaks {
		t.Run(b.name, func(t *testing.T) {
			h := makeHistory(t)
			b.do(h)
			r := h.check()
			if !slices.ContainsFunc(r.Broken, func(x Broken) bool { return x.Invariant == b.n }) {
				t.Errorf("I%d is broken, the check says %v", b.n, r.Broken)
			}
			if r.Clean() {
				t.Error("the report calls itself clean")
			}
		})
		seen[b.n] = true
	}
	for n := 1; n <= invariants(t); n++ {
		if !seen[n] {
			t.Errorf("nothing breaks I%d", n)
		}
	}
}

// invariants is how many FORMAT.md numbers.
func invariants(t *testing.T) int {
	t.Helper()
	doc, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(doc), "\n- **I")
}

func TestCheckCountsWhatIsThere(t *testing.T) {
	r := makeHistory(t).check()
	if r.Captions != 600 {
		t.Errorf("%d captions, want 600", r.Captions)
	}
	if r.Marks != 3 {
		t.Errorf("%d marks, want 3", r.Marks)
	}
	if r.Segments != 5 || r.Blocks != 37 || r.Units != 37*80 || r.Bytes == 0 {
		t.Errorf("%d segments, %d blocks, %d units, %d bytes; want 5, 37, %d", r.Segments, r.Blocks, r.Units, r.Bytes, 37*80)
	}
	b, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(b), `"broken":[]`) {
		t.Errorf("as JSON: %s, %v", b, err)
	}
}

func TestCheckOfNothing(t *testing.T) {
	if _, err := Check(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a missing directory was checked")
	}
	r, err := Check(t.TempDir())
	if err != nil || !r.Clean() || r.Segments != 0 {
		t.Errorf("an empty directory: %+v, %v", r, err)
	}
}
