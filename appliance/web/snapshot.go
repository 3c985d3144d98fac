package web

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"hindsight/media"
)

// Snapshotter makes a JPEG image of the frame shown at p or last before it,
// width pixels wide if it is wider than that; 0: as wide as it is. When there is no such
// frame its error has a method Near() (before, after time.Time).
type Snapshotter func(ctx context.Context, camera string, p media.Position, width int) (*Still, error)

// Still is one frame as an image.
type Still struct {
	JPEG  []byte
	At    media.Position // when the frame is shown
	Final bool           // what is recorded later does not change which frame it is
}

// limits of a snapshot: how long it waits for its turn, how long it may take, and
// the widths in pixels.
const (
	snapshotQueue = 8 * time.Second
	snapshotWork  = 20 * time.Second
	leastWidth    = 16
	mostWidth     = 16384
)

func (s *Server) getSnapshot(w http.ResponseWriter, r *http.Request) error {
	if s.o.Snapshot == nil {
		return &failure{http.StatusNotImplemented, "this server makes no snapshots"}
	}
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	width, err := wholeOf(q, "width", leastWidth, mostWidth, 0)
	if err != nil {
		return err
	}
	p, fixed, err := s.at(q, c.Timeline)
	if err != nil {
		return err
	}
	leave, err := await(r.Context(), w, s.stills, s.queue, "snapshots are being made")
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), snapshotWork)
	defer cancel()
	still, err := s.o.Snapshot(ctx, c.Name, p, width)
	if errors.Is(err, context.DeadlineExceeded) {
		return tooSlow(w, "the snapshot takes more than %v; try again when less is going on", snapshotWork)
	}
	if err != nil {
		return err
	}
	snapshotHeader(w.Header(), c, still, fixed)
	if r.Method == http.MethodHead {
		return nil
	}
	_, err = (&paced{w: w, rc: http.NewResponseController(w), patience: s.patience}).Write(still.JPEG)
	return gone(err)
}

// snapshotHeader tells which frame it is. A frame of a position never changes once
// something was recorded behind it; a clock may give another one the same time.
func snapshotHeader(h http.Header, c Camera, still *Still, fixed bool) {
	m := frameMoment(c.Timeline, still.At)
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Length", strconv.Itoa(len(still.JPEG)))
	h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{
		"filename": c.Name + "-" + m.Time.Format("20060102T150405.000Z") + ".jpg"}))
	h.Set("X-Frame-Time", m.Time.Format(time.RFC3339Nano))
	h.Set("X-Frame-Time-Trusted", strconv.FormatBool(m.Trusted))
	h.Set("X-Frame-Position", m.Position)
	if fixed && still.Final {
		h.Set("Cache-Control", "private, max-age=3600, immutable") // not for longer: it may be deleted here
	}
}

// at reads the parameter at: the moment whose frame, or the last one before it, is
// meant. fixed: it is a position, which means the same moment for ever.
func (s *Server) at(q url.Values, t Timeline) (p media.Position, fixed bool, err error) {
	if v := q.Get("at"); v == "" || v == "now" {
		return end(t, time.Time{}), false, nil
	}
	e, err := s.edge(q, t, "at")
	if err != nil || e.wall.IsZero() {
		return e.pos, true, err
	}
	if !e.wall.Before(s.o.Now()) {
		return end(t, time.Time{}), false, nil
	}
	if w, _ := t.Wall(e.pos); !e.after && !w.After(e.wall) {
		return e.pos, false, nil
	}
	// Nothing is recorded then: what ended last before it is meant.
	var last time.Time
	for _, span := range t.Map().Spans {
		until := media.Position{Run: span.Run, Time: span.Until}
		if w, _ := t.Wall(until); !w.After(e.wall) && !w.Before(last) {
			p, last = until, w
			p.Time += min(e.wall.Sub(w), time.Second) // a picture may be shown that much after its recording ended
		}
	}
	if last.IsZero() {
		oldest, ok := t.Oldest()
		if !ok {
			return p, false, notFound("nothing is recorded yet")
		}
		return p, false, notFound("nothing is recorded at or before %s; the recording begins at %s",
			e.wall.Format(time.RFC3339), moment(t, oldest).Time.Format(time.RFC3339))
	}
	return p, false, nil
}

// tooSlow is the answer when the machine or its disk does not manage in time.
func tooSlow(w http.ResponseWriter, format string, args ...any) error {
	w.Header().Set("Retry-After", "10")
	return &failure{http.StatusServiceUnavailable, fmt.Sprintf(format, args...)}
}
