package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"

	"hindsight/media"
)

// live is the segment being written.
type live struct {
	o      Options
	seg    *segment
	db     *bolt.DB
	f      *os.File // for reading
	firsts []time.Duration
	start  time.Duration // At of its first block
	used   int64         // bytes of its pages in use
	size   int64         // of the file, once it is closed
	disk   int64         // what the file takes on the disk, once it is closed
	table  []byte        // used again for each block's tables
}

// makeSegment makes the file of a new segment with its head, in the order of
// FORMAT.md section 5.
func makeSegment(dir string, h head, o Options) (l *live, err error) {
	id := segmentID{h.Run, h.Seq}
	path := id.path(dir)
	if err := o.fail(atSegmentMade); err != nil {
		return nil, err
	}
	if err := os.Remove(path + newSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l = &live{o: o, seg: &segment{id: id, sum: h.begin()}}
	defer func() {
		if err != nil {
			l.abandon()
			_ = os.Remove(path + newSuffix) // the next start removes it too
		}
	}()
	if err := l.open(path + newSuffix); err != nil {
		return l, err
	}
	if err := l.put(headBucket, h.encode(), nil); err != nil {
		return l, err
	}
	if l.f, err = os.Open(path + newSuffix); err != nil {
		return l, err
	}
	if err := o.fail(atSegmentRenamed); err != nil {
		return l, err
	}
	if err := os.Rename(path+newSuffix, path); err != nil {
		return l, err
	}
	if err = o.fail(atSegmentSynced); err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		_ = os.Remove(path) // a segment without blocks harms nobody
		return l, err
	}
	return l, l.measure()
}

// open makes the bbolt file. Its map is as large as the file may become, so
// that it is never mapped again.
func (l *live) open(path string) error {
	return guarded(func() (err error) {
		l.db, err = bolt.Open(path, 0o644, &bolt.Options{
			Timeout:         5 * time.Second,
			FreelistType:    bolt.FreelistMapType,
			InitialMmapSize: int(l.o.SegmentBytes),
			NoSync:          l.o.NoSync,
			NoGrowSync:      l.o.NoSync,
			NoStatistics:    true,
		})
		if err == nil {
			l.db.AllocSize = int(l.o.growth())
		}
		return err
	})
}

// table is what goes into a bucket under a track's number.
type table struct {
	track uint16
	bytes []byte
}

// put makes one durable transaction: a new bucket with a record and tables.
func (l *live) put(n uint32, record []byte, ts []table) error {
	return guarded(func() error {
		return l.db.Update(func(tx *bolt.Tx) error {
			b, err := tx.CreateBucket(bucketName(n))
			if err != nil {
				return err
			}
			if err := b.Put(headKey, record); err != nil {
				return err
			}
			for _, t := range ts {
				if err := b.Put(binary.BigEndian.AppendUint16(nil, t.track), t.bytes); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// measure looks how large the segment has become.
func (l *live) measure() error {
	m, err := readMeta(l.f)
	if err != nil {
		return err
	}
	l.used = int64(m.high) * int64(m.pageSize)
	return nil
}

// deleted reports whether the segment's file has no name any more.
func (l *live) deleted() bool {
	fi, err := l.f.Stat()
	if err != nil {
		return false
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && st.Nlink == 0
}

// blockSlack is more than what a block takes beside its record and tables: a
// path of pages from the root, the free list, what is rounded up.
const blockSlack = 64 << 10

// fits reports whether a block of so many bytes goes into the segment.
func (l *live) fits(bytes int) bool {
	return l.used+int64(bytes)+blockSlack+l.o.growth() <= l.o.SegmentBytes
}

// tables builds the tables of b in the memory of the block before.
func (l *live) tables(b *media.Block, size int, tracks []trackStat) []table {
	if cap(l.table) < size {
		l.table = make([]byte, 0, size+size/4)
	}
	buf := l.table[:0]
	var ts []table
	for _, t := range tracks {
		if t.Units == 0 {
			continue
		}
		from := len(buf)
		for i, u := range b.Units {
			if u.Track == t.ID {
				buf = appendUnit(buf, b.Run, uint32(i), u)
			}
		}
		ts = append(ts, table{t.ID, buf[from:len(buf):len(buf)]})
	}
	l.table = buf
	return ts
}

// visible reports whether block n can be seen in the file, also when its commit
// was answered with an error.
func (l *live) visible(n uint32) bool {
	_, _, err := openBucket(l.f, n)
	return !errors.Is(err, errNoKey)
}

// noSpace reports whether a commit failed so early that the file is as it was
// and may go on: the disk, a quota or a limit refused a write.
func noSpace(err error) bool {
	var p *fs.PathError
	return errors.As(err, &p) &&
		(errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG))
}

// seal ends the segment with its tail, durably, and closes it for writing. What
// fails is only reported: a segment is complete without a tail.
func (l *live) seal() error {
	err := l.o.fail(atTail)
	if err == nil {
		err = l.put(tailBucket, encodeTail(l.seg.sum, l.firsts), nil)
	}
	if fault := new(faultError); errors.As(err, &fault) {
		l.abandon()
		return err
	}
	err = errors.Join(err, l.db.Close(), l.stat(), l.f.Close())
	l.db, l.f = nil, nil
	if err != nil {
		return fmt.Errorf("segment %s without a tail: %w", l.seg.id.name(), err)
	}
	return nil
}

// stat notes the sizes of the file when nothing more is written to it.
func (l *live) stat() error {
	fi, err := l.f.Stat()
	if err == nil {
		l.size, l.disk = fi.Size(), diskBytes(fi)
	}
	return err
}

// abandon leaves the segment as it is. bbolt may hold its locks for ever after
// a fault, so nobody waits for it to close.
func (l *live) abandon() {
	if l.db != nil {
		db := l.db
		go guarded(db.Close) //nolint:errcheck // the segment is given up
	}
	if l.f != nil {
		l.stat() //nolint:errcheck // the next start finds out
		l.f.Close()
	}
	l.db, l.f = nil, nil
}
