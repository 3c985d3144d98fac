package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Captions is what /api/v1/captions answers.
type Captions struct {
	Camera   string    `json:"camera"`
	Captions []Caption `json:"captions"`
	Next     *string   `json:"next"` // parameter after of the next page; null: this is the last
}

// Caption is a piece of text that was spoken.
type Caption struct {
	ID       uint64       `json:"id"` // 0: it is not kept, for it may change
	Start    Moment       `json:"start"`
	End      Moment       `json:"end"`
	Text     string       `json:"text"` // lines are parted by \n
	Language string       `json:"language"`
	Model    CaptionMaker `json:"model"`
	Track    uint16       `json:"track"`
	Role     media.Role   `json:"role"`
	Words    []Word       `json:"words"`
	Original string       `json:"original"` // the recogniser's text where a person changed it; else empty
	Editor   string       `json:"editor"`   // who changed it; else empty
	Matches  []Match      `json:"matches"`  // where a search found what it asked for
	At       *Moment      `json:"at"`       // of a search: when the first of it was spoken
}

// CaptionMaker is the model that made a caption.
type CaptionMaker struct {
	Name string `json:"name"` // hand: a person did
	Hash string `json:"hash"` // SHA-256 of the model's manifest
}

// Word is a word and when it was spoken.
type Word struct {
	Text       string  `json:"text"`
	Start      Moment  `json:"start"`
	End        Moment  `json:"end"`
	Confidence float32 `json:"confidence"` // 0 to 1, as the recogniser gives it
}

// Match is where in a caption a search found a word or phrase.
type Match struct {
	Text  string `json:"text"`
	From  int    `json:"from"` // UTF-16 code units from the beginning of the caption's text
	To    int    `json:"to"`   // likewise, behind it
	Start Moment `json:"start"`
}

// HeardSpans is what /api/v1/captions/heard answers.
type HeardSpans struct {
	Camera string      `json:"camera"`
	Spans  []HeardSpan `json:"spans"` // by run, track, language and time
}

// HeardSpan says how far recognition has come.
type HeardSpan struct {
	From     Moment      `json:"from"`
	Until    Moment      `json:"until"`
	Track    uint16      `json:"track"`
	Language string      `json:"language"`
	State    media.Heard `json:"state"` // done, pending or off
	Why      string      `json:"why"`
}

// limits of one answer.
const (
	captionPage     = 200
	captionMost     = 1000
	captionSearches = 8 // made at once; the others wait
)

func captionOf(t Timeline, c timeline.Caption) Caption {
	out := Caption{ID: c.ID, Start: moment(t, c.Position()), End: moment(t, media.Position{Run: c.Run, Time: c.End}), Text: c.Text,
		Language: c.Language, Model: CaptionMaker(c.Model), Track: c.Track, Role: c.Role, Words: []Word{},
		Original: c.Original, Editor: c.Editor, Matches: []Match{}}
	for _, w := range c.Words {
		out.Words = append(out.Words, Word{w.Text, moment(t, media.Position{Run: c.Run, Time: w.Start}),
			moment(t, media.Position{Run: c.Run, Time: w.End}), w.Confidence})
	}
	return out
}

func hitOf(t Timeline, h timeline.Hit) Caption {
	out := captionOf(t, h.Caption)
	for _, m := range h.Matches {
		out.Matches = append(out.Matches, Match{h.Text[m.From:m.Until], units(h.Text[:m.From]), units(h.Text[:m.Until]),
			moment(t, media.Position{Run: h.Run, Time: m.Start})})
	}
	at := moment(t, media.Position{Run: h.Run, Time: h.At})
	out.At = &at
	return out
}

// units is how long a text is in UTF-16.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

// captionQuery reads from, to, language and model. none: the range lies after everything.
func (s *Server) captionQuery(r *http.Request, t Timeline) (q timeline.CaptionQuery, none bool, err error) {
	from, to, err := s.span(r.URL.Query(), t)
	if err != nil {
		return q, false, err
	}
	v := r.URL.Query()
	q.Language, q.Model = v.Get("language"), v.Get("model")
	if from.given {
		q.From = textual(t, from)
	}
	if to.given && !to.after {
		q.Until = textual(t, to)
	}
	return q, from.after, nil
}

// textual is where an edge lies among the captions: these may be kept when their
// sound is gone, and a wall time before the oldest sound is one of theirs.
func textual(t Timeline, e edge) media.Position {
	oldest, _ := t.Oldest()
	if wall, _ := t.Wall(oldest); e.wall.IsZero() || !e.wall.Before(wall) {
		return e.pos
	}
	began := func(r media.Run) time.Time {
		w, _ := t.Wall(media.Position{Run: r})
		return w // zero: nothing dates it, since nothing of it is kept
	}
	after := sort.Search(int(oldest.Run), func(i int) bool { return began(media.Run(i + 1)).After(e.wall) })
	for run := media.Run(after); run > 0; run-- {
		if w := began(run); !w.IsZero() {
			p := media.Position{Run: run, Time: e.wall.Sub(w)}
			w, _ = t.Wall(p) // the clock may have been set since
			p.Time = max(p.Time+e.wall.Sub(w), 0)
			return p
		}
	}
	return media.Position{Run: 1}
}

// damaged tells of captions that cannot be read, where the others can.
func (s *Server) damaged(c Camera, err error) {
	s.o.Log.Warn("some captions cannot be read; run `hindsight check`", "camera", c.Name, "error", err)
}

func (s *Server) getCaptions(w http.ResponseWriter, r *http.Request) error {
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	q, none, err := s.captionQuery(r, c.Timeline)
	if err != nil {
		return err
	}
	limit, err := pageOf(r, &q)
	if err != nil {
		return err
	}
	out := Captions{Camera: c.Name, Captions: []Caption{}}
	if none {
		return reply(w, http.StatusOK, out)
	}
	q.Limit = limit + 1
	if out.Captions, out.Next, err = s.captions(r.Context(), c, q, r.URL.Query().Get("search")); err != nil {
		return err
	}
	return reply(w, http.StatusOK, out)
}

// captions are those of q, but one: that there is one more is what next says.
func (s *Server) captions(ctx context.Context, c Camera, q timeline.CaptionQuery, search string) (out []Caption, next *string, err error) {
	select {
	case s.searches <- struct{}{}:
		defer func() { <-s.searches }()
	case <-ctx.Done():
		return nil, nil, gone(ctx.Err())
	}
	out = []Caption{}
	var last, before timeline.CaptionMark
	add := func(x Caption, m timeline.CaptionMark) { out, last, before = append(out, x), m, last }
	if search != "" {
		var hits []timeline.Hit
		hits, err = c.Timeline.SearchCaptions(timeline.CaptionSearch{CaptionQuery: q, Text: search})
		if errors.Is(err, timeline.ErrNoText) {
			return nil, nil, badRequest("parameter search: want at least one letter or digit")
		}
		for _, h := range hits {
			add(hitOf(c.Timeline, h), timeline.MarkOf(h.Caption.Caption))
		}
	} else {
		var cs []timeline.Caption
		cs, err = c.Timeline.Captions(q)
		for _, x := range cs {
			add(captionOf(c.Timeline, x), timeline.MarkOf(x.Caption))
		}
	}
	if err != nil && len(out) == 0 {
		return nil, nil, err
	}
	if err != nil {
		s.damaged(c, err)
	}
	if len(out) == q.Limit {
		mark := markText(before)
		out, next = out[:len(out)-1], &mark
	}
	return out, next, nil
}

// pageOf reads limit, order and after.
func pageOf(r *http.Request, q *timeline.CaptionQuery) (limit int, err error) {
	v := r.URL.Query()
	if limit, err = wholeOf(v, "limit", 1, captionMost, captionPage); err != nil {
		return 0, err
	}
	switch v.Get("order") {
	case "", "oldest":
	case "newest":
		q.Newest = true
	default:
		return 0, badRequest("parameter order: want oldest or newest")
	}
	if s := v.Get("after"); s != "" {
		if q.After, err = parseMark(s); err != nil {
			return 0, badRequest("parameter after: %q is not what next gave", s)
		}
	}
	return limit, nil
}

func markText(m timeline.CaptionMark) string {
	return fmt.Sprintf("%d.%d.%d", m.Position.Run, m.Position.Time, m.ID)
}

func parseMark(s string) (m timeline.CaptionMark, err error) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return m, errors.New("want three numbers")
	}
	run, err1 := strconv.ParseUint(parts[0], 10, 32)
	at, err2 := strconv.ParseInt(parts[1], 10, 64)
	id, err3 := strconv.ParseUint(parts[2], 10, 64)
	if at < 0 {
		err2 = errors.New("below 0")
	}
	return timeline.CaptionMark{Position: media.Position{Run: media.Run(run), Time: time.Duration(at)}, ID: id}, errors.Join(err1, err2, err3)
}

func (s *Server) getHeard(w http.ResponseWriter, r *http.Request) error {
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	q, none, err := s.captionQuery(r, c.Timeline)
	if err != nil {
		return err
	}
	state := media.Heard(r.URL.Query().Get("state"))
	switch state {
	case "", media.HeardDone, media.HeardPending, media.HeardOff:
	default:
		return badRequest("parameter state: want done, pending or off")
	}
	out := HeardSpans{Camera: c.Name, Spans: []HeardSpan{}}
	if none {
		return reply(w, http.StatusOK, out)
	}
	for _, h := range c.Timeline.Heard(timeline.HeardQuery{From: q.From, Until: q.Until, Language: q.Language, State: state}) {
		out.Spans = append(out.Spans, HeardSpan{moment(c.Timeline, media.Position{Run: h.Run, Time: h.From}),
			moment(c.Timeline, media.Position{Run: h.Run, Time: h.Until}), h.Track, h.Language, h.State, h.Why})
	}
	return reply(w, http.StatusOK, out)
}
