package timeline

import (
	"errors"
	"slices"
	"syscall"
	"time"

	"hindsight/media"
)

// loss is a stretch of units that had to go before they were on disk.
type loss struct {
	from   time.Duration // lowest DTS lost
	bytes  int64         // payload
	tracks []uint16
	gap    *gapState // that tells of it; nil while nothing is lost
}

func (l *loss) any() bool { return len(l.tracks) > 0 }

func (l *loss) add(u media.Unit) {
	if !l.any() || u.DTS < l.from {
		l.from = u.DTS
	}
	l.bytes += int64(len(u.Payload))
	if !slices.Contains(l.tracks, u.Track) {
		l.tracks = append(l.tracks, u.Track)
	}
}

func (l *loss) merge(o loss) {
	if o.any() && (!l.any() || o.from < l.from) {
		l.from = o.from
	}
	l.bytes += o.bytes
	for _, id := range o.tracks {
		if !slices.Contains(l.tracks, id) {
			l.tracks = append(l.tracks, id)
		}
	}
}

// outage is what happens to the tail while the disk does not take blocks.
type outage struct {
	why    media.Reason // of the last commit error
	detail string
	loss   loss // gone for good
	// While a commit is under way:
	flying uint64 // number of the first unit behind its block; 0: none is
	limbo  loss   // units of its block that had to leave the tail: lost only if it fails
	sealed loss   // what its block tells of; lost stretches go on from here if it fails
}

// overflow makes room in a tail that is full: first what is on disk goes, then
// the oldest that is not, up to the next key frame, since without its beginning the
// rest of a group of pictures is worth nothing.
func (t *Timeline) overflow() {
	t.tail.trim(t.o.TailSpan, t.o.TailBytes)
	if t.tail.bytes <= t.o.TailBytes {
		return
	}
	for t.tail.bytes > t.o.TailBytes && len(t.tail.units) > 1 {
		t.sacrifice()
	}
	for n := t.oldestKey(); t.tail.base < n; {
		t.sacrifice()
	}
	t.tail.prune()
	t.tellLoss()
}

// oldestKey is the number of the oldest video key frame in the tail; 0: there is none.
func (t *Timeline) oldestKey() uint64 {
	if t.tail.key < t.tail.base {
		return 0
	}
	for n := t.tail.base; n < t.tail.end(); n++ {
		if u := t.tail.unit(n); u.IsKey() && t.kind(u.Track) == media.Video {
			return n
		}
	}
	return 0
}

// sacrifice drops the oldest unit.
func (t *Timeline) sacrifice() {
	n := t.tail.base
	u := t.tail.pop()
	switch {
	case n < t.tail.done: // on disk
	case n < t.out.flying:
		t.out.limbo.add(u)
	default:
		t.out.loss.add(u)
		t.counts.dropped += int64(len(u.Payload))
		if t.out.flying == 0 {
			t.tail.done = t.tail.base
		}
	}
}

// tellLoss keeps the gap of what was lost up to date, from the first unit lost
// to the first one left, and marks the first unit left of each track as Lost.
func (t *Timeline) tellLoss() {
	l := &t.out.loss
	if !l.any() || len(t.tail.units) == 0 {
		return
	}
	if l.gap == nil {
		l.gap = &gapState{Gap: media.Gap{From: l.from, Reason: t.out.why, Detail: t.out.detail}}
		if l.gap.Reason == "" { // no error: a commit that does not return
			l.gap.Reason, l.gap.Detail = media.DiskError, "a write does not return"
		}
		t.gaps = append(t.gaps, l.gap)
		t.log.Error("the disk takes nothing for longer than memory lasts; units are lost",
			"reason", string(l.gap.Reason), "from", l.from, "err", l.gap.Detail)
	}
	l.gap.From = l.from
	l.gap.Until = max(t.tail.units[0].DTS, l.from+1)
	l.gap.dirty = true
	for _, id := range l.tracks {
		for i := range t.tail.units {
			if u := &t.tail.units[i]; u.Track == id {
				u.Flags |= media.Lost
				break
			}
		}
	}
	t.reshape()
}

// takeOff: a commit of everything below end begins, and tells of what was lost so far.
func (t *Timeline) takeOff(end uint64) {
	t.out.flying = end
	t.out.sealed, t.out.loss = t.out.loss, loss{}
}

// land: the commit has ended. If it failed, what left the tail meanwhile is lost
// together with what was lost before it, in one stretch.
func (t *Timeline) land(err error) {
	limbo, sealed, later := t.out.limbo, t.out.sealed, t.out.loss
	t.out.flying, t.out.limbo, t.out.sealed = 0, loss{}, loss{}
	if err == nil {
		t.out.why, t.out.detail = "", ""
		t.tail.done = max(t.tail.done, t.tail.base)
		return
	}
	t.out.why, t.out.detail = reasonOf(err), err.Error()
	t.out.detail = t.out.detail[:min(len(t.out.detail), maxDetail)]
	if limbo.any() {
		t.counts.dropped += limbo.bytes
		if sealed.gap != nil && later.gap != nil { // one stretch now
			t.gaps = slices.DeleteFunc(t.gaps, func(g *gapState) bool { return g == later.gap })
		} else if sealed.gap == nil {
			sealed.gap = later.gap
		}
	}
	sealed.merge(limbo)
	sealed.merge(later)
	t.out.loss = sealed
	t.tail.done = max(t.tail.done, t.tail.base)
	if limbo.any() {
		t.tellLoss()
	}
}

// reasonOf says what a commit error means for a gap.
func reasonOf(err error) media.Reason {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return media.DiskFull
	}
	return media.DiskError
}
