package rtsp

import (
	"fmt"
	"strings"

	"github.com/bluenviron/gortsplib/v5/pkg/base"

	"hindsight/media"
)

// address is what the path of a URL asks for.
type address struct {
	camera string
	rest   string // what stands behind the camera, without slashes at its ends; empty: live
}

// parseAddress reads a path such as "/cam" or "/cam/timeline". A slash at the
// end, which GStreamer adds, means nothing.
func parseAddress(path string) (address, error) {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	camera, rest, _ := strings.Cut(path, "/")
	if camera == "" {
		return address{}, fmt.Errorf("the address names no camera")
	}
	if err := media.CheckCamera(camera); err != nil {
		return address{}, err
	}
	return address{camera: camera, rest: strings.Trim(rest, "/")}, nil
}

// refusal is an error that becomes the answer to a request.
type refusal struct {
	code base.StatusCode
	text string // one sentence for a person
}

func (r *refusal) Error() string { return r.text }

func refuse(code base.StatusCode, format string, args ...any) *refusal {
	return &refusal{code: code, text: fmt.Sprintf(format, args...)}
}

// mostReason is the length of the sentence that goes into the status line.
// Clients, gortsplib's among them, refuse a status line beyond 255 bytes.
const mostReason = 200

// response puts the sentence into the status line, the only place that players
// show, and whole into the body.
func (r *refusal) response() *base.Response {
	line := strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, r.text)
	if len(line) > mostReason {
		line = line[:mostReason-3] + "..."
	}
	return &base.Response{
		StatusCode:    r.code,
		StatusMessage: line,
		Header:        base.Header{"Content-Type": base.HeaderValue{"text/plain; charset=utf-8"}},
		Body:          []byte(r.text + "\n"),
	}
}
