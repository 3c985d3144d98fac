package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"hindsight/media"
)

// lostCaptions is by how much caption numbers jump when a file that may have had
// the highest ones is damaged or lost: more than a month of a caption every second.
const lostCaptions = 1 << 22

// missing notes that all files are lost, if they are though something was recorded.
func (n *notes) missing(recorded bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if recorded && n.none {
		n.caption += lostCaptions
		n.mark += lostMarks
	}
}

// months are the names of the notes files, by month.
func (n *notes) months() (names []string, err error) {
	all, err := listDir(n.dir)
	for _, name := range all {
		if strings.HasSuffix(name, dbSuffix) {
			names = append(names, name)
		}
	}
	return names, err
}

// leftovers are the months, once what a crash left half made is removed.
func (n *notes) leftovers() (names []string, err error) {
	all, err := listDir(n.dir)
	if err != nil || n.o.ReadOnly {
		return n.months()
	}
	for _, name := range all {
		if strings.HasSuffix(name, dbSuffix+newSuffix) {
			if err := os.Remove(filepath.Join(n.dir, name)); err != nil {
				n.log.Warn("a half made notes file stays", "file", name, "err", err)
			}
		}
	}
	return n.months()
}

// updateFile makes one durable transaction in a small bbolt file of which this
// process is the only writer. The free list is kept in the file: without it bbolt
// looks for free pages in a goroutine of its own, where a damaged page ends the process.
func updateFile(path string, fn func(*bolt.Tx) error) error {
	return guarded(func() error {
		db, err := bolt.Open(path, 0o644, &bolt.Options{Timeout: 5 * time.Second, FreelistType: bolt.FreelistMapType, NoStatistics: true})
		if err != nil {
			return err
		}
		err = db.Update(fn)
		return errors.Join(err, db.Close())
	})
}

// setAside gives a file that cannot be used another name, so that it stays for
// whoever wants to look. instead, if it is not empty, is the file that takes its place at the same moment.
func setAside(path, instead string) error {
	for i := 1; ; i++ {
		to := fmt.Sprintf("%s.damaged-%d", path, i)
		if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var err error
		if instead == "" {
			err = os.Rename(path, to)
		} else if err = os.Link(path, to); err == nil {
			err = os.Rename(instead, path)
		}
		if err != nil {
			return err
		}
		return syncDir(filepath.Dir(path))
	}
}

// salvage puts what can be read of a damaged file in its place and the file
// aside. When nothing can be read there is none in its place.
func (n *notes) salvage(path string) error {
	kept, err := copyNotes(path, path+newSuffix)
	if err == nil && kept > 0 {
		return setAside(path, path+newSuffix)
	}
	_ = os.Remove(path + newSuffix) // the next start removes it too
	return setAside(path, "")
}

// trust sees to it that a file is sound whole before captions are written into
// it: bbolt may end the process over one that is not. The caller holds caps.
func (n *notes) trust(path string) error {
	name := filepath.Base(path)
	if n.trusted[name] {
		return nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || fi.Size() == 0 {
		return err
	}
	if err := snapshot(f, tree.sound); err != nil {
		n.log.Error("notes file is damaged; what can be read of it is kept", "file", path, "err", err)
		n.disk.Lock()
		err = n.salvage(path)
		n.disk.Unlock()
		if err != nil {
			return err
		}
	}
	n.trusted[name] = true
	return nil
}

// copyBatch is how many keys copyNotes writes in one transaction.
const copyBatch = 2000

// copyNotes makes a new file of every record of a notes file that can be read,
// synced, and returns how many there were.
func copyNotes(from, to string) (kept int, err error) {
	f, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	m, err := readMeta(f)
	if err != nil {
		return 0, err
	}
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	err = guarded(func() error {
		db, err := bolt.Open(to, 0o644, &bolt.Options{Timeout: 5 * time.Second, FreelistType: bolt.FreelistMapType, NoSync: true, NoStatistics: true})
		if err != nil {
			return err
		}
		for _, bucket := range noteBuckets {
			n, e := copyBucket(db, tree{f, m}, bucket)
			kept += n
			err = errors.Join(err, e)
		}
		return errors.Join(err, db.Sync(), db.Close())
	})
	return kept, err
}

// copyBucket copies the records of one bucket that can be read.
func copyBucket(db *bolt.DB, t tree, b noteBucket) (kept int, err error) {
	from, err := t.bucketOf(b.name)
	if err != nil {
		return 0, nil //nolint:nilerr // there is nothing to be read
	}
	var batch []leafItem
	flush := func() {
		err = errors.Join(err, db.Update(func(tx *bolt.Tx) error { return b.copy(tx, batch) }))
		batch = batch[:0]
	}
	t.walk(from, span{}, func(it leafItem) bool {
		if b.check(it.key, it.value) == nil {
			batch = append(batch, it)
			kept++
		}
		if len(batch) == copyBatch {
			flush()
		}
		return true
	}, func(error) {})
	flush()
	return kept, err
}

// appendTo puts a key that is mostly above all others: pages are filled.
func appendTo(b *bolt.Bucket, key, value []byte) error {
	if b == nil {
		return errors.New("no bucket")
	}
	b.FillPercent = appendFill
	return b.Put(key, value)
}

// appendFill leaves room for a caption that comes late.
const appendFill = 0.9

// noteBucket is a bucket of a notes file and what reads its records.
type noteBucket struct {
	name  []byte
	check func(key, value []byte) error
}

// noteBuckets are all of them but places, which follow from the captions.
var noteBuckets = []noteBucket{
	{countersBucket, func(_, v []byte) error { _, err := decodeCounter(v); return err }},
	{tracksBucket, func(_, v []byte) error { _, err := decodeTrack(v); return err }},
	{anchorsBucket, func(_, v []byte) error { _, _, err := decodeAnchor(v); return err }},
	{modelsBucket, func(_, v []byte) error { _, err := decodeModel(v); return err }},
	{captionsBucket, func(k, v []byte) error {
		c, _, err := decodeCaption(v)
		if err == nil && string(placeOf(c).key()) != string(k) {
			err = errors.New("stands in the place of another")
		}
		return err
	}},
	{editedBucket, func(k, v []byte) error { _, err := parseItem(leafItem{key: k, value: v}); return err }},
	{heardBucket, func(_, v []byte) error { _, err := decodeChunk(v); return err }},
	{voidBucket, func(_, v []byte) error { _, err := decodeVoid(v); return err }},
	{deletedBucket, func(k, v []byte) error { _, err := readDeletion(k, v); return err }},
	markNotes(media.Bookmark), markNotes(media.Pin), markNotes(media.Session), markNotes(media.Stop),
}

// markNotes is the bucket of a kind of marks.
func markNotes(kind media.MarkKind) noteBucket {
	return noteBucket{markBuckets[kind], func(k, v []byte) error { _, err := readMark(kind, k, v); return err }}
}

// copy writes records that were checked, captions with their places, and of
// those changed by hand only what is there.
func (b noteBucket) copy(tx *bolt.Tx, items []leafItem) error {
	to, err := tx.CreateBucketIfNotExists(b.name)
	if err != nil {
		return err
	}
	captions, places := tx.Bucket(captionsBucket), to
	if string(b.name) == string(captionsBucket) {
		if places, err = tx.CreateBucketIfNotExists(placesBucket); err != nil {
			return err
		}
	}
	for _, it := range items {
		switch string(b.name) {
		case string(captionsBucket):
			p, err := parsePlace(it.key)
			if err == nil {
				err = appendTo(places, idKey(p.id), p.encode())
			}
			if err != nil {
				return err
			}
		case string(editedBucket):
			if p, err := parseItem(it); err != nil || captions.Get(p.key()) == nil {
				continue
			}
		}
		if err := appendTo(to, it.key, it.value); err != nil {
			return err
		}
	}
	return nil
}
