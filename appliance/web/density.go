package web

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"hindsight/appliance/timeline"
)

// Density is what /api/v1/marks answers: how much is said, for a timeline that is drawn.
type Density struct {
	Camera   string    `json:"camera"`
	From     time.Time `json:"from"`     // UTC, where the first bin begins
	To       time.Time `json:"to"`       // UTC, where the last one ends
	Captions []int     `json:"captions"` // how many begin in each bin of wall time
}

// limits of one answer.
const (
	densityBins  = 2000
	usualBins    = 200
	densityYears = 20
)

func (s *Server) getDensity(w http.ResponseWriter, r *http.Request) error {
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	bins, err := wholeOf(q, "bins", 1, densityBins, usualBins)
	if err != nil {
		return err
	}
	from, to, err := s.walls(q, c.Timeline)
	if err != nil {
		return err
	}
	select {
	case s.searches <- struct{}{}:
		defer func() { <-s.searches }()
	case <-r.Context().Done():
		return gone(r.Context().Err())
	}
	counts, err := c.Timeline.TallyCaptions(from, to, bins)
	if errors.Is(err, timeline.ErrDamaged) {
		s.damaged(c, err)
	} else if err != nil {
		return err
	}
	return reply(w, http.StatusOK, Density{Camera: c.Name, From: from.UTC(), To: to.UTC(), Captions: counts})
}

// walls reads from and to as wall times. Without from it is the oldest moment, without to now.
func (s *Server) walls(q url.Values, t Timeline) (from, to time.Time, err error) {
	a, err := s.edge(q, t, "from")
	if err != nil {
		return from, to, err
	}
	b, err := s.edge(q, t, "to")
	if err != nil {
		return from, to, err
	}
	if from = a.wall; from.IsZero() {
		if !a.given {
			a.pos, _ = t.Oldest()
		}
		from, _ = t.Wall(a.pos)
	}
	if to = b.wall; to.IsZero() && b.given {
		to, _ = t.Wall(b.pos)
	} else if to.IsZero() {
		to = s.o.Now()
	}
	switch {
	case a.given && from.IsZero():
		return from, to, badRequest("parameter from: nothing says when %v was", a.pos)
	case b.given && to.IsZero():
		return from, to, badRequest("parameter to: nothing says when %v was", b.pos)
	}
	if from.IsZero() {
		from = to.AddDate(0, 0, -1) // nothing is recorded there
	}
	switch {
	case !from.Before(to):
		return from, to, badRequest("parameter to: %s is not after from, %s", to.Format(time.RFC3339Nano), from.Format(time.RFC3339Nano))
	case to.After(from.AddDate(densityYears, 0, 0)):
		return from, to, badRequest("parameter from: more than %d years before to; ask for fewer at a time", densityYears)
	}
	return from, to, nil
}
