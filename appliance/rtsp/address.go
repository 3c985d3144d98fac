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
	place  place
	from   moment  // of a window
	to     *moment // nil: it has no end
	text   string  // the window as it was given
}

// place is what of a camera an address shows.
type place uint8

const (
	live    place = iota // /cam
	history              // /cam/timeline
	window               // /cam/at/FROM and /cam/at/FROM-TO
)

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
	a := address{camera: camera}
	switch name, at, _ := strings.Cut(strings.Trim(rest, "/"), "/"); {
	case name == "":
	case name == "timeline" && at == "":
		a.place = history
	case name == "at" && at != "":
		a.place, a.text = window, at
		var err error
		if a.from, a.to, err = parseWindow(at); err != nil {
			return a, refuse(base.StatusBadRequest, "%v; the address is /%s/at/FROM or /%s/at/FROM-TO", err, camera, camera)
		}
	default:
		return a, refuse(base.StatusNotFound, "there is no /%s/%.40s, only /%s, /%s/timeline, /%s/at/FROM and /%s/at/FROM-TO",
			camera, strings.Trim(rest, "/"), camera, camera, camera, camera)
	}
	return a, nil
}

// refusal is an error that becomes the answer to a request.
type refusal struct {
	code base.StatusCode
	text string // one sentence for a person

	unsupported string // what of Require
}

func (r *refusal) Error() string { return r.text }

func refuse(code base.StatusCode, format string, args ...any) *refusal {
	return &refusal{code: code, text: fmt.Sprintf(format, args...)}
}

// visible puts a question mark in the place of what a header cannot have.
func visible(c rune) rune {
	if c < ' ' || c > '~' {
		return '?'
	}
	return c
}

// mostReason is the length of the sentence that goes into the status line.
// Clients, gortsplib's among them, refuse a status line beyond 255 bytes.
const mostReason = 200

// response puts the sentence into the status line, the only place that players
// show, and whole into the body.
func (r *refusal) response() *base.Response {
	line := strings.Map(visible, r.text)
	if len(line) > mostReason {
		line = line[:mostReason-3] + "..."
	}
	h := base.Header{"Content-Type": base.HeaderValue{"text/plain; charset=utf-8"}}
	if r.unsupported != "" { // RFC 2326 section 12.41
		h["Unsupported"] = base.HeaderValue{strings.Map(visible, r.unsupported)}
	}
	return &base.Response{StatusCode: r.code, StatusMessage: line, Header: h, Body: []byte(r.text + "\n")}
}
