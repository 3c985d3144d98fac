package web

import (
	"math"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Moment is a point of a timeline: where it is for ever, and what time that was.
type Moment struct {
	Position string    `json:"position"` // RUN.MILLISECONDS: never moved by a clock; what addresses use
	Run      media.Run `json:"run"`
	MediaMS  float64   `json:"media_ms"` // since the run began, to the microsecond
	Time     time.Time `json:"time"`     // UTC
	Trusted  bool      `json:"trusted"`  // whether Time can be relied on
}

func moment(t Timeline, p media.Position) Moment {
	m := Moment{Position: p.String(), Run: p.Run, MediaMS: ms(p.Time)}
	m.Time, m.Trusted = t.Wall(p)
	return m
}

// ms is a duration in milliseconds, to the microsecond.
func ms(d time.Duration) float64 {
	return math.Round(float64(d)/float64(time.Microsecond)) / 1000
}

var looksLikePosition = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)

// edge is an end of a range in a query: a position, or a wall time that becomes one.
type edge struct {
	given bool
	pos   media.Position
	wall  time.Time // zero if a position was given
	after bool      // lies after everything recorded
}

// wholeOf reads the parameter name, a whole number from least to most.
func wholeOf(q url.Values, name string, least, most, absent int) (int, error) {
	v := q.Get(name)
	if v == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		return 0, badRequest("parameter %s: %q is not a number from %d to %d", name, v, least, most)
	}
	return n, nil
}

// edge reads the parameter name: a T as the commands take it, or a position.
func (s *Server) edge(q url.Values, t Timeline, name string) (edge, error) {
	v := q.Get(name)
	if v == "" {
		return edge{}, nil
	}
	if looksLikePosition.MatchString(v) {
		p, err := media.ParsePosition(v)
		if err != nil {
			return edge{}, badRequest("parameter %s: %v", name, err)
		}
		return edge{given: true, pos: p}, nil
	}
	wall, err := timeline.ParseTime(v, s.o.Now())
	if err != nil {
		return edge{}, badRequest("parameter %s: %v; a position RUN.MILLISECONDS is taken, too", name, err)
	}
	p, ok := t.Position(wall)
	return edge{given: true, pos: p, wall: wall, after: !ok}, nil
}

// span reads from and to. Without from it is the oldest, without to the newest moment.
func (s *Server) span(q url.Values, t Timeline) (from, to edge, err error) {
	if from, err = s.edge(q, t, "from"); err != nil {
		return
	}
	if to, err = s.edge(q, t, "to"); err != nil {
		return
	}
	if !from.given {
		from.pos, _ = t.Oldest()
	}
	if !to.given || to.after {
		to.pos = end(t, to.wall)
	}
	if !from.wall.IsZero() && !to.wall.IsZero() && !from.wall.Before(to.wall) {
		return from, to, badRequest("parameter to: %s is not after from, %s", to.wall.Format(time.RFC3339), from.wall.Format(time.RFC3339))
	}
	if from.given && to.given && !from.after && to.pos.Before(from.pos) {
		return from, to, badRequest("parameter to: in the recording it lies before from (%v before %v); was the clock set back? use positions", to.pos, from.pos)
	}
	return from, to, nil
}

// end is a position behind everything that is recorded or on its way, but not
// behind wall unless that is zero: what -0s means, a moment ahead of what has arrived.
func end(t Timeline, wall time.Time) media.Position {
	p, _ := t.Newest()
	ahead := time.Second
	if last, _ := t.Wall(p); !wall.IsZero() {
		ahead = min(ahead, max(wall.Sub(last), 0))
	}
	p.Time += ahead
	return p
}
