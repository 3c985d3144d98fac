package web

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
	"hindsight/player"
)

// lineSource is a timeline as one page sees it: recorded time begins at what was
// the oldest moment when it came.
type lineSource struct {
	camera string
	line   Timeline
	axis   *timeline.Axis
	shapes *shapes

	mu     sync.Mutex
	newest media.Position // at the last look
	offset time.Duration  // of its stretch, and which one that is
	looked time.Time
	grew   time.Time // when it was seen to be another; zero: not yet
}

// quietFor is how long nothing may come before a camera counts as not recording.
const quietFor = 2500 * time.Millisecond

// newLineSource makes one. s is shared by all of a camera.
func newLineSource(camera string, line Timeline, s *shapes) *lineSource {
	return &lineSource{camera: camera, line: line, shapes: s}
}

// Hello is player.Source's.
func (s *lineSource) Hello() player.Hello {
	oldest, ok := s.line.Oldest()
	s.axis = timeline.NewAxis(s.line, s.line.Map(), oldest, ok)
	h := player.Hello{Camera: s.camera}
	if ok {
		p := s.point(oldest, s.axis.Offset(oldest))
		h.Oldest, h.Length = &p, s.axis.Length()
	}
	return h
}

// point is that of a position in a stretch with an offset.
func (s *lineSource) point(p media.Position, offset time.Duration) player.Point {
	at := player.Point{Recorded: p.Time + offset, Position: p}
	at.Time, at.Trusted = s.line.Wall(p)
	return at
}

// Edge is player.Source's.
func (s *lineSource) Edge() player.Edge {
	newest, ok := s.line.Newest()
	if !ok {
		return player.Edge{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	step := newest.Time - s.newest.Time
	switch {
	case s.newest.Run == 0:
		s.offset = s.axis.Offset(newest)
	case newest == s.newest:
	default:
		s.grew = now
		if newest.Run != s.newest.Run || step < 0 || step > time.Second || now.Sub(s.looked) > 30*time.Second {
			s.offset, s.looked = s.axis.Offset(newest), now
		}
	}
	s.newest = newest
	p := s.point(newest, s.offset)
	e := player.Edge{Point: &p, Recording: !s.grew.IsZero() && now.Sub(s.grew) < quietFor}
	for _, h := range s.shapes.get(s.line).Holes {
		if h.Until.Run != 0 {
			continue
		}
		if h.Kind == 0 && !h.From.Before(newest) {
			e.Recording = false
		}
		e.Frozen = e.Frozen || h.Reason == media.Frozen && h.Kind != media.Audio
	}
	if s.grew.IsZero() { // the first look: what the map says
		e.Recording = !s.ended(newest)
	}
	return e
}

// ended reports whether a hole of everything begins at the newest unit.
func (s *lineSource) ended(newest media.Position) bool {
	return slices.ContainsFunc(s.shapes.get(s.line).Holes, func(h timeline.Hole) bool {
		return h.Until.Run == 0 && h.Kind == 0 && !h.From.Before(newest)
	})
}

// target is where a seek goes.
type target struct {
	at   media.Position
	live bool
	gap  *player.Gap // that the moment asked for lies in
}

// find finds where a seek goes.
func (s *lineSource) find(m player.Moment) (target, error) {
	newest, ok := s.line.Newest()
	if m.Place == player.AtLive {
		return target{at: newest, live: true}, nil
	}
	if !ok {
		return target{}, &player.Missing{Text: "nothing is recorded yet"}
	}
	t := target{at: m.Position}
	shape := s.line.Map()
	inside := func(h timeline.Hole) bool {
		return !m.Position.Before(h.From) && m.Position.Before(h.Until)
	}
	switch m.Place {
	case player.AtRecorded:
		p, ok := s.axis.At(m.Recorded)
		if !ok {
			return target{at: newest, live: true}, nil
		}
		t.at = p
		inside = nil // there are no gaps in recorded time
	case player.AtTime:
		p, ok := s.line.Position(m.Time)
		if !ok {
			return target{at: newest, live: true}, nil
		}
		t.at = p
		inside = func(h timeline.Hole) bool {
			return !m.Time.Before(h.WallFrom) && m.Time.Before(h.WallUntil) && !p.Before(h.Until)
		}
	}
	if inside != nil {
		for _, h := range shape.Holes {
			if h.Kind == 0 && h.Until.Run != 0 && inside(h) {
				t.gap = gapOf(h)
			}
		}
	}
	recorded := shape.Recorded(t.at)
	if recorded >= shape.Length() {
		return target{at: newest, live: true}, nil
	}
	if p := shape.At(recorded); p != t.at && t.at.Before(p) {
		t.at = p
	}
	return t, nil
}

// gapOf is a hole as a player tells it.
func gapOf(h timeline.Hole) *player.Gap {
	return &player.Gap{Kind: h.Kind, Reason: h.Reason, Detail: h.Detail, From: h.WallFrom, Until: h.WallUntil,
		Length: max(h.WallUntil.Sub(h.WallFrom), 0)}
}

// Open is player.Source's.
func (s *lineSource) Open(ctx context.Context, m player.Moment, how player.Manner) (player.Reader, error) {
	t, err := s.find(m)
	if err != nil {
		return nil, err
	}
	r := &lineReader{s: s, manner: how, closed: make(chan struct{})}
	r.tracks = r.tracksAt(t.at)
	if how.Keys && !slices.ContainsFunc(r.tracks, func(t media.Track) bool { return t.Kind == media.Video }) {
		return nil, &player.Missing{Text: "there is no picture here, only sound: it is played at up to four times its speed"}
	}
	sel := timeline.Selection{Keys: how.Keys}
	if t.live && !how.Back {
		r.c = s.line.Live(sel)
	} else if r.c, err = s.line.At(t.at, sel); err != nil {
		return nil, fmt.Errorf("the recording cannot be read: %w", err)
	}
	if err := r.land(ctx, t); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// shapes is the map of a timeline, not older than a second, for all who want to know
// what is missing now.
type shapes struct {
	mu sync.Mutex
	m  *timeline.Map
	at time.Time
}

func (s *shapes) get(line Timeline) *timeline.Map {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil || time.Since(s.at) > time.Second {
		s.m, s.at = line.Map(), time.Now()
	}
	return s.m
}

// ended reports whether an error of a cursor is that nothing more comes.
func ended(err error) bool { return errors.Is(err, timeline.ErrEnd) }
