package web

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Session is a stretch between Record and Stop, or, where nobody pressed
// Record, a run from its beginning to the first time that somebody did.
type Session struct {
	ID      string    `json:"id"`  // a number; run-3 for a run
	Run     media.Run `json:"run"` // that it lies in
	Camera  string    `json:"camera"`
	Name    string    `json:"name"` // empty: it has none but its date
	From    Moment    `json:"from"`
	To      *Moment   `json:"to"`      // null: it goes on
	Seconds float64   `json:"seconds"` // recorded, without gaps
	By      string    `json:"by"`      // hand or run
	Pinned  bool      `json:"pinned"`  // one pin holds all of it
}

// Sessions is what /api/v1/sessions answers.
type Sessions struct {
	Sessions []Session `json:"sessions"` // the newest first
}

// stretch is a session as positions.
type stretch struct {
	id       string
	mark     media.Mark // zero: a run without a name
	from, to media.Position
	open     bool
}

func (s *Server) getSessions(w http.ResponseWriter, r *http.Request) error {
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	return replyTagged(w, r, Sessions{Sessions: sessionsOf(c)})
}

// sessionsOf are the sessions of which anything is kept, or that go on, the newest first.
func sessionsOf(c Camera) []Session {
	shape := c.Timeline.Map()
	pins := c.Timeline.Marks(media.Pin)
	out := []Session{}
	for _, x := range stretches(c.Timeline, shape) {
		out = append(out, x.session(c, shape, pins))
	}
	return out
}

// stretches are the sessions as positions, the newest first.
func stretches(t Timeline, shape *timeline.Map) (out []stretch) {
	names := map[media.Run]media.Mark{}
	first := map[media.Run]media.Position{} // where somebody first pressed Record
	for _, m := range t.Marks(media.Session) {
		if m.By == media.ByRun {
			names[m.From.Run] = m
			continue
		}
		if _, ok := first[m.From.Run]; !ok {
			first[m.From.Run] = m.From
		}
		x := stretch{id: strconv.FormatUint(m.ID, 10), mark: m, from: m.From}
		end, over := t.SessionEnd(m)
		if x.to, x.open = end, !over; x.open {
			x.to = media.Position{Run: m.From.Run, Time: math.MaxInt64}
		}
		if x.open || recorded(shape, x.from, x.to) > 0 {
			out = append(out, x)
		}
	}
	_, stopped := t.Stopped()
	for i, r := range shape.Runs {
		x := stretch{id: fmt.Sprintf("run-%d", r.Run), mark: names[r.Run], from: media.Position{Run: r.Run}}
		x.to = media.Position{Run: r.Run, Time: math.MaxInt64}
		if p, pressed := first[r.Run]; pressed {
			x.to = p
		} else if i == len(shape.Runs)-1 && r.End == "" && !stopped {
			x.open = true
		}
		if recorded(shape, x.from, x.to) > 0 {
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(a, b stretch) int {
		switch {
		case b.from.Before(a.from):
			return -1
		case a.from.Before(b.from):
			return 1
		}
		return 0
	})
	return out
}

// recorded is how much of a range is recorded.
func recorded(shape *timeline.Map, from, to media.Position) float64 {
	return (shape.Recorded(to) - shape.Recorded(from)).Seconds()
}

// session is x as it is answered: cut to what is kept of it.
func (x stretch) session(c Camera, shape *timeline.Map, pins []media.Mark) Session {
	out := Session{ID: x.id, Run: x.from.Run, Camera: c.Name, Name: x.mark.Text, By: "hand",
		Seconds: math.Round(recorded(shape, x.from, x.to)*1000) / 1000}
	if strings.HasPrefix(x.id, "run-") {
		out.By = "run"
	}
	from, to := x.from, x.from
	kept := false
	for _, s := range shape.Spans {
		if s.Run != x.from.Run || s.Until <= x.from.Time || s.From >= x.to.Time {
			continue
		}
		if !kept {
			from.Time, kept = max(s.From, x.from.Time), true
		}
		to.Time = min(s.Until, x.to.Time)
	}
	out.From = moment(c.Timeline, from)
	if !x.open {
		m := moment(c.Timeline, to)
		out.To = &m
	}
	// A pin is given in whole milliseconds: one that was made of this answer holds all of it.
	to.Time = to.Time.Truncate(time.Millisecond)
	out.Pinned = slices.ContainsFunc(pins, func(p media.Mark) bool { return !from.Before(p.From) && !p.Until.Before(to) })
	return out
}

// session finds the session that the path names.
func (s *Server) session(c Camera, r *http.Request) (stretch, *timeline.Map, error) {
	shape := c.Timeline.Map()
	for _, x := range stretches(c.Timeline, shape) {
		if x.id == r.PathValue("id") {
			return x, shape, nil
		}
	}
	return stretch{}, nil, notFound("there is no session %q (any more)", r.PathValue("id"))
}

// patchSession gives a session a name; that of a run is kept as a mark from then on.
func (s *Server) patchSession(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Camera string  `json:"camera"`
		Name   *string `json:"name"`
	}
	c, err := s.asked(w, r, &in, &in.Camera)
	if err != nil {
		return err
	}
	if in.Name == nil || len(*in.Name) > noteMost {
		return badRequest("name: want a name of at most %d bytes, as in {\"name\": \"Tuesday's lesson\"}", noteMost)
	}
	x, shape, err := s.session(c, r)
	if err != nil {
		return err
	}
	name := strings.TrimSpace(*in.Name)
	switch {
	case x.mark.ID == 0 && name != "":
		x.mark, err = c.Timeline.AddMark(media.Mark{Kind: media.Session, By: media.ByRun, From: media.Position{Run: x.from.Run}, Text: name, Who: client(r)})
	case x.mark.ID != 0:
		x.mark, err = c.Timeline.EditMark(media.Session, x.mark.ID, func(m *media.Mark) { m.Text = name })
	}
	if err != nil {
		return markError(err)
	}
	return reply(w, http.StatusOK, x.session(c, shape, c.Timeline.Marks(media.Pin)))
}
