package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// checkedSegment is what the check keeps of a segment.
type checkedSegment struct {
	id       segmentID
	head     head
	blocks   uint32  // in the file, with those that do not count
	sum      summary // of head and blocks that count
	size     int64   // of the file
	txid     uint64  // state that was checked
	readable bool
}

// moving reports whether the segment was written to since it was checked.
func (s *checkedSegment) moving(dir string) bool {
	f, err := os.Open(s.id.path(dir))
	if err != nil {
		return true
	}
	defer f.Close()
	m, err := readMeta(f)
	return err != nil || m.txid != s.txid
}

// layout is where the buckets of a segment stand.
type layout struct {
	head, tail *bucket
	blocks     []bucket
}

// segment checks one segment. The error says that its file cannot be opened.
func (c *checker) segment(id segmentID) error {
	f, err := os.Open(id.path(c.dir))
	if err != nil {
		return err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	s := &checkedSegment{id: id, size: fi.Size()}
	c.order = append(c.order, s)
	c.report.Segments++
	sound := len(c.report.Broken)
	u, lay, err := c.layout(f)
	if err != nil {
		c.broken(2, "%v", err)
		return nil
	}
	s.txid = u.t.txid
	s.blocks = uint32(len(lay.blocks))
	c.readHead(s, u, lay)
	c.blocks(s, u, lay)
	c.readTail(s, u, lay)
	u.lost()
	if len(c.report.Broken) == sound {
		c.bboltCheck(f.Name())
	}
	return nil
}

// layout reads the root bucket of one state of the file and checks its keys.
func (c *checker) layout(f *os.File) (u *usage, lay layout, err error) {
	before := len(c.report.Broken)
	err = snapshot(f, func(t tree) error {
		c.report.Broken = c.report.Broken[:before] // of a state that was overtaken
		lay = layout{}
		u = newUsage(t, func(err error) { c.broken(2, "%v", err) })
		u.bucket(t.top(), func(it leafItem) {
			b, err := t.asBucket(it)
			if err != nil || len(it.key) != 4 {
				c.broken(3, "key %x does not belong into a segment", it.key)
				return
			}
			b.inline = slices.Clone(b.inline)
			switch n := binary.BigEndian.Uint32(it.key); n {
			case headBucket:
				lay.head = &b
			case tailBucket:
				lay.tail = &b
			case uint32(len(lay.blocks) + 1):
				lay.blocks = append(lay.blocks, b)
			default:
				c.broken(3, "block %d stands behind block %d", n, len(lay.blocks))
			}
		})
		return nil
	})
	return u, lay, err
}

// soleRecord notes the pages of a bucket and returns its record, of which it may have nothing beside.
func (c *checker) soleRecord(u *usage, b *bucket) (rec []byte) {
	u.bucket(*b, func(it leafItem) {
		if string(it.key) == string(headKey) && !it.bucket {
			rec = it.value
		} else {
			c.broken(3, "key %x does not belong into a head or tail", it.key)
		}
	})
	return rec
}

func (c *checker) readHead(s *checkedSegment, u *usage, lay layout) {
	s.sum = summary{Run: s.id.run, Seq: s.id.seq}
	if lay.head == nil {
		c.broken(3, "there is no head")
		return
	}
	h, err := decodeHead(c.soleRecord(u, lay.head))
	if err != nil {
		c.broken(4, "head: %v", err)
		return
	}
	if h.Run != s.id.run || h.Seq != s.id.seq {
		c.broken(1, "head says run %d, segment %d", h.Run, h.Seq)
	}
	for _, err := range []error{checkGaps(h.Open), checkAnchors(h.Anchors)} {
		if err != nil {
			c.broken(17, "head: %v", err)
		}
	}
	s.head, s.sum, s.readable = h, h.begin(), true
	c.run(s.id.run).beginSegment(c, s)
}

func (c *checker) readTail(s *checkedSegment, u *usage, lay layout) {
	if lay.tail == nil {
		return
	}
	t, firsts, err := decodeTail(c.soleRecord(u, lay.tail))
	if err != nil {
		c.broken(4, "tail: %v", err)
		return
	}
	r := c.run(s.id.run)
	if s.readable && !r.torn && string(encodeTail(t, firsts)) != string(encodeTail(s.sum, r.firsts)) {
		c.broken(15, "the tail is not the sum of the blocks")
	}
}

// blocks checks the blocks of a segment; those that do not count only for themselves.
func (c *checker) blocks(s *checkedSegment, u *usage, lay layout) {
	counting := uint32(len(lay.blocks))
	if next, err := readHeadOf(c.dir, segmentID{s.id.run, s.id.seq + 1}); err == nil {
		counting = min(counting, next.Before)
	}
	for i := range lay.blocks {
		c.block = uint32(i + 1)
		b := c.readBlock(u, lay.blocks[i], Ref{s.id.run, s.id.seq, c.block})
		if c.block > counting {
			continue
		}
		c.report.Blocks++
		if b == nil {
			c.run(s.id.run).torn, s.readable = true, false
			continue
		}
		if s.readable {
			s.sum.add(b.head)
		}
		c.run(s.id.run).add(c, b)
	}
	c.block = 0
}

// readHeadOf reads the head of a segment.
func readHeadOf(dir string, id segmentID) (head, error) {
	f, err := os.Open(id.path(dir))
	if err != nil {
		return head{}, err
	}
	defer f.Close()
	b, err := readRecord(f, headBucket)
	if err != nil {
		return head{}, err
	}
	return decodeHead(b)
}

// bboltCheck has bbolt check a file that was found sound; one that is being
// written it cannot open. Only what was found sound: bbolt checks in a goroutine of its own, where damage may end the process.
func (c *checker) bboltCheck(path string) {
	err := guarded(func() error {
		db, err := bolt.Open(path, 0o444, &bolt.Options{ReadOnly: true, Timeout: 1})
		if errors.Is(err, bolterrors.ErrTimeout) || errors.Is(err, fs.ErrNotExist) { // being written, or deleted meanwhile
			return nil
		}
		if err != nil {
			return err
		}
		err = db.View(func(tx *bolt.Tx) error {
			var errs []error
			for err := range tx.Check() {
				errs = append(errs, err)
			}
			return errors.Join(errs...)
		})
		return errors.Join(err, db.Close())
	})
	if err != nil {
		c.broken(2, "bbolt says: %v", fmt.Errorf("%s: %w", filepath.Base(path), err))
	}
}
