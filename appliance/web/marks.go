package web

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Bookmark is a moment that a person noted.
type Bookmark struct {
	ID      uint64    `json:"id"`
	Camera  string    `json:"camera"`
	At      Moment    `json:"at"`
	Note    string    `json:"note"`
	Created time.Time `json:"created"` // UTC, by the clock of then
}

// Bookmarks is what /api/v1/bookmarks answers.
type Bookmarks struct {
	Bookmarks []Bookmark `json:"bookmarks"` // by their moments
}

// Pin is a range that is kept however full the disk gets.
type Pin struct {
	ID      uint64    `json:"id"`
	Camera  string    `json:"camera"`
	From    Moment    `json:"from"`
	To      Moment    `json:"to"`
	Note    string    `json:"note"`
	Created time.Time `json:"created"` // UTC, by the clock of then
}

// Pins is what /api/v1/pins answers.
type Pins struct {
	Pins []Pin `json:"pins"` // by their beginnings
}

// markBody is what a bookmark or pin is made or changed with; nil: as it is.
type markBody struct {
	Camera string  `json:"camera"`
	At     *string `json:"at"`
	From   *string `json:"from"`
	To     *string `json:"to"`
	Note   *string `json:"note"`
}

func bookmarkOf(c Camera, m media.Mark) Bookmark {
	return Bookmark{ID: m.ID, Camera: c.Name, At: moment(c.Timeline, m.From), Note: m.Text, Created: m.Created}
}

func pinOf(c Camera, m media.Mark) Pin {
	return Pin{ID: m.ID, Camera: c.Name, From: moment(c.Timeline, m.From), To: moment(c.Timeline, m.Until), Note: m.Text, Created: m.Created}
}

func (s *Server) getBookmarks(w http.ResponseWriter, r *http.Request) error {
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	from, to, err := s.span(r.URL.Query(), c.Timeline)
	if err != nil {
		return err
	}
	out := Bookmarks{Bookmarks: []Bookmark{}}
	for _, m := range c.Timeline.Marks(media.Bookmark) {
		if from.given && (from.after || m.From.Before(from.pos)) || to.given && !to.after && !m.From.Before(to.pos) {
			continue
		}
		out.Bookmarks = append(out.Bookmarks, bookmarkOf(c, m))
	}
	return replyTagged(w, r, out)
}

func (s *Server) getPins(w http.ResponseWriter, r *http.Request) error {
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	out := Pins{Pins: []Pin{}}
	for _, m := range c.Timeline.Marks(media.Pin) {
		out.Pins = append(out.Pins, pinOf(c, m))
	}
	return replyTagged(w, r, out)
}

func (s *Server) postBookmark(w http.ResponseWriter, r *http.Request) error {
	return s.postMark(w, r, media.Bookmark)
}

func (s *Server) postPin(w http.ResponseWriter, r *http.Request) error {
	return s.postMark(w, r, media.Pin)
}

func (s *Server) postMark(w http.ResponseWriter, r *http.Request, kind media.MarkKind) error {
	var in markBody
	c, err := s.asked(w, r, &in, &in.Camera)
	if err != nil {
		return err
	}
	m := media.Mark{Kind: kind, Who: client(r)}
	if err := s.fill(&m, in, c, true); err != nil {
		return err
	}
	if m, err = c.Timeline.AddMark(m); err != nil {
		return markError(err)
	}
	return reply(w, http.StatusCreated, markOf(c, m))
}

func (s *Server) patchBookmark(w http.ResponseWriter, r *http.Request) error {
	return s.patchMark(w, r, media.Bookmark)
}

func (s *Server) patchPin(w http.ResponseWriter, r *http.Request) error {
	return s.patchMark(w, r, media.Pin)
}

func (s *Server) patchMark(w http.ResponseWriter, r *http.Request, kind media.MarkKind) error {
	var in markBody
	c, err := s.asked(w, r, &in, &in.Camera)
	if err != nil {
		return err
	}
	id, err := markID(r, kind)
	if err != nil {
		return err
	}
	if in.At == nil && in.From == nil && in.To == nil && in.Note == nil {
		return badRequest("nothing is to be changed; name what is, as in {\"note\": \"…\"}")
	}
	change := media.Mark{Kind: kind}
	if err := s.fill(&change, in, c, false); err != nil {
		return err
	}
	m, err := c.Timeline.EditMark(kind, id, func(m *media.Mark) {
		if in.Note != nil {
			m.Text = change.Text
		}
		if change.From.Run != 0 {
			m.From = change.From
		}
		if change.Until.Run != 0 {
			m.Until = change.Until
		}
	})
	if err != nil {
		return markError(err)
	}
	return reply(w, http.StatusOK, markOf(c, m))
}

func (s *Server) deleteBookmark(w http.ResponseWriter, r *http.Request) error {
	return s.deleteMark(w, r, media.Bookmark)
}

func (s *Server) deletePin(w http.ResponseWriter, r *http.Request) error {
	return s.deleteMark(w, r, media.Pin)
}

func (s *Server) deleteMark(w http.ResponseWriter, r *http.Request, kind media.MarkKind) error {
	if err := ours(r); err != nil {
		return err
	}
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	id, err := markID(r, kind)
	if err != nil {
		return err
	}
	if err := c.Timeline.DeleteMark(kind, id); err != nil {
		return markError(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// markOf is a bookmark or pin as it is answered.
func markOf(c Camera, m media.Mark) any {
	if m.Kind == media.Pin {
		return pinOf(c, m)
	}
	return bookmarkOf(c, m)
}

// fill puts what a request gives into a mark; all: everything that its kind has is needed.
func (s *Server) fill(m *media.Mark, in markBody, c Camera, all bool) error {
	pin := m.Kind == media.Pin
	switch {
	case pin && in.At != nil:
		return badRequest("at: a pin has from and to")
	case !pin && (in.From != nil || in.To != nil):
		return badRequest("from, to: a bookmark has at")
	case all && pin && (in.From == nil || in.To == nil):
		return badRequest("from and to are needed, as in {\"from\": \"10:15\", \"to\": \"10:30\"}")
	case all && !pin && in.At == nil:
		return badRequest("at is needed, as in {\"at\": \"10:15\"}")
	}
	if in.Note != nil {
		if len(*in.Note) > noteMost {
			return badRequest("note: it has %d bytes, at most %d are taken", len(*in.Note), noteMost)
		}
		m.Text = strings.TrimSpace(*in.Note)
	}
	for _, x := range []struct {
		name string
		v    *string
		to   *media.Position
	}{{"at", in.At, &m.From}, {"from", in.From, &m.From}, {"to", in.To, &m.Until}} {
		if x.v == nil {
			continue
		}
		p, err := s.given(c, x.name, *x.v)
		if err != nil {
			return err
		}
		*x.to = p
	}
	return nil
}

// noteMost is the most bytes that a note or name may have.
const noteMost = 4096

// given is a moment that a request gives; one behind everything is the newest.
func (s *Server) given(c Camera, name, v string) (media.Position, error) {
	e, err := s.edge(url.Values{name: {v}}, c.Timeline, name)
	if err != nil {
		return media.Position{}, err
	}
	newest, ok := c.Timeline.Newest()
	switch {
	case !e.given:
		return e.pos, badRequest("parameter %s: want a position or a time", name)
	case !ok:
		return e.pos, notFound("nothing is recorded yet")
	case e.after:
		return newest, nil
	}
	return e.pos, nil
}

// asked decodes a request's body into v, as body does. The camera is the one whose name the
// body has put at name, else that of the query.
func (s *Server) asked(w http.ResponseWriter, r *http.Request, v any, name *string) (Camera, error) {
	if err := body(w, r, v); err != nil {
		return Camera{}, err
	}
	if *name == "" {
		return s.camera(r)
	}
	if c, ok := s.named(*name); ok {
		return c, nil
	}
	return Camera{}, notFound("camera: there is no %q", *name)
}

func markID(r *http.Request, kind media.MarkKind) (uint64, error) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0, notFound("there is no %v %q", kind, r.PathValue("id"))
	}
	return id, nil
}

// markError is the answer to a mark that cannot be kept, changed or deleted.
func markError(err error) error {
	var invalid *timeline.InvalidMarkError
	switch {
	case errors.As(err, &invalid):
		return badRequest("%s", invalid.Why)
	case errors.Is(err, timeline.ErrNoMark):
		return notFound("there is no such thing (any more)")
	case errors.Is(err, timeline.ErrReadOnly):
		return readOnly()
	}
	return err
}

// client names who asks, for what is kept of it.
func client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil { // the socket of this machine
		return "this machine"
	}
	return cmp.Or(host, "this machine")
}

// replyTagged is reply with a tag of the content: who has it already is told so,
// and nothing else. A list may be asked for every second.
func replyTagged(w http.ResponseWriter, r *http.Request, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	tag := fmt.Sprintf(`"%08x-%x"`, crc32.ChecksumIEEE(b), len(b))
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	if matches(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return reply(w, http.StatusOK, v)
}
