package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	since, resumes, err := sinceOf(r)
	if err != nil {
		return err
	}
	leave, err := take(w, s.feeds, "follow the captions")
	if err != nil {
		return err
	}
	defer leave()
	var feed *timeline.CaptionFeed
	if resumes {
		feed = c.Timeline.CaptionFeedSince(min(since, c.Timeline.LastCaption()))
	} else {
		feed = c.Timeline.CaptionFeed()
	}
	defer feed.Close()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // for a proxy in front
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	out := &paced{w: w, rc: http.NewResponseController(w), patience: s.patience}
	stream := func(text string) error {
		if _, err := io.WriteString(out, text); err != nil {
			return err
		}
		return out.rc.Flush()
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	f := follower{feed, r.URL.Query().Get("language"), c.Timeline, s.beat, stream}
	return gone(f.follow(ctx))
}

// sinceOf is the number of the last caption that the client has; given: it wants
// those after it, and not only what is new.
func sinceOf(r *http.Request) (id uint64, given bool, err error) {
	since := r.Header.Get("Last-Event-ID")
	if since == "" {
		since = r.URL.Query().Get("since")
	}
	if since == "" {
		return 0, false, nil
	}
	if id, err = strconv.ParseUint(since, 10, 64); err != nil {
		return 0, false, badRequest("parameter since: %.80q is not a caption's number", since)
	}
	return id, true, nil
}

// follower is a client of live captions.
type follower struct {
	feed     *timeline.CaptionFeed
	language string // that it wants; empty: any
	t        Timeline
	beat     time.Duration
	stream   func(string) error // writes and flushes
}

// follow writes events until the client, the recorder or ctx ends.
func (f follower) follow(ctx context.Context) error {
	if err := f.stream("retry: 2000\n\n"); err != nil {
		return err
	}
	last := time.Now() // that anything was written
	for {
		wait, cancel := context.WithDeadline(ctx, last.Add(f.beat))
		e, err := f.feed.Next(wait)
		cancel()
		switch {
		case ctx.Err() != nil || errors.Is(err, timeline.ErrEnd):
			return nil
		case errors.Is(err, context.DeadlineExceeded):
			if err := f.stream(": still here\n\n"); err != nil {
				return err
			}
			last = time.Now()
			continue
		case err != nil:
			return err
		}
		text, err := f.text(e)
		if err == nil && text != "" {
			err, last = f.stream(text), time.Now()
		}
		if err != nil {
			return err
		}
	}
}

// text is an event as it goes over the wire; empty: not for this client.
func (f follower) text(e timeline.CaptionEvent) (string, error) {
	missed := ""
	if e.Missed > 0 {
		missed = fmt.Sprintf("event: missed\ndata: %d\n\n", e.Missed)
	}
	of := e.Caption.Language
	if e.Kind == timeline.CaptionsDeleted {
		of = e.Range.Language // empty: any
	}
	if f.language != "" && of != "" && of != f.language {
		return missed, nil
	}
	name, id := "edited", ""
	var data any
	switch e.Kind {
	case timeline.CaptionsDeleted:
		name, data = "deleted", f.gone(e.Range)
	case timeline.CaptionPartial:
		name, data = "partial", captionOf(f.t, e.Caption)
	case timeline.CaptionFinal:
		name, id, data = "final", fmt.Sprintf("id: %d\n", e.Caption.ID), captionOf(f.t, e.Caption)
	default:
		data = captionOf(f.t, e.Caption)
	}
	b, err := json.Marshal(data)
	if err != nil {
		return "", err
	}
	return missed + "event: " + name + "\n" + id + "data: " + string(b) + "\n\n", nil
}

func (f follower) gone(r timeline.CaptionRange) CaptionsGone {
	g := CaptionsGone{From: moment(f.t, r.From), Language: r.Language}
	if r.Until.Run > 0 {
		until := moment(f.t, r.Until)
		g.Until = &until
	}
	return g
}
