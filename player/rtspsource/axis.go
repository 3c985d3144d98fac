package rtspsource

import (
	"slices"
	"sort"
	"sync"
	"time"

	"hindsight/media"
	"hindsight/player"
)

// axis is recorded time, positions and true times beside one another, as the API
// tells them. Its origin, the npt 0 of the session, never moves: what retention
// takes away later keeps its numbers.
type axis struct {
	mu    sync.Mutex
	spans []span
	gaps  []gap
}

type span struct {
	run         media.Run
	from, until time.Duration // media time
	recorded    time.Duration // at from
	wall, end   time.Time     // at from and until
	trusted     bool
}

type gap struct {
	player.Gap
	from, until media.Position // until zero: it lasts
}

// known reports whether the API has told anything.
func (a *axis) known() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.spans) > 0
}

// learn takes what the API tells now. The first telling sets the origin.
func (a *axis) learn(sh shape) {
	var fresh []span
	for _, s := range sh.Spans {
		fresh = append(fresh, span{s.From.Run, millis(s.From.MediaMS), millis(s.To.MediaMS), millis(s.RecordedMS), s.From.Time, s.To.Time, s.From.Trusted})
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range fresh {
		a.add(f)
	}
	a.gaps = a.gaps[:0]
	for _, g := range sh.Gaps {
		n := gap{from: g.From.position()}
		n.Gap = player.Gap{Kind: kindOf(g.Kind), Reason: g.Reason, Detail: g.Detail, From: g.From.Time}
		if g.Until != nil {
			n.until, n.Until = g.Until.position(), g.Until.Time
			n.Length = n.Until.Sub(n.From)
		}
		a.gaps = append(a.gaps, n)
	}
}

// add puts a span behind those that are known. What is known keeps its numbers, also
// when it is gone from the recorder; only the newest grows, and true times may be set right.
func (a *axis) add(f span) {
	for i := range a.spans {
		s := &a.spans[i]
		if s.run != f.run || f.from >= s.until || s.from >= f.until {
			continue
		}
		if f.from == s.from {
			s.wall, s.end, s.trusted = f.wall, f.end, f.trusted
		}
		if i == len(a.spans)-1 && f.until > s.until {
			s.until, s.end = f.until, f.end
		}
		return
	}
	f.recorded = 0
	if n := len(a.spans); n > 0 {
		l := a.spans[n-1]
		if (media.Position{Run: f.run, Time: f.from}).Before(media.Position{Run: l.run, Time: l.until}) {
			return // of what was gone already
		}
		f.recorded = l.recorded + l.until - l.from
	}
	a.spans = append(a.spans, f)
}

func kindOf(name string) media.Kind {
	switch name {
	case "video":
		return media.Video
	case "audio":
		return media.Audio
	}
	return 0
}

// length is the recorded time of all that is known.
func (a *axis) length() time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.spans) == 0 {
		return 0
	}
	l := a.spans[len(a.spans)-1]
	return l.recorded + l.until - l.from
}

// recorded is the recorded time of a position; in a gap that of the next span.
// What lies behind the last span is taken for its continuation.
func (a *axis) recorded(p media.Position) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, s := range a.spans {
		if last := i == len(a.spans)-1; last && p.Run == s.run || p.Before(media.Position{Run: s.run, Time: s.until}) {
			if p.Run != s.run {
				return s.recorded
			}
			return s.recorded + max(p.Time-s.from, 0)
		}
	}
	if len(a.spans) == 0 {
		return 0
	}
	l := a.spans[len(a.spans)-1]
	return l.recorded + l.until - l.from
}

// point is what lies at a recorded time. ok is false where nothing is known.
func (a *axis) point(at time.Duration) (p player.Point, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := sort.Search(len(a.spans), func(i int) bool { return a.spans[i].recorded > at }) - 1
	if i < 0 {
		return p, false
	}
	s := a.spans[i]
	d := at - s.recorded
	return player.Point{Recorded: at, Position: media.Position{Run: s.run, Time: s.from + d}, Time: s.time(d), Trusted: s.trusted}, true
}

// time is the true time so long after the beginning of a span: its clock drifts
// against media time, and both ends of it are known.
func (s span) time(d time.Duration) time.Time {
	length, off := s.until-s.from, s.end.Sub(s.wall)-(s.until-s.from)
	if length <= 0 {
		return s.wall.Add(d)
	}
	return s.wall.Add(d + time.Duration(float64(off)*float64(d)/float64(length)))
}

// at is the recorded time of a true time; in a gap that of the next span. Where a
// time exists twice the newest is meant. ok is false behind all that is known.
func (a *axis) at(t time.Time) (at time.Duration, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := len(a.spans) - 1; i >= 0; i-- {
		if s := a.spans[i]; !t.Before(s.wall) && t.Before(s.end) {
			return s.recorded + min(t.Sub(s.wall), s.until-s.from), true
		}
	}
	for _, s := range a.spans {
		if t.Before(s.wall) {
			return s.recorded, true
		}
	}
	return 0, false
}

// exact is a recorded time, known to the millisecond, as the true time of the
// same unit tells it.
func (a *axis) exact(at time.Duration, wall time.Time) time.Duration {
	p, ok := a.point(at)
	if !ok {
		return at
	}
	if d := wall.Sub(p.Time); d.Abs() < 2*time.Millisecond {
		return (at + d).Round(time.Microsecond)
	}
	return at
}

// around is the gap of everything, or of pictures, that lies at a true time.
func (a *axis) around(t time.Time) *player.Gap {
	return a.between(t, t)
}

// between is the first gap that touches a stretch of true time.
func (a *axis) between(from, until time.Time) *player.Gap {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, g := range a.gaps {
		if g.Kind != media.Audio && !g.From.After(until) && (g.Until.IsZero() || g.Until.After(from)) {
			found := g.Gap
			return &found
		}
	}
	return nil
}

// inGap is the gap of everything that a position lies in.
func (a *axis) inGap(p media.Position) *player.Gap {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, g := range a.gaps {
		if g.Kind == 0 && !p.Before(g.from) && (g.until.Run == 0 || p.Before(g.until)) {
			found := g.Gap
			return &found
		}
	}
	return nil
}

// frozen reports whether the camera gives no new picture now.
func (a *axis) frozen() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.gaps, func(g gap) bool { return g.until.Run == 0 && g.Reason == media.Frozen })
}

// lastRun is that of the newest span; 0: none is known.
func (a *axis) lastRun() media.Run {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.spans) == 0 {
		return 0
	}
	return a.spans[len(a.spans)-1].run
}
