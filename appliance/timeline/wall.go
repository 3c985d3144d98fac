package timeline

import (
	"slices"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// Wall is the wall time of a position and whether it is trusted.
func (t *Timeline) Wall(p media.Position) (time.Time, bool) {
	if d := t.dates.Load(); d != nil && p.Run == t.run {
		return d.wall(p.Time), d.trusted
	}
	if r := t.past.run(p.Run); r != nil {
		return r.dates.wall(p.Time), r.dates.trusted
	}
	if as := t.o.Store.Anchors(p.Run); len(as) > 0 { // nothing of the run is kept but captions
		d := dated(as, time.Time{})
		return d.wall(p.Time), d.trusted
	}
	return time.Time{}, false
}

// Position is the position of a wall time: where it exists twice, in the newest
// run; in a gap, the next recorded moment; ok is false after the last one.
func (t *Timeline) Position(wall time.Time) (p media.Position, ok bool) {
	var next time.Time
	for _, r := range slices.Backward(t.view()) {
		for _, s := range slices.Backward(r.spans()) {
			for _, x := range slices.Backward(r.dates.pieces(r.info.Run, s.from, s.until)) {
				if !wall.Before(x.wall) && wall.Before(x.wallUntil()) {
					return media.Position{Run: x.run, Time: x.from + wall.Sub(x.wall)}, true
				}
				if wall.Before(x.wall) && (!ok || x.wall.Before(next)) {
					next, ok = x.wall, true
					p = media.Position{Run: x.run, Time: x.from}
				}
			}
		}
	}
	return p, ok
}

// Oldest and Newest bound what is kept. ok is false when nothing is.
func (t *Timeline) Oldest() (p media.Position, ok bool) {
	for _, r := range t.view() {
		if !r.empty() {
			return media.Position{Run: r.info.Run, Time: r.info.First}, true
		}
	}
	return media.Position{}, false
}

// Newest: see Oldest.
func (t *Timeline) Newest() (p media.Position, ok bool) {
	for _, r := range slices.Backward(t.view()) {
		if !r.empty() {
			return media.Position{Run: r.info.Run, Time: r.info.Last}, true
		}
	}
	return media.Position{}, false
}

// view is the runs kept, oldest first, with the one being recorded as it is now.
func (t *Timeline) view() []*runFacts {
	old := t.past.runs()
	if t.o.ReadOnly {
		return old
	}
	now := t.now()
	if n := len(old); n > 0 && old[n-1].info.Run == t.run {
		kept := old[n-1].info
		if kept.First <= kept.Last {
			now.info.First = kept.First // retention may have passed the run's beginning
		}
		now.info.Segments, now.info.FileBytes, now.info.Stats = kept.Segments, kept.FileBytes, kept.Stats
		for _, g := range kept.Gaps {
			if g.Reason == media.Damaged || g.Reason == media.Deleted { // by the store
				now.info.Gaps = append(now.info.Gaps, g)
			}
		}
		old = old[:n-1]
	}
	now.outline = outlineOf(t.harm.beside(now.info.Gaps, t.run), now.kinds)
	return append(slices.Clip(old), now)
}

// now is the run being recorded, as it is in memory.
func (t *Timeline) now() *runFacts {
	t.mu.RLock()
	defer t.mu.RUnlock()
	r := &runFacts{
		info: store.RunInfo{
			Run: t.run, Anchors: slices.Clone(t.anchors), Gaps: t.allGaps(),
			First: t.heads.start(), Last: t.tail.top,
		},
		dates: *t.dates.Load(), kinds: t.heads.kinds(), end: t.heads.end(), stop: forever,
	}
	if len(t.heads) == 0 {
		r.info.Last = r.info.First - 1
	}
	if t.counts.ended {
		r.info.End, r.stop = t.why, max(r.end, t.at)
	}
	return r
}
