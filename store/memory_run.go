package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"hindsight/media"
)

// memoryRun is what Memory knows of one run.
type memoryRun struct {
	run     media.Run
	anchors media.Anchors
	gaps    []media.Gap
	end     media.Reason
	next    Ref // segment being written and the number of its next block
	at      time.Duration
	begun   bool
	last    map[uint16]media.Unit // last unit of each track, without payload
	key     Ref                   // block of the last video key frame
	keyAt   time.Duration
}

// memoryBlock is one committed block.
type memoryBlock struct {
	entry Entry
	floor time.Duration // lowest First of this block and of all after it in its run
	bytes int64
	block *media.Block
}

// check names the first rule of media.Block that b breaks.
func (r *memoryRun) check(b *media.Block, known []media.Track) error {
	switch {
	case b.Run != r.run:
		return fmt.Errorf("it is of run %d, and run %d is being recorded", b.Run, r.run)
	case r.end != "":
		return fmt.Errorf("run %d has ended: %s", r.run, r.end)
	case len(b.Units) == 0 && len(b.Gaps) == 0 && len(b.Anchors) == 0 && b.End == "":
		return errors.New("it is empty")
	case r.begun && b.At <= r.at:
		return fmt.Errorf("its time %v does not rise above the block before, %v", b.At, r.at)
	}
	last := map[uint16]time.Duration{}
	for id, u := range r.last {
		last[id] = u.DTS
	}
	for i, u := range b.Units {
		if !listsTrack(known, u.Track) || !listsTrack(b.Tracks, u.Track) {
			return fmt.Errorf("unit %d is of track %d, which the block does not describe or nobody made", i, u.Track)
		}
		if d, ok := last[u.Track]; ok && u.DTS <= d {
			return fmt.Errorf("unit %d of track %d: its DTS %v does not rise above %v", i, u.Track, u.DTS, d)
		}
		last[u.Track] = u.DTS
	}
	return nil
}

func listsTrack(ts []media.Track, id uint16) bool {
	return slices.ContainsFunc(ts, func(t media.Track) bool { return t.ID == id })
}

func listsVideo(ts []media.Track, id uint16) bool {
	return slices.ContainsFunc(ts, func(t media.Track) bool { return t.ID == id && t.Kind == media.Video })
}

// decodesAlone reports whether decoding may begin at b: its first video unit
// is a key frame, or it has no video.
func decodesAlone(b *media.Block, ts []media.Track) bool {
	for _, u := range b.Units {
		if listsVideo(ts, u.Track) {
			return u.IsKey()
		}
	}
	return true
}

// add makes b, which was checked, the run's newest block, in the given segment.
func (r *memoryRun) add(b *media.Block, segment uint32, ts []media.Track) *memoryBlock {
	if segment != r.next.Segment {
		r.next = Ref{Run: r.run, Segment: segment, Block: 1}
	}
	ref := r.next
	r.next.Block++
	r.at, r.begun = b.At, true
	r.anchors = append(r.anchors, b.Anchors...)
	slices.SortStableFunc(r.anchors, func(a, b media.Anchor) int { return cmp.Compare(a.Media, b.Media) })
	r.end = b.End
	for _, g := range b.Gaps {
		r.setGap(g)
	}
	m := &memoryBlock{block: copyBlock(b), entry: Entry{Ref: ref, At: b.At, First: b.At, End: b.End}}
	if !decodesAlone(b, ts) {
		m.entry.Key, m.entry.KeyAt = r.key, r.keyAt
	}
	for i, u := range b.Units {
		if i == 0 || u.DTS < m.entry.First {
			m.entry.First = u.DTS
		}
		m.bytes += int64(len(u.Payload))
		m.entry.Stats = memoryCount(m.entry.Stats, u)
		if u.IsKey() && listsVideo(ts, u.Track) {
			r.key, r.keyAt = ref, u.DTS
		}
		u.Payload = nil
		r.last[u.Track] = u
	}
	m.floor = m.entry.First
	return m
}

// setGap stores g, or what has become of it.
func (r *memoryRun) setGap(g media.Gap) {
	i := slices.IndexFunc(r.gaps, func(o media.Gap) bool {
		return o.Kind == g.Kind && o.From == g.From && o.Reason == g.Reason
	})
	if i >= 0 {
		r.gaps[i] = g
		return
	}
	i = len(r.gaps)
	for i > 0 && r.gaps[i-1].From > g.From {
		i--
	}
	r.gaps = slices.Insert(r.gaps, i, g)
}

// memoryCount adds u to the counts of its track.
func memoryCount(stats []TrackStat, u media.Unit) []TrackStat {
	key := int64(0)
	if u.IsKey() {
		key = 1
	}
	return sumStat(stats, TrackStat{Track: u.Track, First: u.DTS, Last: u.DTS,
		Units: 1, Keys: key, Bytes: int64(len(u.Payload))})
}

// sumStat adds s, which is later, to the counts of its track.
func sumStat(stats []TrackStat, s TrackStat) []TrackStat {
	for i := range stats {
		if t := &stats[i]; t.Track == s.Track {
			t.First, t.Last = min(t.First, s.First), max(t.Last, s.Last)
			t.Units += s.Units
			t.Keys += s.Keys
			t.Bytes += s.Bytes
			t.Damaged += s.Damaged
			return stats
		}
	}
	return append(stats, s)
}

// info sums up the run over the blocks kept of it.
func (r *memoryRun) info(blocks []*memoryBlock, current bool) RunInfo {
	i := RunInfo{
		Run: r.run, Anchors: slices.Clone(r.anchors), First: 0, Last: -1,
		End: r.end, Gaps: slices.Clone(r.gaps),
	}
	if r.end == "" && !current {
		i.End = media.Crash
	}
	segment := uint32(0)
	for _, b := range blocks {
		if b.entry.Ref.Segment != segment {
			segment = b.entry.Ref.Segment
			i.Segments++
		}
		i.FileBytes += b.bytes
		for _, s := range b.entry.Stats {
			i.Stats = sumStat(i.Stats, s)
		}
	}
	for n, s := range i.Stats {
		if n == 0 || s.First < i.First {
			i.First = s.First
		}
		i.Last = max(i.Last, s.Last)
	}
	return i
}
