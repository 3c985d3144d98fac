package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"hindsight/media"
)

const (
	headBucket = uint32(0)
	tailBucket = ^uint32(0)
)

// headKey is the key of the record in every bucket; tables have their track's id, which is never 0.
var headKey = []byte{0, 0}

func bucketName(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// openBucket finds a top-level bucket of a segment.
func openBucket(f io.ReaderAt, n uint32) (t tree, b bucket, err error) {
	err = snapshot(f, func(now tree) error {
		t = now
		it, err := t.get(t.top(), bucketName(n))
		if err == nil {
			b, err = t.asBucket(it)
		}
		return err
	})
	return t, b, err
}

// readRecord reads the record of a top-level bucket, and no table if it can help it.
func readRecord(f io.ReaderAt, n uint32) ([]byte, error) {
	t, b, err := openBucket(f, n)
	if err != nil {
		return nil, err
	}
	return t.record(b)
}

// record reads the record of a bucket.
func (t tree) record(b bucket) ([]byte, error) {
	if b.root != 0 {
		p, err := t.readPageStart(t.f, b.root)
		if err != nil {
			return nil, err
		}
		if it, err := p.leaf(0); err == nil && bytes.Equal(it.key, headKey) {
			return it.value, nil
		}
	}
	it, err := t.get(b, headKey)
	return it.value, err
}

// readBlockHead reads the record of block r.
func readBlockHead(f io.ReaderAt, r Ref) (blockHead, error) {
	b, err := readRecord(f, r.Block)
	if err != nil {
		return blockHead{}, err
	}
	return checkBlockHead(b, r)
}

func checkBlockHead(b []byte, r Ref) (blockHead, error) {
	h, err := decodeBlockHead(b)
	if err == nil && h.Ref != r {
		err = fmt.Errorf("block record says run %d, segment %d, block %d", h.Ref.Run, h.Ref.Segment, h.Ref.Block)
	}
	return h, err
}

// readBlock reads block r with its units in commit order; damaged is how many
// the record counts and the tables did not give.
func readBlock(f io.ReaderAt, r Ref) (m *media.Block, damaged int, err error) {
	h, us, err := readPlaced(f, r)
	if err != nil {
		return nil, 0, err
	}
	return h.block(us), h.units() - len(us), nil
}

// readPlaced reads what is left of the units of block r, table by table.
func readPlaced(f io.ReaderAt, r Ref) (h blockHead, us []placed, err error) {
	t, b, err := openBucket(f, r.Block)
	if err != nil {
		return h, nil, err
	}
	var ids []uint16 // of the tables to come
	begun := false
	err = t.each(b, func(it leafItem) (err error) {
		if !begun {
			begun = true
			h, err = checkBlockHead(it.value, r)
			ids = h.tables()
			return err
		}
		if len(ids) == 0 {
			return fmt.Errorf("key %x does not belong into the block", it.key)
		}
		got, _ := decodeTable(it.value, r.Run, ids[0])
		us, ids = append(us, got...), ids[1:]
		return nil
	})
	if err == nil && !begun {
		err = errors.New("block record is missing")
	}
	return h, us, err
}

// tables are the tracks that have a table, in the order of their keys. A key
// itself may stand in a bad sector.
func (h blockHead) tables() (ids []uint16) {
	for _, t := range h.Tracks {
		if t.Units > 0 {
			ids = append(ids, t.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// units is how many units the block has.
func (h blockHead) units() (n int) {
	for _, t := range h.Tracks {
		n += int(t.Units)
	}
	return n
}

// block puts a block together again.
func (h blockHead) block(us []placed) *media.Block {
	return &media.Block{Run: h.Ref.Run, At: h.At, Tracks: h.tracks(), Units: inOrder(us), Gaps: h.Gaps, Anchors: h.Anchors, End: h.End}
}

// readSummary reads what a segment holds without reading media: from its tail,
// else from its block records, of which at most limit count. A block whose
// record cannot be read counts as one without anything. whole is false without a tail.
func readSummary(f io.ReaderAt, id segmentID, limit uint32) (s summary, firsts []time.Duration, whole bool, err error) {
	b, err := readRecord(f, tailBucket)
	if err == nil {
		if s, firsts, err = decodeTail(b); err == nil && (segmentID{s.Run, s.Seq}) == id {
			return s, firsts, true, nil
		}
	}
	h, t, blocks, err := readBlocks(f)
	if err == nil && (segmentID{h.Run, h.Seq}) != id {
		err = fmt.Errorf("head says run %d, segment %d", h.Run, h.Seq)
	}
	if err != nil {
		return summary{}, nil, false, err
	}
	s = h.begin()
	for i, b := range blocks[:min(uint64(len(blocks)), uint64(limit))] {
		r := Ref{id.run, id.seq, uint32(i + 1)}
		var bh blockHead
		rec, err := t.record(b)
		if err == nil {
			bh, err = checkBlockHead(rec, r)
		}
		if err != nil {
			bh = blockHead{Ref: r, First: s.First}
			if i > 0 {
				bh.First = firsts[i-1]
			}
		}
		s.add(bh)
		firsts = append(firsts, bh.First)
	}
	return s, firsts, false, nil
}

// readBlocks reads a segment's head and where its blocks stand.
func readBlocks(f io.ReaderAt) (h head, t tree, blocks []bucket, err error) {
	err = snapshot(f, func(now tree) error {
		t, blocks = now, nil
		var rec []byte
		err := t.each(t.top(), func(it leafItem) error {
			b, err := t.asBucket(it)
			switch {
			case err != nil:
			case len(it.key) != 4:
				err = fmt.Errorf("bucket %x does not belong into a segment", it.key)
			case binary.BigEndian.Uint32(it.key) == headBucket:
				rec, err = t.record(b)
			case binary.BigEndian.Uint32(it.key) == uint32(len(blocks)+1):
				blocks = append(blocks, b)
			}
			return err
		})
		if err == nil {
			h, err = decodeHead(rec)
		}
		return err
	})
	return h, t, blocks, err
}

// floors turns the First of each block into the lowest First of it and all
// after it: tracks may lag a little, and Seek searches by it.
func floors(firsts []time.Duration) []time.Duration {
	for i := len(firsts) - 2; i >= 0; i-- {
		firsts[i] = min(firsts[i], firsts[i+1])
	}
	return firsts
}
