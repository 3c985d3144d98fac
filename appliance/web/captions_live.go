package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"hindsight/appliance/timeline"
)

const (
	liveFeeds = 200              // open at once
	liveBeat  = 15 * time.Second // a comment, so that nobody between takes the silence for the end
)

// CaptionsGone is the event that captions were deleted, or replaced by others.
type CaptionsGone struct {
	From     Moment  `json:"from"`
	Until    *Moment `json:"until"`    // null: all from there on
	Language string  `json:"language"` // empty: any
}

func (s *Server) getLiveCaptions(w http.ResponseWriter, r *http.Request) error {
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	feed, err := openFeed(r, c.Timeline)
	if err != nil {
		return err
	}
	defer feed.Close()
	select {
	case s.feeds <- struct{}{}:
		defer func() { <-s.feeds }()
	default:
		w.Header().Set("Retry-After", "10")
		return &failure{http.StatusServiceUnavailable, fmt.Sprintf("%d follow the captions already; try again in a moment", cap(s.feeds))}
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // for a proxy in front
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	rc := http.NewResponseController(w)
	stream := func(text string) error {
		if err := rc.SetWriteDeadline(time.Now().Add(s.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		if _, err := fmt.Fprint(w, text); err != nil {
			return err
		}
		return rc.Flush()
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	return gone(follow(ctx, feed, r.URL.Query().Get("language"), c.Timeline, stream))
}

// openFeed begins behind the caption that the client has, or with the next.
func openFeed(r *http.Request, t Timeline) (*timeline.CaptionFeed, error) {
	since := r.Header.Get("Last-Event-ID")
	if since == "" {
		since = r.URL.Query().Get("since")
	}
	if since == "" {
		return t.CaptionFeed(), nil
	}
	id, err := strconv.ParseUint(since, 10, 64)
	if err != nil {
		return nil, badRequest("parameter since: %q is not a caption's number", since)
	}
	return t.CaptionFeedSince(min(id, t.LastCaption())), nil
}

// follow writes events until the client, the recorder or ctx ends.
func follow(ctx context.Context, feed *timeline.CaptionFeed, language string, t Timeline, stream func(string) error) error {
	if err := stream("retry: 2000\n\n"); err != nil {
		return err
	}
	for {
		wait, cancel := context.WithTimeout(ctx, liveBeat)
		e, err := feed.Next(wait)
		cancel()
		switch {
		case ctx.Err() != nil || errors.Is(err, timeline.ErrEnd):
			return nil
		case errors.Is(err, context.DeadlineExceeded):
			if err := stream(": still here\n\n"); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		text, err := eventText(e, language, t)
		if err == nil && text != "" {
			err = stream(text)
		}
		if err != nil {
			return err
		}
	}
}

// eventText is an event as it goes over the wire; empty: not for this client.
func eventText(e timeline.CaptionEvent, language string, t Timeline) (string, error) {
	name, id := "", ""
	var data any
	switch e.Kind {
	case timeline.CaptionsDeleted:
		if language != "" && e.Range.Language != "" && e.Range.Language != language {
			return "", nil
		}
		g := CaptionsGone{From: moment(t, e.Range.From), Language: e.Range.Language}
		if e.Range.Until.Run > 0 {
			until := moment(t, e.Range.Until)
			g.Until = &until
		}
		name, data = "deleted", g
	default:
		if language != "" && e.Caption.Language != language {
			return "", nil
		}
		data = captionOf(t, e.Caption)
		switch e.Kind {
		case timeline.CaptionPartial:
			name = "partial"
		case timeline.CaptionFinal:
			name, id = "final", fmt.Sprintf("id: %d\n", e.Caption.ID)
		default:
			name = "edited"
		}
	}
	b, err := json.Marshal(data)
	if err != nil {
		return "", err
	}
	missed := ""
	if e.Missed > 0 {
		missed = fmt.Sprintf("event: missed\ndata: %d\n\n", e.Missed)
	}
	return missed + "event: " + name + "\n" + id + "data: " + string(b) + "\n\n", nil
}
