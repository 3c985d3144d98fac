package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// DeletedRange is what was deleted.
type DeletedRange struct {
	DeletedBytes int64   `json:"deleted_bytes"` // freed on the disk
	From         *Moment `json:"from"`          // of what was recorded there; null: nothing was
	To           *Moment `json:"to"`            // the key frame with which the recording goes on, at or behind the end asked for
	Captions     int     `json:"captions"`      // that went with it
	Bookmarks    int     `json:"bookmarks"`     // that went with it
}

// postDelete deletes a range.
func (s *Server) postDelete(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Camera string `json:"camera"`
		From   string `json:"from"`
		To     string `json:"to"`
		Why    string `json:"why"`
	}
	c, err := s.asked(w, r, &in, &in.Camera)
	if err != nil {
		return err
	}
	if in.From == "" || in.To == "" {
		return badRequest("from and to are needed, as in {\"from\": \"10:15\", \"to\": \"10:30\"}")
	}
	if len(in.Why) > 500 {
		return badRequest("why: it has %d bytes, at most 500 are taken", len(in.Why))
	}
	from, to, err := s.span(url.Values{"from": {in.From}, "to": {in.To}}, c.Timeline)
	if err != nil {
		return err
	}
	if from.after || !from.pos.Before(to.pos) {
		return notFound("nothing is recorded in that range")
	}
	out, err := deleteRange(c, r, from.pos, to.pos, in.Why)
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, out)
}

func deleteRange(c Camera, r *http.Request, from, to media.Position, why string) (DeletedRange, error) {
	detail := "by " + client(r)
	if why = strings.TrimSpace(why); why != "" {
		detail += ": " + why
	}
	d, err := c.Timeline.Delete(r.Context(), from, to, detail)
	var pinned *timeline.PinnedError
	switch {
	case errors.As(err, &pinned):
		p := pinOf(c, pinned.Pin)
		return DeletedRange{}, &failure{http.StatusConflict, fmt.Sprintf("nothing is deleted: pin %d holds %s to %s; delete the pin first", p.ID, p.From.Position, p.To.Position)}
	case errors.Is(err, timeline.ErrReadOnly):
		return DeletedRange{}, readOnly()
	case err != nil:
		return DeletedRange{}, err
	}
	out := DeletedRange{DeletedBytes: d.Bytes, Captions: d.Captions, Bookmarks: d.Bookmarks}
	if d.From != (media.Position{}) {
		a, b := moment(c.Timeline, d.From), moment(c.Timeline, d.Until)
		out.From, out.To = &a, &b
	}
	return out, nil
}

// deleteSession deletes a session, and with media=true what was recorded in it. A run
// loses its name; it stays a session for as long as anything of it is kept.
func (s *Server) deleteSession(w http.ResponseWriter, r *http.Request) error {
	if err := ours(r); err != nil {
		return err
	}
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	x, _, err := s.session(c, r)
	if err != nil {
		return err
	}
	whole := r.URL.Query().Get("media")
	switch {
	case whole != "" && whole != "true" && whole != "false":
		return badRequest("parameter media: %q: want true or false", whole)
	case x.open:
		return &failure{http.StatusConflict, "the session goes on; stop it first"}
	}
	out := DeletedRange{}
	if whole == "true" {
		if out, err = deleteRange(c, r, x.from, x.to, "session deleted"); err != nil {
			return err
		}
	}
	if x.mark.ID != 0 {
		if err := c.Timeline.DeleteMark(media.Session, x.mark.ID); err != nil && !errors.Is(err, timeline.ErrNoMark) {
			return markError(err)
		}
	}
	return reply(w, http.StatusOK, out)
}
