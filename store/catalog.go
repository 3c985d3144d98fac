package store

import (
	"math"
	"slices"
	"sort"
	"time"

	"hindsight/media"
)

// segment is one segment as the catalog knows it.
type segment struct {
	id     segmentID
	sum    summary
	floor  time.Duration   // lowest First of this segment and of all after it in its run
	floors []time.Duration // of its blocks (see floors); nil: to be read from the file
	size   int64           // of the file
	disk   int64           // what it takes on the disk
	bad    error           // why nothing in it can be read
}

// run is one run as the catalog knows it.
type run struct {
	run     media.Run
	anchors media.Anchors
	end     media.Reason
	total   []trackStat // of everything kept
	gaps    []media.Gap
}

// catalog is what is kept, in memory: enough for every question that needs no
// block. Its user locks.
type catalog struct {
	segments []*segment // by id
	runs     []*run     // by number
}

// find is the index of segment id, or of the first one after it.
func (c *catalog) find(id segmentID) (int, bool) {
	return slices.BinarySearchFunc(c.segments, id, func(s *segment, id segmentID) int {
		switch {
		case s.id == id:
			return 0
		case s.id.before(id):
			return -1
		}
		return 1
	})
}

// get returns segment id, nil when it is not kept.
func (c *catalog) get(id segmentID) *segment {
	if i, ok := c.find(id); ok {
		return c.segments[i]
	}
	return nil
}

// of returns the segments of a run.
func (c *catalog) of(n media.Run) []*segment {
	lo, _ := c.find(segmentID{n, 0})
	hi := len(c.segments)
	if n+1 != 0 {
		hi, _ = c.find(segmentID{n + 1, 0})
	}
	return c.segments[lo:hi]
}

// run returns run n, made if need be.
func (c *catalog) run(n media.Run) *run {
	i, ok := slices.BinarySearchFunc(c.runs, n, func(r *run, n media.Run) int { return int(int64(r.run) - int64(n)) })
	if !ok {
		c.runs = slices.Insert(c.runs, i, &run{run: n})
	}
	return c.runs[i]
}

// insert adds a segment with what it holds.
func (c *catalog) insert(s *segment) {
	i, _ := c.find(s.id)
	c.segments = slices.Insert(c.segments, i, s)
	c.run(s.id.run).add(s.sum)
	s.floor = math.MaxInt64
	if s.sum.Blocks > 0 {
		s.floor = s.sum.First
		c.lower(i)
	}
}

// lower makes floors before segment i fit it.
func (c *catalog) lower(i int) {
	s := c.segments[i]
	for _, p := range slices.Backward(c.segments[:i]) {
		if p.id.run != s.id.run || p.floor <= s.floor {
			return
		}
		p.floor = s.floor
	}
}

// add takes over what a segment holds; segments come in order.
func (r *run) add(s summary) {
	if s.Blocks > 0 {
		r.end = s.End
	}
	for _, t := range s.Tracks {
		r.total = addTrackStat(r.total, t)
	}
	for _, g := range s.Gaps {
		r.gaps = addGap(r.gaps, g)
	}
	for _, a := range s.Anchors {
		r.anchors = addAnchor(r.anchors, a)
	}
}

// append adds a block to segment s, the last one.
func (c *catalog) append(s *segment, h blockHead) {
	s.sum.add(h)
	s.floors = floorsWith(s.floors, h.First)
	one := summary{Blocks: 1, End: h.End, Tracks: h.Tracks, Gaps: h.Gaps, Anchors: h.Anchors}
	c.run(s.id.run).add(one)
	if h.First < s.floor {
		s.floor = h.First
		if i, ok := c.find(s.id); ok {
			c.lower(i)
		}
	}
}

// floorsWith appends a block's First to the floors of those before it.
func floorsWith(fs []time.Duration, first time.Duration) []time.Duration {
	for i := len(fs) - 1; i >= 0 && fs[i] > first; i-- {
		fs[i] = first
	}
	return append(fs, first)
}

// remove takes segment id out; a run of which nothing is left goes too, unless
// it is the newest: it may be going on.
func (c *catalog) remove(id segmentID) {
	i, ok := c.find(id)
	if !ok {
		return
	}
	c.segments = slices.Delete(c.segments, i, i+1)
	j := slices.IndexFunc(c.runs, func(r *run) bool { return r.run == id.run })
	left := c.of(id.run)
	if len(left) == 0 && j < len(c.runs)-1 {
		c.runs = slices.Delete(c.runs, j, j+1)
		return
	}
	r := &run{run: id.run, anchors: c.runs[j].anchors}
	for _, s := range left {
		r.add(s.sum)
	}
	r.end = c.runs[j].end
	c.runs[j] = r
}

// seek is the segment that holds the block that Store.Seek means, and whether
// that is simply its first block.
func (c *catalog) seek(p media.Position) (s *segment, first bool) {
	ss := c.of(p.Run)
	i := sort.Search(len(ss), func(i int) bool { return ss[i].floor > p.Time })
	for i > 0 && ss[i-1].sum.Blocks == 0 {
		i--
	}
	if i > 0 {
		return ss[i-1], false
	}
	at, _ := c.find(segmentID{p.Run, 0})
	for _, s := range c.segments[at:] {
		if s.sum.Blocks > 0 {
			return s, true
		}
	}
	return nil, false
}

// next is the block after r.
func (c *catalog) next(r Ref) (Ref, error) {
	i, ok := c.find(segmentID{r.Run, r.Segment})
	if ok {
		if r.Block < c.segments[i].sum.Blocks {
			r.Block++
			return r, nil
		}
		i++
	}
	for ; i < len(c.segments); i++ {
		if s := c.segments[i]; s.sum.Blocks > 0 {
			return Ref{s.id.run, s.id.seq, 1}, nil
		}
	}
	return Ref{}, ErrNoBlock
}

// prev is the block before r.
func (c *catalog) prev(r Ref) (Ref, error) {
	i, ok := c.find(segmentID{r.Run, r.Segment})
	if ok {
		if n := min(r.Block, c.segments[i].sum.Blocks+1); n > 1 {
			r.Block = n - 1
			return r, nil
		}
	}
	for i--; i >= 0; i-- {
		if s := c.segments[i]; s.sum.Blocks > 0 {
			return Ref{s.id.run, s.id.seq, s.sum.Blocks}, nil
		}
	}
	return Ref{}, ErrNoBlock
}

// info is a run as callers see it.
func (c *catalog) info(r *run) RunInfo {
	x := RunInfo{Run: r.run, Anchors: slices.Clone(r.anchors), Last: -1, End: r.end, Gaps: slices.Clone(r.gaps)}
	for _, t := range r.total {
		if t.Units == 0 {
			continue
		}
		if len(x.Stats) == 0 || t.First < x.First {
			x.First = t.First
		}
		x.Last = max(x.Last, t.Last)
		x.Stats = append(x.Stats, t.stat())
	}
	var end time.Duration // of what was readable so far
	var bad error
	for _, s := range c.of(r.run) {
		x.Segments++
		x.FileBytes += s.disk
		if bad == nil {
			bad = s.bad
		}
		if s.sum.Blocks == 0 {
			continue
		}
		if bad != nil {
			g := media.Gap{From: end, Until: max(s.sum.First, end+1), Reason: media.Damaged, Detail: bad.Error()}
			x.Gaps, bad = addGap(x.Gaps, g), nil
		}
		for _, t := range s.sum.Tracks {
			end = max(end, t.Last)
		}
	}
	return x
}

// blocks reports whether any block of a run is kept.
func (c *catalog) blocks(n media.Run) bool {
	return slices.ContainsFunc(c.of(n), func(s *segment) bool { return s.sum.Blocks > 0 })
}
