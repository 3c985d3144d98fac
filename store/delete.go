package store

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"time"

	"hindsight/media"
)

// Deleted is what DeleteRange has deleted.
type Deleted struct {
	From, Until media.Position // of the units; zero: there were none
	Bytes       int64          // freed on the disk
	Captions    int
	Bookmarks   int
}

// PinnedError says that a pin holds a part of what is to be deleted.
type PinnedError struct{ Pin media.Mark }

// Error is one line.
func (e *PinnedError) Error() string {
	return fmt.Sprintf("store: nothing is deleted: pin %d holds %v to %v; delete the pin first", e.Pin.ID, e.Pin.From, e.Pin.Until)
}

// errEmptyRange says that a range is none.
var errEmptyRange = errors.New("store: nothing is deleted: the range ends before it begins")

// DeleteRange deletes a range on a person's wish, in the order of FORMAT.md section 5.
func (s *Bolt) DeleteRange(from, until media.Position, why string) (Deleted, error) {
	s.dropping.Lock()
	defer s.dropping.Unlock()
	if err := s.writable(); err != nil {
		return Deleted{}, err
	}
	if !from.Before(until) {
		return Deleted{}, errEmptyRange
	}
	plan, err := s.planDeletion(from, until, why)
	if err != nil {
		return Deleted{}, err
	}
	last := until
	if n := len(plan); n > 0 {
		if p := (media.Position{Run: plan[n-1].run, Time: plan[n-1].until}); last.Before(p) {
			last = p
		}
	}
	for _, p := range s.pinned() {
		if p.Touches(from, last) {
			return Deleted{}, &PinnedError{p}
		}
	}
	var out Deleted
	for _, d := range plan {
		if err := s.o.fail(atDeletion); err != nil {
			return out, err
		}
		if err := s.notes.noteDeletion(d, s.anchorsOf(d)); err != nil {
			return out, fmt.Errorf("store: deletion: %w", err)
		}
	}
	for _, d := range plan {
		x, err := s.carryOut(d)
		out.add(x)
		if err != nil {
			return out, fmt.Errorf("store: deletion of run %d, %v to %v, is completed by the next start: %w", d.run, d.from, d.until, err)
		}
	}
	n, m, err := s.deleteSpoken(from, until)
	out.Captions, out.Bookmarks = out.Captions+n, out.Bookmarks+m
	if err != nil {
		return out, fmt.Errorf("store: deletion: %w", err)
	}
	s.log.Info("range deleted", "from", out.From, "until", out.Until, "why", why, "bytes", out.Bytes, "captions", out.Captions)
	return out, nil
}

func (d *Deleted) add(o Deleted) {
	if d.From == (media.Position{}) {
		d.From = o.From
	}
	if d.Until.Before(o.Until) {
		d.Until = o.Until
	}
	d.Bytes, d.Captions, d.Bookmarks = d.Bytes+o.Bytes, d.Captions+o.Captions, d.Bookmarks+o.Bookmarks
}

// planDeletion says what is to be deleted of each run. It ends the segment being written if that is among it.
func (s *Bolt) planDeletion(from, until media.Position, why string) (plan []deletion, err error) {
	for _, r := range s.Runs() {
		d := deletion{run: r.Run, from: math.MinInt64, until: math.MaxInt64, by: byPerson, state: goingOn, detail: why}
		if r.Run < from.Run || r.Run > until.Run || r.Last < r.First {
			continue
		}
		if r.Run == from.Run {
			d.from = from.Time
		}
		if r.Run == until.Run {
			if d.until, err = s.keyFrom(until); err != nil {
				return nil, err
			}
		}
		d.from, d.until = max(d.from, r.First), min(d.until, r.Last+1)
		if d.from >= d.until {
			continue
		}
		s.endLive(d)
		whole, _, err := s.share(d)
		if err != nil {
			return nil, err
		}
		if n := len(whole); n > 0 {
			d.first, d.last = whole[0].id.seq, whole[n-1].id.seq
			s.mu.RLock()
			if all := s.cat.of(d.run); all[len(all)-1] == whole[n-1] {
				d.end = whole[n-1].sum.End
			}
			s.mu.RUnlock()
		}
		plan = append(plan, s.joined(d))
	}
	return plan, nil
}

// joined is d with what the deletion says that has the same key.
func (s *Bolt) joined(d deletion) deletion {
	for _, o := range s.notes.deletions(d.run) {
		if o.from != d.from {
			continue
		}
		d.until = max(d.until, o.until)
		if o.last > 0 && (d.last == 0 || o.first < d.first) {
			d.first = o.first
		}
		if o.last > d.last {
			d.last, d.end = o.last, o.end
		}
	}
	return d
}

// keyFrom is the DTS of the first video key frame at or behind p in its run: p
// itself in a run without video, the end of time where none comes.
func (s *Bolt) keyFrom(p media.Position) (time.Duration, error) {
	ref, err := s.Seek(p)
	video := false
	for ; err == nil && ref.Run == p.Run; ref, err = s.Next(ref) {
		b, _, bad := s.Read(ref)
		if bad != nil {
			continue
		}
		for _, u := range b.Units {
			if kindOf(b.Tracks, u.Track) != media.Video {
				continue
			}
			if video = true; u.IsKey() && u.DTS >= p.Time {
				return u.DTS, nil
			}
		}
	}
	if err != nil && !errors.Is(err, ErrNoBlock) {
		return 0, err
	}
	if !video {
		return p.Time, nil
	}
	return math.MaxInt64, nil
}

// endLive ends the segment being written if a deletion touches its run's newest part.
func (s *Bolt) endLive(d deletion) {
	s.writing.Lock()
	defer s.writing.Unlock()
	l := s.live
	if l == nil || l.seg.id.run != d.run || l.seg.sum.Blocks == 0 || l.seg.until() <= d.from || l.seg.sum.First >= d.until {
		return
	}
	s.rec.cut = cutDeletion
	if err := s.sealLive(); err != nil {
		s.log.Warn("segment's end", "err", err)
	}
}

// share are the segments that a deletion takes whole, and those at its edges.
func (s *Bolt) share(d deletion) (whole, edges []*segment, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i, seg := range s.cat.segments {
		if seg.id.run != d.run || seg.size == 0 {
			continue
		}
		first, last := seg.sum.First, seg.until()-time.Second
		switch {
		case seg.bad != nil && s.cat.between(i, d):
			return nil, nil, fmt.Errorf("store: nothing is deleted: segment %s cannot be read; salvage or delete the file", seg.id.name())
		case seg.bad != nil || len(seg.sum.Tracks) == 0 || last < d.from || first >= d.until:
		case first >= d.from && last < d.until && (follows(whole, seg) || !s.needed(i)):
			whole = append(whole, seg)
		default:
			edges = append(edges, seg)
		}
	}
	return whole, edges, nil
}

// follows reports whether the segment before seg is the last of those given.
func follows(ss []*segment, seg *segment) bool {
	return len(ss) > 0 && ss[len(ss)-1].id == segmentID{seg.id.run, seg.id.seq - 1}
}

// between reports whether segment i, which cannot be read, may hold anything of a deletion.
func (c *catalog) between(i int, d deletion) bool {
	seg := c.segments[i]
	from, until := time.Duration(0), time.Duration(math.MaxInt64)
	if i > 0 && c.segments[i-1].id.run == seg.id.run {
		from = c.segments[i-1].until() - time.Second
	}
	if i+1 < len(c.segments) && c.segments[i+1].id.run == seg.id.run {
		until = c.segments[i+1].sum.First
	}
	return from < d.until && d.from < until
}

// anchorsOf are the anchors that the run has, for the notes.
func (s *Bolt) anchorsOf(d deletion) media.Anchors {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.cat.run(d.run).anchors)
}

// carryOut does what a deletion says, as often as need be.
func (s *Bolt) carryOut(d deletion) (out Deleted, err error) {
	whole, edges, err := s.share(d)
	if err != nil {
		return out, err
	}
	out.From, out.Until = media.Position{Run: d.run, Time: d.from}, media.Position{Run: d.run, Time: d.until}
	for _, seg := range edges {
		freed, err := s.trimSegment(seg, d)
		out.Bytes += freed
		if err != nil {
			return out, fmt.Errorf("segment %s: %w", seg.id.name(), err)
		}
	}
	for _, seg := range whole {
		freed, err := s.unlinkInside(seg)
		out.Bytes += freed
		if err != nil {
			return out, fmt.Errorf("segment %s: %w", seg.id.name(), err)
		}
	}
	if out.Captions, out.Bookmarks, err = s.deleteSpoken(out.From, out.Until); err != nil {
		return out, err
	}
	s.forgetKeys(d)
	if err := s.o.fail(atDeletionDone); err != nil {
		return out, err
	}
	d.state = done
	return out, s.notes.noteDeletion(d, nil)
}

// unlinkInside deletes the file of a segment that lies inside.
func (s *Bolt) unlinkInside(seg *segment) (freed int64, err error) {
	if err := s.o.fail(atInside); err != nil {
		return 0, err
	}
	if err := s.index.update(nil, []segmentID{seg.id}); err != nil {
		s.log.Warn("index entry of a deleted segment stays", "err", err)
	}
	if err := s.unlink(seg.id); err != nil {
		return 0, err
	}
	return seg.disk, syncDir(filepath.Dir(seg.id.path(s.dir)))
}

// forgetKeys has the run being recorded forget key frames that are deleted.
func (s *Bolt) forgetKeys(d deletion) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.rec == nil || s.rec.run != d.run {
		return
	}
	for id, k := range s.rec.keys {
		if d.from <= k.dts && k.dts < d.until {
			delete(s.rec.keys, id)
		}
	}
}

// deleteSpoken deletes captions of which any part lies in from <= t < until, and
// bookmarks there. The search files of those months go too: they have the text.
func (s *Bolt) deleteSpoken(from, until media.Position) (captions, bookmarks int, err error) {
	n := s.notes
	n.caps.Lock()
	defer n.caps.Unlock()
	if err := s.o.fail(atDeletedSpoken); err != nil {
		return 0, 0, err
	}
	if err := n.settle(); err != nil {
		return 0, 0, err
	}
	early := from
	early.Time = max(from.Time-maxCaption, 0)
	gone, err := n.find(span{from: firstKey(early), until: firstKey(until)}, func(c media.Caption) bool {
		return !c.Position().Before(from) || c.Run == from.Run && c.End > from.Time
	})
	if err != nil {
		return 0, 0, err
	}
	for file, ps := range gone {
		if err := n.delete(filepath.Join(n.dir, file), ps); err != nil {
			return captions, 0, err
		}
		captions += len(ps)
		s.search.remove(file)
	}
	for _, m := range n.marksOf(media.Bookmark) {
		if m.From.Before(from) || !m.From.Before(until) {
			continue
		}
		n.mu.Lock()
		k := n.marks[m.ID]
		n.mu.Unlock()
		if err := n.deleteOne(k); err != nil {
			return captions, bookmarks, err
		}
		bookmarks++
	}
	return captions, bookmarks, nil
}

// resumeDeletions completes what a crash has left. Called before anything is recorded.
func (s *Bolt) resumeDeletions() {
	s.notes.mu.Lock()
	all := slices.Clone(s.notes.deleted)
	s.notes.mu.Unlock()
	for _, d := range all {
		if d.state != goingOn {
			continue
		}
		if _, err := s.carryOut(d); err != nil {
			s.log.Error("a range that somebody deleted is not deleted whole yet; the next start tries again", "run", d.run, "from", d.from, "until", d.until, "err", err)
			continue
		}
		s.log.Info("a deletion that was interrupted is completed", "run", d.run, "from", d.from, "until", d.until)
	}
}
