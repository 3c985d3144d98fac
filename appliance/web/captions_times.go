package web

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// times are what a request wants of a file's times.
type times struct {
	wall, words bool
	zone        *time.Location
}

// timesOf reads the parameters times, zone and words.
func timesOf(r *http.Request, wall bool) (t times, err error) {
	v := r.URL.Query()
	switch v.Get("times") {
	case "":
		t.wall = wall
	case "wall":
		t.wall = true
	case "media":
	default:
		return t, badRequest("parameter times: want wall or media")
	}
	switch v.Get("words") {
	case "", "0":
	case "1":
		t.words = true
	default:
		return t, badRequest("parameter words: want 0 or 1")
	}
	if t.zone, err = parseZone(v.Get("zone")); err != nil {
		return t, badRequest("parameter zone: %q: want Z or an offset as in +09:00", v.Get("zone"))
	}
	return t, nil
}

var zoneForm = regexp.MustCompile(`^[+ -](0[0-9]|1[0-4]):?[0-5][0-9]$`)

// parseZone reads an offset from UTC; a + may have become a blank in the address.
func parseZone(s string) (*time.Location, error) {
	if s == "" || s == "Z" {
		return time.UTC, nil
	}
	if !zoneForm.MatchString(s) {
		return nil, errors.New("want an offset")
	}
	var h, m int
	if _, err := fmt.Sscanf(s[1:3]+s[len(s)-2:], "%2d%2d", &h, &m); err != nil {
		return nil, err
	}
	sign := 1
	if s[0] == '-' {
		sign = -1
	} else {
		s = "+" + s[1:]
	}
	return time.FixedZone("UTC"+s, sign*(h*3600+m*60)), nil
}

// fileClock says where a position lies in a file of captions.
type fileClock struct {
	at   func(media.Position) time.Duration
	end  time.Duration // of the file
	wall bool          // times of day
	zone *time.Location
	note string // what its 0 is, for a person
}

const forever = time.Duration(math.MaxInt64)

// clockOf makes the clock of a file that begins with the caption first.
func (s *Server) clockOf(ctx context.Context, p *captionPages, first *timeline.Caption, t times) (fileClock, error) {
	if t.wall {
		return dayClock(p.c.Timeline, first, t.zone), nil
	}
	c, begin, err := s.movieClock(ctx, p, first)
	c.zone = t.zone
	c.note = "00:00:00.000 is " + begin.UTC().Format("2006-01-02T15:04:05.000Z") + ", camera " + p.c.Name + "."
	return c, err
}

// dayClock tells times of day, counted from the midnight before the first caption.
func dayClock(t Timeline, first *timeline.Caption, zone *time.Location) fileClock {
	var midnight time.Time
	if first != nil {
		y, m, d := first.Wall.In(zone).Date()
		midnight = time.Date(y, m, d, 0, 0, 0, 0, zone)
	}
	return fileClock{end: forever, wall: true, zone: zone, note: "Times of day, " + zone.String() + ", counted from the midnight before the first.",
		at: func(p media.Position) time.Duration {
			w, _ := t.Wall(p)
			return w.Sub(midnight)
		}}
}

// movieClock tells times as they are in the MP4 file of the same range, and the
// wall time of its beginning. Where nothing but captions is left they count from the first.
func (s *Server) movieClock(ctx context.Context, p *captionPages, first *timeline.Caption) (fileClock, time.Time, error) {
	t, from := p.c.Timeline, p.q.From
	if from == (media.Position{}) {
		from, _ = t.Oldest()
	}
	m := t.Map()
	if s.o.Edge != nil && m.Length() > 0 && !p.none {
		edge, err := s.o.Edge(ctx, p.c.Name, from)
		if err != nil {
			return fileClock{}, time.Time{}, err
		}
		from = edge
	}
	zero := m.Recorded(from)
	from = m.At(zero) // where the file begins, if that is a gap
	if first != nil && (m.Length() == 0 || first.Position().Before(from)) {
		last, err := p.edge(true)
		if err != nil {
			return fileClock{}, time.Time{}, err
		}
		if m.Length() == 0 || last != nil && last.Position().Before(from) {
			begin := first.Wall
			return fileClock{end: forever, at: func(p media.Position) time.Duration {
				w, _ := t.Wall(p)
				return w.Sub(begin)
			}}, begin, nil
		}
	}
	begin, _ := t.Wall(from)
	end := m.Length()
	if p.q.Until != (media.Position{}) {
		end = m.Recorded(p.q.Until)
	}
	return fileClock{end: end - zero, at: func(p media.Position) time.Duration { return m.Recorded(p) - zero }}, begin, nil
}
