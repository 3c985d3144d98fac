package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"hindsight/media"
)

// trimSegment writes a segment anew without the units of a deletion and puts it in the place of the old.
func (s *Bolt) trimSegment(seg *segment, d deletion) (freed int64, err error) {
	if err := s.o.fail(atEdge); err != nil {
		return 0, err
	}
	path := seg.id.path(s.dir)
	cut, err := s.copyWithout(seg, d)
	if err == nil {
		err = s.o.fail(atEdgeRenamed)
	}
	if err == nil {
		err = s.index.update(nil, []segmentID{seg.id})
	}
	if err == nil {
		err = s.replacing(func() error { return s.putCut(path, cut) })
	}
	if err != nil {
		_ = os.Remove(path + newSuffix) // the next start removes it too
		return 0, err
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return 0, err
	}
	if err := s.o.fail(atEdgeIndexed); err != nil {
		return 0, err
	}
	if err := s.index.update([]indexEntry{{cut.sum, cut.size}}, nil); err != nil {
		s.log.Warn("index entry of an edge is missing", "err", err)
	}
	return max(seg.disk-cut.disk, 0), nil
}

// putCut puts the copy in the place of the segment's file.
func (s *Bolt) putCut(path string, cut *segment) error {
	if err := os.Rename(path+newSuffix, path); err != nil {
		return err
	}
	s.mu.Lock()
	s.cat.replace(cut)
	s.mu.Unlock()
	s.files.forget(cut.id)
	return nil
}

// copyWithout makes the copy, synced, with the tail that every segment has which is not written.
func (s *Bolt) copyWithout(seg *segment, d deletion) (*segment, error) {
	path := seg.id.path(s.dir)
	from, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	h, err := readHeadOf(s.dir, seg.id)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(path + newSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	o := s.o
	o.NoSync = true // all at once, at the end
	l := &live{o: o, seg: &segment{id: seg.id, sum: h.begin()}}
	defer l.abandon()
	if err := l.open(path + newSuffix); err != nil {
		return nil, err
	}
	if err := l.put(headBucket, h.encode(), nil); err != nil {
		return nil, err
	}
	at := time.Duration(0)
	for n := uint32(1); n <= seg.sum.Blocks; n++ {
		b, bh := blockWithout(from, Ref{seg.id.run, seg.id.seq, n}, d, at)
		at = bh.At
		if err := l.put(n, bh.encode(), l.tables(b, blockBytes(b, bh.Tracks), bh.Tracks)); err != nil {
			return nil, err
		}
		l.seg.sum.add(bh)
		l.firsts = append(l.firsts, bh.First)
	}
	if err := l.put(tailBucket, encodeTail(l.seg.sum, l.firsts), nil); err != nil {
		return nil, err
	}
	if err := guarded(l.db.Sync); err != nil {
		return nil, err
	}
	err = l.db.Close()
	l.db = nil
	if err != nil {
		return nil, err
	}
	fi, err := os.Stat(path + newSuffix)
	if err != nil {
		return nil, err
	}
	return &segment{id: seg.id, sum: l.seg.sum, size: fi.Size(), disk: diskBytes(fi)}, nil
}

// blockWithout is block r without the units of a deletion, and its record. One
// that cannot be read becomes one without anything, behind the block before, which was at a moment.
func blockWithout(f *os.File, r Ref, d deletion, before time.Duration) (*media.Block, blockHead) {
	h, err := readBlockHead(f, r)
	var b *media.Block
	if err == nil {
		b, _, err = readBlock(f, r)
	}
	if err != nil {
		return &media.Block{Run: r.Run, At: before + 1}, blockHead{Ref: r, At: before + 1, First: before + 1}
	}
	b.Units = slices.DeleteFunc(b.Units, func(u media.Unit) bool { return d.from <= u.DTS && u.DTS < d.until })
	stats := make([]trackStat, len(h.Tracks))
	of := map[uint16]*trackStat{}
	for i, t := range h.Tracks {
		stats[i] = trackStat{Track: t.Track}
		of[t.ID] = &stats[i]
	}
	h.First = h.At
	video := false
	for i, u := range b.Units {
		of[u.Track].add(u)
		if i == 0 || u.DTS < h.First {
			h.First = u.DTS
		}
		if kindOf(b.Tracks, u.Track) == media.Video && !video {
			if video = true; u.IsKey() {
				h.Key, h.KeyAt = Ref{}, 0
			}
		}
	}
	if !video {
		h.Key, h.KeyAt = Ref{}, 0
	}
	h.Tracks = stats
	return b, h
}

// replace puts a segment in the place of what it was before.
func (c *catalog) replace(s *segment) {
	i, ok := c.find(s.id)
	if !ok {
		return
	}
	c.segments[i] = s
	old := c.run(s.id.run)
	r := &run{run: old.run, anchors: old.anchors}
	left := c.of(s.id.run)
	for _, x := range left {
		r.add(x.sum)
		if x.floor = x.sum.First; x.sum.Blocks == 0 {
			x.floor = 1<<63 - 1
		}
	}
	r.end = old.end
	j := slices.Index(c.runs, old)
	c.runs[j] = r
	for k := len(left) - 2; k >= 0; k-- {
		left[k].floor = min(left[k].floor, left[k+1].floor)
	}
}
