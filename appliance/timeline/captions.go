package timeline

import (
	"errors"
	"fmt"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// What consumers of captions speak of; package store says what each means.
type (
	CaptionQuery  = store.CaptionQuery
	CaptionMark   = store.CaptionMark
	CaptionRange  = store.CaptionRange
	CaptionSearch = store.CaptionSearch
	HeardQuery    = store.HeardQuery
)

// What goes wrong with captions; see package store.
var (
	ErrNoCaption = store.ErrNoCaption
	ErrNoText    = store.ErrNoText
	ErrDamaged   = store.ErrDamaged
	ErrReadOnly  = store.ErrReadOnly
)

// MarkOf is a caption's place in the order of a CaptionQuery.
func MarkOf(c media.Caption) CaptionMark { return store.MarkOf(c) }

// Caption is a caption and when it was spoken.
type Caption struct {
	media.Caption
	Wall    time.Time // of Start, UTC; zero when nothing dates its run
	Trusted bool
}

// Hit is a caption that a search found.
type Hit struct {
	Caption
	Matches []store.Match // where each word or phrase asked for stands; see store.Hit
	At      time.Duration // media time of the first of them
}

// dateCaption adds the wall time.
func (t *Timeline) dateCaption(c media.Caption) Caption {
	wall, trusted := t.Wall(c.Position())
	return Caption{c, wall, trusted}
}

func (t *Timeline) dateCaptions(cs []media.Caption) []Caption {
	out := make([]Caption, len(cs))
	for i, c := range cs {
		out[i] = t.dateCaption(c)
	}
	return out
}

// AddCaptions keeps final captions, and how far recognition has come, durably,
// and then tells every feed. It waits for the disk; Append and the cursors do not wait for it.
func (t *Timeline) AddCaptions(cs []media.Caption, heard ...media.HeardSpan) ([]media.Caption, error) {
	t.spoken.writing.Lock()
	defer t.spoken.writing.Unlock()
	added, err := t.o.Store.AddCaptions(cs, heard...)
	if err != nil {
		return nil, t.captionError(err)
	}
	t.tell(CaptionFinal, added...)
	return added, nil
}

// ReplaceCaptions keeps captions in the place of those of r; see store.Captions.
func (t *Timeline) ReplaceCaptions(r CaptionRange, cs []media.Caption, heard ...media.HeardSpan) (added []media.Caption, removed int, err error) {
	t.spoken.writing.Lock()
	defer t.spoken.writing.Unlock()
	added, removed, err = t.o.Store.ReplaceCaptions(r, cs, heard...)
	if err != nil {
		return nil, 0, t.captionError(err)
	}
	t.spoken.put(CaptionEvent{Kind: CaptionsDeleted, Range: r})
	t.tell(CaptionFinal, added...)
	return added, removed, nil
}

// EditCaption changes what a caption shows, and keeps what was recognised; see store.Captions.
func (t *Timeline) EditCaption(id uint64, text, who string) (Caption, error) {
	t.spoken.writing.Lock()
	defer t.spoken.writing.Unlock()
	c, err := t.o.Store.EditCaption(id, text, who)
	if err != nil {
		return Caption{}, t.captionError(err)
	}
	t.tell(CaptionEdited, c)
	return t.dateCaption(c), nil
}

// DeleteCaptions deletes the captions of r and returns how many there were.
func (t *Timeline) DeleteCaptions(r CaptionRange) (int, error) {
	t.spoken.writing.Lock()
	defer t.spoken.writing.Unlock()
	n, err := t.o.Store.DeleteCaptions(r)
	if n > 0 {
		t.spoken.put(CaptionEvent{Kind: CaptionsDeleted, Range: r})
	}
	return n, t.captionError(err)
}

// captionError says which camera it was.
func (t *Timeline) captionError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("timeline: camera %s: %w", t.o.Camera, err)
}

// Captions returns the captions that q asks for, of all months and segments, by
// start. When some cannot be read it returns the others with an error that wraps store.ErrDamaged.
func (t *Timeline) Captions(q CaptionQuery) ([]Caption, error) {
	cs, err := t.o.Store.Captions(q)
	return t.dateCaptions(cs), t.captionError(err)
}

// LastCaption is the highest number ever given to a caption; 0: none was.
func (t *Timeline) LastCaption() uint64 { return t.o.Store.LastCaption() }

// SearchCaptions finds text.
func (t *Timeline) SearchCaptions(s CaptionSearch) ([]Hit, error) {
	found, err := t.o.Store.SearchCaptions(s)
	hits := make([]Hit, len(found))
	for i, h := range found {
		hits[i] = Hit{t.dateCaption(h.Caption), h.Matches, h.Start()}
	}
	return hits, t.captionError(err)
}

// Between bounds a query by wall times, as Position maps them; a zero time is no bound.
func (t *Timeline) Between(q CaptionQuery, from, until time.Time) CaptionQuery {
	after := media.Position{Run: t.run + 1} // nothing is there
	if !from.IsZero() {
		p, ok := t.Position(from)
		if !ok {
			p = after
		}
		q.From = p
	}
	if !until.IsZero() {
		if p, ok := t.Position(until); ok {
			q.Until = p
		}
	}
	return q
}

// SetHeard says how far recognition has come.
func (t *Timeline) SetHeard(spans ...media.HeardSpan) error {
	return t.captionError(t.o.Store.SetHeard(spans...))
}

// Heard returns what was said of it.
func (t *Timeline) Heard(q HeardQuery) []media.HeardSpan { return t.o.Store.Heard(q) }

// CaptionReplay gives captions to a consumer that replays media, merged by
// start. One goroutine uses it. It reads a page at a time; what is kept later than the consumer
// passes by is not given: near the live end a CaptionFeed is the better source.
type CaptionReplay struct {
	t     *Timeline
	q     CaptionQuery
	page  []media.Caption
	ahead media.Position // everything that begins before it was read
}

const (
	replayPage  = 64
	replayAhead = time.Second
)

// CaptionReplay begins with what is shown at from. Of q it takes language, model and track.
func (t *Timeline) CaptionReplay(from media.Position, q CaptionQuery) *CaptionReplay {
	q.From, q.After, q.Newest, q.Limit = from, CaptionMark{}, false, replayPage
	return &CaptionReplay{t: t, q: q}
}

// Until returns the captions that begin at or before p and were not returned
// before; p does not fall. An error that is not store.ErrDamaged loses nothing: ask again.
func (r *CaptionReplay) Until(p media.Position) (out []Caption, err error) {
	for {
		for len(r.page) > 0 && !p.Before(r.page[0].Position()) {
			out = append(out, r.t.dateCaption(r.page[0]))
			r.page = r.page[1:]
		}
		if len(r.page) > 0 || p.Before(r.ahead) {
			return out, err
		}
		r.q.Until = media.Position{Run: p.Run, Time: p.Time + replayAhead}
		page, e := r.t.o.Store.Captions(r.q)
		if e != nil {
			err = r.t.captionError(e)
			if !errors.Is(e, store.ErrDamaged) {
				return out, err
			}
		}
		r.page = page
		if n := len(page); n > 0 {
			r.q.After = store.MarkOf(page[n-1])
		}
		if len(page) < replayPage {
			r.ahead = r.q.Until
		}
	}
}
