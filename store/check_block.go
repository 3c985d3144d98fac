package store

import (
	"encoding/binary"
	"slices"
	"time"

	"hindsight/media"
)

// checkedBlock is a block that was read whole for the check.
type checkedBlock struct {
	head  blockHead
	units []placed // in commit order
	torn  bool     // units are missing
}

// readBlock notes a block's pages and checks it for itself; nil when its record cannot be read.
func (c *checker) readBlock(u *usage, at bucket, r Ref) *checkedBlock {
	var rec []byte
	tables := map[uint16][]byte{}
	u.bucket(at, func(it leafItem) {
		switch {
		case it.bucket || len(it.key) != 2:
			c.broken(3, "key %x does not belong into a block", it.key)
		case string(it.key) == string(headKey):
			rec = it.value
		default:
			tables[binary.BigEndian.Uint16(it.key)] = it.value
		}
	})
	h, err := decodeBlockHead(rec)
	if err != nil {
		c.broken(4, "block record: %v", err)
		return nil
	}
	if h.Ref != r {
		c.broken(5, "says that it is block %d of run %d, segment %d", h.Ref.Block, h.Ref.Run, h.Ref.Segment)
		return nil
	}
	b := &checkedBlock{head: h}
	for _, t := range h.Tracks {
		c.table(b, t, tables)
	}
	for id := range tables {
		c.broken(6, "has a table of track %d, of which it says nothing", id)
	}
	c.commitOrder(b)
	c.record(b)
	return b
}

// table checks the table of one track against the record and takes it off the list.
func (c *checker) table(b *checkedBlock, want trackStat, tables map[uint16][]byte) {
	raw, ok := tables[want.ID]
	delete(tables, want.ID)
	if ok != (want.Units > 0) {
		c.broken(6, "track %d has %d units, and a table: %v", want.ID, want.Units, ok)
	}
	us, whole := decodeTable(raw, b.head.Ref.Run, want.ID)
	if !whole {
		c.broken(7, "%d of %d units of track %d are damaged", int64(want.Units)-int64(len(us)), want.Units, want.ID)
		b.torn = true
	} else {
		got := trackStat{Track: want.Track}
		for _, u := range us {
			got.add(u.Unit)
		}
		if got.stat() != want.stat() || got.Table != want.Table {
			c.broken(6, "track %d: the record says %+v, the units %+v", want.ID, want.stat(), got.stat())
		}
	}
	c.report.Units += int64(len(us))
	for _, u := range us {
		c.report.Bytes += int64(len(u.Payload))
	}
	b.units = append(b.units, us...)
}

// commitOrder puts the units into commit order and checks that none is missing.
func (c *checker) commitOrder(b *checkedBlock) {
	slices.SortStableFunc(b.units, func(x, y placed) int { return int(int64(x.index) - int64(y.index)) })
	if b.torn {
		return
	}
	for i, u := range b.units {
		if u.index != uint32(i) {
			c.broken(7, "unit %d says that it is unit %d", i, u.index)
			return
		}
	}
}

// record checks what the record says of the block for itself.
func (c *checker) record(b *checkedBlock) {
	h := b.head
	first := h.At
	for i, u := range b.units {
		if i == 0 || u.DTS < first {
			first = u.DTS
		}
	}
	if !b.torn && first != h.First {
		c.broken(10, "first is %v, its units begin at %v", h.First, first)
	}
	for _, err := range []error{checkGaps(h.Gaps), checkAnchors(h.Anchors)} {
		if err != nil {
			c.broken(17, "%v", err)
		}
	}
	for _, t := range h.Tracks {
		if had, ok := c.tracks[t.ID]; ok && !had.Same(t.Track) {
			c.broken(16, "track %d is another stream than before", t.ID)
		} else if !ok {
			c.tracks[t.ID] = t.Track
		}
	}
}

// checkedRun is what the check knows of a run so far.
type checkedRun struct {
	begun   bool
	at      time.Duration
	end     media.Reason
	last    map[uint16]time.Duration
	keys    map[uint16]keyFrame
	oldest  Ref // first block kept
	gaps    []media.Gap
	gapsOf  segmentID // segment that gaps are known up to
	anchors media.Anchors
	firsts  []time.Duration // of the segment's blocks
	torn    bool            // something is unreadable: what depends on everything before cannot be checked
}

func (c *checker) run(n media.Run) *checkedRun {
	if c.runs[n] == nil {
		c.runs[n] = &checkedRun{last: map[uint16]time.Duration{}, keys: map[uint16]keyFrame{}}
	}
	return c.runs[n]
}

// beginSegment checks the head of a segment against those before it.
func (r *checkedRun) beginSegment(c *checker, s *checkedSegment) {
	known := r.gapsOf == segmentID{s.id.run, s.id.seq - 1} || s.id.seq == 1
	if known && !r.torn && !slices.Equal(openGaps(r.gaps), s.head.Open) {
		c.broken(9, "open gaps are %v, the segment before left %v", s.head.Open, openGaps(r.gaps))
	}
	r.gaps, r.gapsOf = slices.Clone(s.head.Open), s.id
	r.firsts = nil
	if r.begun && !known { // what lay between was deleted
		r.keys, r.oldest = map[uint16]keyFrame{}, Ref{s.id.run, s.id.seq, 1}
	}
	for _, a := range s.head.Anchors {
		r.anchors = addAnchor(r.anchors, a)
	}
}

// add checks a block against those before it.
func (r *checkedRun) add(c *checker, b *checkedBlock) {
	h := b.head
	if r.end != "" {
		c.broken(12, "follows the end of the run (%s)", r.end)
	}
	if r.begun && h.At <= r.at {
		c.broken(10, "at %v does not rise above %v", h.At, r.at)
	}
	if !r.begun {
		r.oldest = h.Ref
	}
	r.torn = r.torn || b.torn
	r.begun, r.at, r.end = true, h.At, h.End
	r.firsts = append(r.firsts, h.First)
	for _, g := range h.Gaps {
		r.gaps = addGap(r.gaps, g)
	}
	for _, a := range h.Anchors {
		r.anchors = addAnchor(r.anchors, a)
	}
	r.addUnits(c, b)
}

// addUnits checks decoding times and the key reference.
func (r *checkedRun) addUnits(c *checker, b *checkedBlock) {
	video := false
	fell := map[uint16]bool{}
	for _, u := range b.units {
		isVideo := kindOf(b.head.tracks(), u.Track) == media.Video
		c.spared(b.head.Ref.Run, u.Unit)
		if isVideo && !video {
			video = true
			r.checkKey(c, b.head, u.Unit)
		}
		if last, ok := r.last[u.Track]; ok && u.DTS <= last && !fell[u.Track] {
			fell[u.Track] = true
			c.broken(8, "track %d: DTS %v does not rise above %v", u.Track, u.DTS, last)
		}
		r.last[u.Track] = u.DTS
		if isVideo && u.IsKey() {
			r.keys[u.Track] = keyFrame{b.head.Ref, u.DTS}
		}
	}
	if !video && !b.torn && b.head.Key != (Ref{}) {
		c.broken(11, "refers to a key frame and has no video")
	}
}

// checkKey checks the key reference of a block whose first video unit is u.
func (r *checkedRun) checkKey(c *checker, h blockHead, u media.Unit) {
	k := r.keys[u.Track]
	switch {
	case r.torn:
	case u.IsKey() && h.Key != (Ref{}):
		c.broken(11, "refers to a key frame in segment %d, block %d, and begins with one", h.Key.Segment, h.Key.Block)
	case u.IsKey(), h.Key == k.ref && h.KeyAt == k.dts:
	case k == (keyFrame{}) && h.Key.compare(r.oldest) < 0:
	default:
		c.broken(11, "refers to a key frame at %v in segment %d, block %d; the last one is at %v in segment %d, block %d",
			h.KeyAt, h.Key.Segment, h.Key.Block, k.dts, k.ref.Segment, k.ref.Block)
	}
}
