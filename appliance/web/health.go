package web

import "net/http"

// Health is what /healthz answers: with 200 when OK, else with 503.
type Health struct {
	OK      bool           `json:"ok"`
	Cameras []CameraHealth `json:"cameras"`
}

// CameraHealth says whether a camera does what it should.
type CameraHealth struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	State  State  `json:"state"`
	Reason string `json:"reason"` // why not; empty when OK
}

func (s *Server) getHealth(w http.ResponseWriter, _ *http.Request) error {
	h := healthOf(s.status())
	code := http.StatusOK
	if !h.OK {
		code = http.StatusServiceUnavailable
	}
	return reply(w, code, h)
}

// healthOf judges: a camera that should record does, and its disk takes what it records.
func healthOf(st Status) Health {
	h := Health{OK: true, Cameras: []CameraHealth{}}
	for _, c := range st.Cameras {
		ch := CameraHealth{Name: c.Name, OK: true, State: c.State}
		switch {
		case c.State != Recording && c.State != Stopped:
			ch.OK, ch.Reason = false, c.Problem
			if ch.Reason == "" {
				ch.Reason = "it should record and does not"
			}
		case c.Commits.LastError != "":
			ch.OK, ch.Reason = false, "cannot write: "+c.Commits.LastError
		}
		h.OK = h.OK && ch.OK
		h.Cameras = append(h.Cameras, ch)
	}
	return h
}
