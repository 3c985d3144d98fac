package web

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"
)

const (
	levelEvery  = 100 * time.Millisecond
	levelMeters = 50 // open at once
)

// Level is how loud a microphone is, in dB of full scale: 0 is the loudest, and
// below -96 nothing is heard.
type Level struct {
	Peak float64 `json:"peak_db"` // of the last tenth of a second
	RMS  float64 `json:"rms_db"`
}

// getLevel sends the level ten times a second; null while there is none: no
// microphone, or one that gives its sound coded.
func (s *Server) getLevel(w http.ResponseWriter, r *http.Request) error {
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	if s.o.Level == nil {
		return readOnly()
	}
	leave, err := take(w, s.levels, "watch the level")
	if err != nil {
		return err
	}
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // for a proxy in front
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	out := &paced{w: w, rc: http.NewResponseController(w), patience: s.patience}
	tick := time.NewTicker(levelEvery)
	defer tick.Stop()
	for {
		text := []byte("null")
		if l, ok := s.o.Level(c.Name); ok {
			if text, err = json.Marshal(l); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(out, "data: "+string(text)+"\n\n"); err != nil {
			return gone(err)
		}
		if err := out.rc.Flush(); err != nil {
			return gone(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
