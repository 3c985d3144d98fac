package web

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"hindsight/media"
)

// patience is how long a client of an export may take none of 64 KiB before it is cut off.
const patience = time.Minute

// piece is how much of an export is handed to the client at once.
const piece = 64 << 10

func (s *Server) getExport(w http.ResponseWriter, r *http.Request) error {
	if s.o.Export == nil {
		return &failure{http.StatusNotImplemented, "this server makes no exports"}
	}
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	from, to, err := s.span(r.URL.Query(), c.Timeline)
	if err != nil {
		return err
	}
	if !from.given || !to.given {
		return badRequest("parameters from and to are needed, as in from=10:15:00&to=10:16:30 or from=-90s&to=-0s")
	}
	if from.after {
		newest, _ := c.Timeline.Newest()
		return notFound("nothing is recorded after %s; the newest is %s", from.wall.Format(time.RFC3339), moment(c.Timeline, newest).Time.Format(time.RFC3339))
	}
	if !from.pos.Before(to.pos) {
		return notFound("nothing is recorded in that range; the recording after it begins at %s", moment(c.Timeline, from.pos).Time.Format(time.RFC3339))
	}
	part, err := partOf(r)
	if err != nil {
		return err
	}
	name, err := jobName(r)
	if err != nil {
		return err
	}
	leave, err := take(w, s.exports, "exports are being made")
	if err != nil {
		return err
	}
	defer leave()
	m, err := s.part(r.Context(), c.Name, from.pos, to.pos, part)
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		s.exportHeader(w.Header(), c, m, to, part)
		return nil
	}
	ctx, end, err := s.watched(r.Context(), name, c, m)
	if err != nil {
		return err
	}
	defer end(context.Canceled) // send cuts the connection by a panic
	s.exportHeader(w.Header(), c, m, to, part)
	err = s.send(ctx, w, m)
	end(err)
	return err
}

func partOf(r *http.Request) (int, error) {
	return wholeOf(r.URL.Query(), "part", 1, 1000, 1)
}

// part plans the n-th file of the range: each ends where the parameters change.
func (s *Server) part(ctx context.Context, camera string, from, to media.Position, n int) (*Movie, error) {
	for i := 1; ; i++ {
		m, err := s.o.Export(ctx, camera, from, to)
		if err != nil || i == n {
			return m, err
		}
		if m.Next == (media.Position{}) {
			return nil, notFound("parameter part: the range makes %d files, not %d", i, n)
		}
		from = m.Next
	}
}

// exportHeader names the file after its true beginning. When the parameters
// change in the range the name says which part it is, the parameter parts that another follows,
// and the header Link where it is.
func (s *Server) exportHeader(h http.Header, c Camera, m *Movie, to edge, part int) {
	name := c.Name + "-" + m.Start.UTC().Format("20060102T150405Z")
	parts := part
	if m.Next != (media.Position{}) {
		parts++
		q := url.Values{"camera": {c.Name}, "from": {above(m.Next)}, "to": {to.pos.String()}}
		h.Set("Link", "</api/v1/export.mp4?"+q.Encode()+`>; rel="next"`)
	}
	if parts > 1 {
		name += "-" + strconv.Itoa(part)
	}
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{
		"filename": name + ".mp4", "part": strconv.Itoa(part), "parts": strconv.Itoa(parts),
	}))
	h.Set("Content-Type", "video/mp4")
	h.Set("Content-Length", strconv.FormatInt(m.Size, 10))
	h.Set("Hindsight-Start", m.Start.UTC().Format("2006-01-02T15:04:05.000000Z"))
	h.Set("Hindsight-From", m.From.String())
	h.Set("Hindsight-To", m.To.String())
	h.Set("Hindsight-Length-Ms", strconv.FormatFloat(ms(m.Length), 'f', -1, 64))
	h.Set("Hindsight-Gaps", strconv.Itoa(m.Gaps))
}

// above is p in whole milliseconds, rounded up, so that it does not lie in the frame before.
func above(p media.Position) string {
	if whole := p.Time.Truncate(time.Millisecond); whole < p.Time {
		p.Time = whole + time.Millisecond
	}
	return p.String()
}

// send writes the file as fast as the client takes it. What went wrong behind
// the first byte can only be told by cutting the connection.
func (s *Server) send(ctx context.Context, w http.ResponseWriter, m *Movie) error {
	out := &paced{w: w, rc: http.NewResponseController(w), patience: s.patience}
	err := m.Write(ctx, out)
	if err == nil {
		return nil
	}
	if out.began {
		level := s.o.Log.Warn
		if out.failed || ctx.Err() != nil {
			level = s.o.Log.Debug // the client went away or was too slow
		}
		level("export cut off", "error", err)
		panic(http.ErrAbortHandler)
	}
	return err
}

// paced gives the client patience for each piece that it takes.
type paced struct {
	w        io.Writer
	rc       *http.ResponseController
	patience time.Duration
	began    bool
	failed   bool
}

// Write is io.Writer's.
func (p *paced) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		if err := p.rc.SetWriteDeadline(time.Now().Add(p.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return n, err
		}
		p.began = true
		k, err := p.w.Write(b[:min(piece, len(b))])
		n += k
		if err != nil {
			p.failed = true
			return n, err
		}
		b = b[k:]
	}
	return n, nil
}
