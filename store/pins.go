package store

import (
	"slices"
	"sync"

	"hindsight/media"
)

// NextDrop is where the segment begins that DropOldest would delete; ok is false when there is none.
func (s *Bolt) NextDrop() (p media.Position, ok bool) {
	seg := s.toDrop()
	if seg == nil {
		return p, false
	}
	return media.Position{Run: seg.id.run, Time: seg.sum.First}, true
}

// PinnedBytes is what the segments take on the disk that pins hold.
func (s *Bolt) PinnedBytes() (bytes int64) {
	pins := s.pinned()
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i, seg := range s.cat.segments {
		if s.cat.touched(i, pins) {
			bytes += seg.disk
		}
	}
	return bytes
}

// toDrop is the oldest segment that may be deleted.
func (s *Bolt) toDrop() *segment {
	pins := s.pinned()
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i, seg := range s.cat.segments {
		switch {
		case seg.size == 0: // it is being written
			return nil
		case s.cat.touched(i, pins), s.needed(i):
			continue
		}
		return seg
	}
	return nil
}

// needed reports whether segment i says how much of the one before counts, and that one is kept.
func (s *Bolt) needed(i int) bool {
	id := s.cat.segments[i].id
	if i == 0 || (s.cat.segments[i-1].id != segmentID{id.run, id.seq - 1}) {
		return false
	}
	h, err := readHeadOf(s.dir, id)
	return err == nil && h.Cut == cutError
}

// pinCache are the pins as they were found when so many segments were there.
type pinCache struct {
	mu       sync.Mutex
	revision uint64
	segments int
	pins     []media.Mark
}

// pinned are the pins, each from the key frame on from which its beginning is
// decoded. They are looked for again when marks or segments have changed. They are not to be changed.
func (s *Bolt) pinned() []media.Mark {
	s.pins.mu.Lock()
	defer s.pins.mu.Unlock()
	s.mu.RLock()
	segments := len(s.cat.segments)
	s.mu.RUnlock()
	if r := s.MarksRevision(); s.pins.pins == nil || r != s.pins.revision || segments != s.pins.segments {
		s.pins.revision, s.pins.segments, s.pins.pins = r, segments, s.findPinned()
	}
	return s.pins.pins
}

func (s *Bolt) findPinned() []media.Mark {
	pins := append([]media.Mark{}, s.notes.marksOf(media.Pin)...)
	for i := range pins {
		p := &pins[i]
		ref, err := s.Seek(p.From)
		if err != nil || ref.Run != p.From.Run {
			continue
		}
		if e, err := s.Entry(ref); err == nil && e.Key != (Ref{}) && e.KeyAt < p.From.Time {
			p.From.Time = e.KeyAt
		}
	}
	return pins
}

// touched reports whether a pin holds segment i. One that cannot be read lies between its neighbours.
func (c *catalog) touched(i int, pins []media.Mark) bool {
	seg := c.segments[i]
	if seg.sum.Blocks == 0 && seg.bad == nil || len(pins) == 0 {
		return false
	}
	from, until := media.Position{Run: seg.id.run, Time: seg.sum.First}, media.Position{Run: seg.id.run, Time: seg.until()}
	if seg.bad != nil {
		from.Time, until = 0, media.Position{Run: seg.id.run + 1}
		if i > 0 && c.segments[i-1].id.run == seg.id.run {
			from.Time = c.segments[i-1].until()
		}
		if i+1 < len(c.segments) && c.segments[i+1].id.run == seg.id.run {
			until = media.Position{Run: seg.id.run, Time: c.segments[i+1].sum.First}
		}
	}
	return slices.ContainsFunc(pins, func(p media.Mark) bool { return p.Touches(from, until) })
}

// keptRange is a stretch of a run of which everything is kept.
type keptRange struct{ from, until media.Position }

// kept are the stretches that are kept, in order; the last one has no end.
func (c *catalog) kept() (out []keptRange) {
	var before *segment
	for _, s := range c.segments {
		if s.sum.Blocks == 0 && s.bad == nil {
			continue
		}
		at := media.Position{Run: s.id.run, Time: max(s.floor, 0)}
		if s.bad != nil {
			at.Time = 0
		}
		if before == nil || before.id.run != s.id.run || before.id.seq+1 != s.id.seq {
			out = append(out, keptRange{from: at})
		}
		end := media.Position{Run: s.id.run, Time: s.until()}
		if s.bad != nil {
			end = media.Position{Run: s.id.run + 1}
		}
		out[len(out)-1].until = end
		before = s
	}
	if len(out) > 0 {
		out[len(out)-1].until = media.Position{Run: ^media.Run(0)}
	}
	return out
}

// outside reports whether c lies in none of the ranges.
func outside(ranges []keptRange, c media.Caption) bool {
	end := media.Position{Run: c.Run, Time: max(c.End, c.Start+1)}
	return !slices.ContainsFunc(ranges, func(r keptRange) bool { return c.Position().Before(r.until) && r.from.Before(end) })
}
