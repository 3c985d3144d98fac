package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hindsight/media"
)

// Previewer finds the key frame shown at p or last before it. When there is no such
// frame its error has a method Near() (before, after time.Time).
type Previewer func(ctx context.Context, camera string, p media.Position) (*Preview, error)

// Preview is a key frame that can be made an image.
type Preview struct {
	At media.Position // when it is shown
	// JPEG makes the image, width pixels wide if the frame is wider than that.
	JPEG func(ctx context.Context, width int) ([]byte, error)
}

// limits of a preview: the widths in pixels, and how much of those made last is kept.
const (
	leastPreview  = 64
	mostPreview   = 640
	usualPreview  = 320
	previewBytes  = 8 << 20
	previewSettle = time.Second // by so much pictures may come later than sound
)

// getPreview answers with a small picture, soon: who drags along a timeline asks for many
// and waits for none but the last.
func (s *Server) getPreview(w http.ResponseWriter, r *http.Request) error {
	if s.o.Preview == nil {
		return &failure{http.StatusNotImplemented, "this server makes no previews"}
	}
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	width, err := wholeOf(q, "width", leastPreview, mostPreview, usualPreview)
	if err != nil {
		return err
	}
	p, fixed, err := s.at(q, c.Timeline)
	if err != nil {
		return err
	}
	leave, err := await(r.Context(), w, s.previews.places, s.queue, "previews are being made")
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), snapshotWork)
	defer cancel()
	if err := ctx.Err(); err != nil { // it has gone while it waited
		return gone(err)
	}
	found, err := s.o.Preview(ctx, c.Name, p)
	if err != nil {
		return slow(w, err)
	}
	tag := previewHeader(w.Header(), c, found.At, width)
	if fixed && settled(c.Timeline, p) {
		w.Header().Set("Cache-Control", "private, max-age=3600, immutable") // not for longer: it may be deleted here
	} else {
		w.Header().Set("Cache-Control", "private, no-cache") // kept, and asked for again by its tag
	}
	if matches(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	jpeg, err := s.previews.get(ctx, c.Name, found, width)
	if err != nil {
		plain(w.Header())
		return slow(w, err)
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Length", strconv.Itoa(len(jpeg)))
	if r.Method == http.MethodHead {
		return nil
	}
	_, err = (&paced{w: w, rc: http.NewResponseController(w), patience: s.patience}).Write(jpeg)
	return gone(err)
}

// slow makes an answer of an error that may be a deadline's.
func slow(w http.ResponseWriter, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return tooSlow(w, "the preview takes more than %v; try again when less is going on", snapshotWork)
	}
	return err
}

// previewHeader tells which frame it is, and returns its tag.
func previewHeader(h http.Header, c Camera, at media.Position, width int) (tag string) {
	m := frameMoment(c.Timeline, at)
	tag = fmt.Sprintf(`"%d.%d-%d"`, at.Run, at.Time.Nanoseconds(), width)
	h.Set("X-Hindsight-Position", m.Position)
	h.Set("X-Hindsight-Time", m.Time.Format(time.RFC3339Nano))
	h.Set("ETag", tag)
	return tag
}

// plain takes back what was said of a picture that cannot be made.
func plain(h http.Header) {
	for _, name := range []string{"X-Hindsight-Position", "X-Hindsight-Time", "ETag"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
}

// settled reports whether nothing can be recorded any more that is shown at p or before.
func settled(t Timeline, p media.Position) bool {
	newest, ok := t.Newest()
	return ok && (p.Run < newest.Run || p.Run == newest.Run && p.Time+previewSettle < newest.Time)
}

// matches reports whether an If-None-Match header names the tag (RFC 9110, 13.1.2).
func matches(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
			return true
		}
	}
	return false
}
