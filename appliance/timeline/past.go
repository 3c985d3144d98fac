package timeline

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// freshness is how old what is known of the store may be: retention, and in
// another process the recorder, change it behind our back.
const freshness = time.Second

// runFacts is one run, dated, with its outline.
type runFacts struct {
	info  store.RunInfo
	dates dates
	kinds kindSet
	end   time.Duration // media time at which the last unit is over
	stop  time.Duration // media time of the last block; end, if that is later
	outline
}

func (r *runFacts) empty() bool { return r.info.Last < r.info.First }

// wallEnd is when the run was over.
func (r *runFacts) wallEnd() time.Time { return r.dates.wall(r.end) }

// spans are the stretches in which something is there.
func (r *runFacts) spans() (out []hole) {
	if r.empty() {
		return nil
	}
	at := r.info.First
	for _, h := range r.whole {
		if h.until <= at {
			continue
		}
		if h.from >= r.end {
			break
		}
		if h.from > at {
			out = append(out, hole{from: at, until: h.from})
		}
		at = h.until
	}
	if at < r.end {
		out = append(out, hole{from: at, until: r.end})
	}
	return out
}

// past is what the store holds, as it was told at most a moment ago.
type past struct {
	store store.Store
	harm  *damage
	kind  func(id uint16) media.Kind
	told  atomic.Pointer[told]

	mu    sync.Mutex // one goroutine asks
	edges map[media.Run]edge
}

// told is what the store said at one moment. It is not changed.
type told struct {
	at    time.Time
	runs  []*runFacts // oldest first
	byRun map[media.Run]*runFacts
}

// edge is how a run ends and what its segments lack.
type edge struct {
	last      time.Duration
	segments  int
	end, stop time.Duration
}

func newPast(s store.Store, harm *damage, kind func(uint16) media.Kind) *past {
	return &past{store: s, harm: harm, kind: kind, edges: map[media.Run]edge{}}
}

// runs are the runs that the store holds, oldest first. They are not to be changed.
func (p *past) runs() []*runFacts { return p.now().runs }

// run is one run, or nil.
func (p *past) run(n media.Run) *runFacts { return p.now().byRun[n] }

// stale has the store asked again at the next occasion.
func (p *past) stale() { p.told.Store(nil) }

func (p *past) now() *told {
	if t := p.told.Load(); t != nil && time.Since(t.at) < freshness {
		return t
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.told.Load(); t != nil && time.Since(t.at) < freshness {
		return t
	}
	t := p.ask()
	p.told.Store(t)
	return t
}

// ask asks the store.
func (p *past) ask() *told {
	t := &told{at: time.Now(), byRun: map[media.Run]*runFacts{}}
	var floor time.Time
	edges := map[media.Run]edge{}
	for _, info := range p.store.Runs() {
		r := &runFacts{info: info}
		for _, s := range info.Stats {
			if s.Units > 0 {
				r.kinds.add(p.kind(s.Track))
			}
		}
		e, ok := p.edges[info.Run]
		if !ok || e.last != info.Last || e.segments != info.Segments {
			e = p.edge(info)
		}
		edges[info.Run] = e
		r.end, r.stop = e.end, e.stop
		r.dates = dated(info.Anchors, floor)
		r.outline = outlineOf(p.harm.beside(info.Gaps, info.Run), r.kinds)
		if !r.empty() {
			floor = r.wallEnd()
		}
		t.runs = append(t.runs, r)
		t.byRun[info.Run] = r
	}
	p.edges = edges
	return t
}

// edge reads the headers of the run's last blocks: when its last units are over, and when it stopped.
func (p *past) edge(info store.RunInfo) edge {
	e := edge{last: info.Last, segments: info.Segments, end: info.Last, stop: info.Last}
	ref, err := p.store.Seek(media.Position{Run: info.Run, Time: math.MaxInt64})
	for n := 0; err == nil && ref.Run == info.Run && n < 4; n++ {
		entry, bad := p.store.Entry(ref)
		if bad != nil {
			break
		}
		e.stop = max(e.stop, entry.At)
		for _, s := range entry.Stats {
			e.end = max(e.end, s.Last+min(step(s, info), time.Second))
		}
		if len(entry.Stats) > 0 {
			break
		}
		ref, err = p.store.Prev(ref)
	}
	e.stop = max(e.stop, e.end)
	p.lookForSegments(info)
	return e
}

// step is the time between two units of the track that s counts; of the whole
// run if s alone does not tell.
func step(s store.TrackStat, info store.RunInfo) time.Duration {
	if s.Units < 2 {
		for _, whole := range info.Stats {
			if whole.Track == s.Track {
				s = whole
			}
		}
	}
	return (s.Last - s.First) / time.Duration(max(s.Units-1, 1))
}

// lookForSegments learns which segments are missing in the middle of a run, by
// their numbers, without reading more than a header on either side.
func (p *past) lookForSegments(info store.RunInfo) {
	first, err := p.store.Seek(media.Position{Run: info.Run, Time: math.MinInt64})
	last, err2 := p.store.Seek(media.Position{Run: info.Run, Time: math.MaxInt64})
	if err != nil || err2 != nil || first.Run != info.Run || int(last.Segment-first.Segment)+1 == info.Segments {
		return
	}
	const most = math.MaxUint32
	for at := first; at.Segment < last.Segment; {
		next, err := p.store.Next(store.Ref{Run: info.Run, Segment: at.Segment, Block: most})
		if err != nil || next.Run != info.Run {
			return
		}
		if next.Segment > at.Segment+1 {
			if before, err := p.store.Prev(next); err == nil {
				p.learn(before, next, info)
			}
		}
		at = next
	}
}

// learn notes that what lay between two blocks of a run cannot be read.
func (p *past) learn(before, after store.Ref, info store.RunInfo) (isNew bool) {
	a, err := p.store.Entry(before)
	b, err2 := p.store.Entry(after)
	if err != nil || err2 != nil {
		return false
	}
	from := a.First
	for _, s := range a.Stats {
		from = max(from, s.Last+min(step(s, info), time.Second))
	}
	return p.harm.add(info.Run, from, b.First)
}

// learnNow is learn for a cursor that stumbled.
func (p *past) learnNow(before, after store.Ref) {
	info := store.RunInfo{Run: before.Run}
	if r := p.run(before.Run); r != nil {
		info = r.info
	}
	if p.learn(before, after, info) {
		p.stale()
	}
}
