package web

import (
	"net/http"
	"strings"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// SessionNow is the session that goes on.
type SessionNow struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	From Moment `json:"from"`
}

// StopNow is since when and why nothing is recorded.
type StopNow struct {
	From Moment `json:"from"`
	Why  string `json:"why"` // may be empty
	Who  string `json:"who"` // address of who asked for it
}

// postRecord begins a session, and has recording go on where it is stopped.
func (s *Server) postRecord(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Camera string `json:"camera"`
		Name   string `json:"name"`
	}
	c, err := s.asked(w, r, &in, &in.Camera)
	if err != nil {
		return err
	}
	if len(in.Name) > noteMost {
		return badRequest("name: it has %d bytes, at most %d are taken", len(in.Name), noteMost)
	}
	m, err := c.Timeline.Record(strings.TrimSpace(in.Name), client(r))
	if err != nil {
		return markError(err)
	}
	shape := c.Timeline.Map()
	for _, x := range stretches(c.Timeline, shape) {
		if x.mark.ID == m.ID {
			return reply(w, http.StatusCreated, x.session(c, shape, nil))
		}
	}
	return notFound("session %d is over already", m.ID) // somebody else pressed meanwhile
}

// postStop ends the session and stops recording until somebody wants it again.
func (s *Server) postStop(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Camera string `json:"camera"`
		Why    string `json:"why"`
	}
	c, err := s.asked(w, r, &in, &in.Camera)
	if err != nil {
		return err
	}
	if len(in.Why) > 500 {
		return badRequest("why: it has %d bytes, at most 500 are taken", len(in.Why))
	}
	if err := c.Timeline.Stop(strings.TrimSpace(in.Why), client(r)); err != nil {
		return markError(err)
	}
	m, _ := c.Timeline.Stopped()
	return reply(w, http.StatusOK, stopOf(c.Timeline, m))
}

func stopOf(t Timeline, m media.Mark) StopNow {
	return StopNow{From: moment(t, m.From), Why: m.Text, Who: m.Who}
}

// pressed fills what Record and Stop have done.
func (c *CameraStatus) pressed(t Timeline, shape *timeline.Map) {
	if m, ok := t.Stopped(); ok {
		x := stopOf(t, m)
		c.Stop = &x
	}
	for _, x := range stretches(t, shape) {
		if x.open {
			c.Session = &SessionNow{ID: x.id, Name: x.mark.Text, From: moment(t, x.from)}
			return
		}
	}
}
