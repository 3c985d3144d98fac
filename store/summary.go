package store

import (
	"fmt"
	"slices"
	"time"

	"hindsight/media"
)

// summary is the sum of a segment's head and blocks.
type summary struct {
	Run     media.Run
	Seq     uint32
	Blocks  uint32
	First   time.Duration // lowest First of its blocks
	End     media.Reason
	Tracks  []trackStat // in the order of their first unit or mention
	Gaps    []media.Gap // each once, in its last state
	Anchors media.Anchors
}

// begin is the summary of a segment without blocks.
func (h head) begin() summary {
	return summary{Run: h.Run, Seq: h.Seq, Gaps: slices.Clone(h.Open), Anchors: slices.Clone(h.Anchors)}
}

// add counts one more block.
func (s *summary) add(h blockHead) {
	if s.Blocks == 0 || h.First < s.First {
		s.First = h.First
	}
	s.Blocks++
	s.End = h.End
	for _, t := range h.Tracks {
		s.Tracks = addTrackStat(s.Tracks, t)
	}
	for _, g := range h.Gaps {
		s.Gaps = addGap(s.Gaps, g)
	}
	for _, a := range h.Anchors {
		s.Anchors = addAnchor(s.Anchors, a)
	}
}

// addTrackStat adds t to the stat of its track; a later one.
func addTrackStat(ts []trackStat, t trackStat) []trackStat {
	i := slices.IndexFunc(ts, func(x trackStat) bool { return x.ID == t.ID })
	if i < 0 {
		return append(ts, t)
	}
	if t.Units == 0 {
		return ts
	}
	x := &ts[i]
	if x.Units == 0 {
		x.First = t.First
	}
	x.Last = t.Last
	x.Units += t.Units
	x.Keys += t.Keys
	x.Bytes += t.Bytes
	x.Table += t.Table
	return ts
}

// addGap puts g in its place, in the place of its earlier state.
func addGap(gs []media.Gap, g media.Gap) []media.Gap {
	i := slices.IndexFunc(gs, func(x media.Gap) bool {
		return x.From == g.From && x.Kind == g.Kind && x.Reason == g.Reason
	})
	if i >= 0 {
		gs[i] = g
		return gs
	}
	for i = len(gs); i > 0 && gs[i-1].From > g.From; i-- {
	}
	return slices.Insert(gs, i, g)
}

// addAnchor puts a in its place; one that is there already stays one.
func addAnchor(as media.Anchors, a media.Anchor) media.Anchors {
	i := len(as)
	for ; i > 0 && as[i-1].Media >= a.Media; i-- {
		if x := as[i-1]; x.Media == a.Media && x.Wall.Equal(a.Wall) && x.Trusted == a.Trusted {
			return as
		}
	}
	for i < len(as) && as[i].Media == a.Media {
		i++
	}
	return slices.Insert(as, i, a)
}

// openGaps are the gaps without an end.
func openGaps(gs []media.Gap) (open []media.Gap) {
	for _, g := range gs {
		if g.Until == 0 {
			open = append(open, g)
		}
	}
	return open
}

// lastAnchors are the last trusted and the last untrusted anchor, in order:
// what dates everything after them.
func lastAnchors(as media.Anchors) (last media.Anchors) {
	var have [2]bool
	for _, a := range slices.Backward(as) {
		i := 0
		if a.Trusted {
			i = 1
		}
		if !have[i] {
			have[i] = true
			last = append(media.Anchors{a}, last...)
		}
	}
	return last
}

func (w *writer) summary(s summary) {
	w.u32(uint32(s.Run))
	w.u32(s.Seq)
	w.u32(s.Blocks)
	w.time(s.First)
	w.str8(string(s.End))
	w.stats(s.Tracks)
	w.gaps(s.Gaps)
	w.anchors(s.Anchors)
}

func (r *reader) summary() summary {
	return summary{
		Run: media.Run(r.u32()), Seq: r.u32(), Blocks: r.u32(), First: r.time(), End: media.Reason(r.str8()),
		Tracks: r.stats(), Gaps: r.gaps(), Anchors: r.anchors(),
	}
}

// encodeTail is s and the First of every block.
func encodeTail(s summary, firsts []time.Duration) []byte {
	w := newRecord(magicTail)
	w.summary(s)
	for _, f := range firsts {
		w.time(f)
	}
	return w.end()
}

func decodeTail(b []byte) (summary, []time.Duration, error) {
	r, err := openRecord(b, magicTail)
	if err != nil {
		return summary{}, nil, err
	}
	s := r.summary()
	if r.err == nil && uint64(len(r.b)) != 8*uint64(s.Blocks) {
		return summary{}, nil, fmt.Errorf("%s: %d bytes for the firsts of %d blocks", magicTail, len(r.b), s.Blocks)
	}
	firsts := make([]time.Duration, 0, len(r.b)/8)
	for r.err == nil && len(r.b) > 0 {
		firsts = append(firsts, r.time())
	}
	return s, firsts, r.done()
}

// encodeIndex is s and the size of the segment's file.
func encodeIndex(s summary, size int64) []byte {
	w := newRecord(magicIndex)
	w.u64(uint64(size))
	w.summary(s)
	return w.end()
}

func decodeIndex(b []byte) (s summary, size int64, err error) {
	r, err := openRecord(b, magicIndex)
	if err != nil {
		return summary{}, 0, err
	}
	size = int64(r.u64())
	s = r.summary()
	return s, size, r.done()
}
