package timeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// damage is what this process has found to be unreadable, by run. The store
// cannot tell without reading everything, so it is learned where a cursor
// stumbles, where a segment's number is missing, and by Survey.
type damage struct {
	mu   sync.RWMutex
	runs map[media.Run][]media.Gap
}

// add notes that from until until cannot be read; what was known before is not noted twice.
func (d *damage) add(run media.Run, from, until time.Duration) (isNew bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if until <= from {
		return false
	}
	for _, g := range d.runs[run] {
		if g.From <= from && until <= g.Until {
			return false
		}
	}
	if d.runs == nil {
		d.runs = map[media.Run][]media.Gap{}
	}
	inside := func(g media.Gap) bool { return from <= g.From && g.Until <= until }
	d.runs[run] = append(slices.DeleteFunc(d.runs[run], inside), media.Gap{From: from, Until: until, Reason: media.Damaged})
	return true
}

// beside are gaps and what else of the run is known to be unreadable.
func (d *damage) beside(gaps []media.Gap, run media.Run) []media.Gap {
	d.mu.RLock()
	defer d.mu.RUnlock()
	out := slices.Clip(gaps)
	for _, h := range d.runs[run] {
		told := func(g media.Gap) bool {
			slack := time.Duration(0)
			if g.Reason == media.Deleted { // it begins with a unit, and tracks lag
				slack = time.Second
			}
			return g.Kind == 0 && g.From <= h.From+slack && h.Until <= until(g)+slack
		}
		if !slices.ContainsFunc(gaps, told) {
			out = append(out, h)
		}
	}
	return out
}

// Survey reads the header of every block kept, to find what is missing without
// a gap that says so; Map shows it as holes with the reason damaged. It takes a
// read of the disk per second of recording. It returns how many such stretches were new.
func (t *Timeline) Survey(ctx context.Context) (found int, err error) {
	var before store.Entry
	ref := store.Ref{}
	for {
		if err := ctx.Err(); err != nil {
			return found, err
		}
		ref, err = t.o.Store.Next(ref)
		if errors.Is(err, store.ErrNoBlock) {
			t.past.stale()
			return found, nil
		}
		if err != nil {
			return found, fmt.Errorf("timeline: camera %s: survey: %w", t.o.Camera, err)
		}
		e, err := t.o.Store.Entry(ref)
		if err != nil || len(e.Stats) == 0 {
			continue // an unreadable one shows by the distance of its neighbours
		}
		if e.Ref.Run == before.Ref.Run && t.torn(before, e) {
			found++
		}
		before = e
	}
}

// torn learns whether something is missing between two neighbouring blocks.
func (t *Timeline) torn(a, b store.Entry) bool {
	r := t.past.run(a.Ref.Run)
	if r == nil {
		return false
	}
	var last, end time.Duration
	pace := forever
	for _, s := range a.Stats {
		d := step(s, r.info)
		if last = max(last, s.Last); d > 0 {
			pace = min(pace, d)
		}
		end = max(end, s.Last+min(d, time.Second))
	}
	if b.First-last <= max(900*time.Millisecond, 3*min(pace, time.Minute)) {
		return false
	}
	middle := last + (b.First-last)/2
	for _, h := range r.whole {
		if h.from <= middle && middle < h.until {
			return false
		}
	}
	return t.harm.add(a.Ref.Run, end, b.First)
}
