package store

import (
	"cmp"
	"errors"
	"time"

	"hindsight/media"
)

// ErrNoCaption says that there is no caption of that number (any more).
var ErrNoCaption = errors.New("store: no such caption")

// Captions are what was spoken, kept beside the blocks in the notes. Any
// goroutine may call any method; what writes is durable when it returns.
//
// Captions go with their media: those wholly before the oldest block kept are deleted
// with the segment before it, unless the store was told to keep them longer.
type Captions interface {
	// AddCaptions keeps cs and says at the same moment how far recognition has
	// come: a crash leaves both or neither. It returns cs with their numbers, which
	// rise and are never given again. A caption or span that breaks a rule has all of it refused.
	AddCaptions(cs []media.Caption, heard ...media.HeardSpan) ([]media.Caption, error)
	// ReplaceCaptions does the same, and at the same moment deletes the older captions of r.
	// With r.KeepHand a caption of cs that overlaps one of the same track and language that stays is left out.
	ReplaceCaptions(r CaptionRange, cs []media.Caption, heard ...media.HeardSpan) (added []media.Caption, removed int, err error)
	// EditCaption changes what a caption shows. The recogniser's own text is kept
	// in Original; the same text again takes the change back. who is not empty.
	EditCaption(id uint64, text, who string) (media.Caption, error)
	// DeleteCaptions deletes the captions of r and returns how many there were. A
	// crash or an error may leave a part of them.
	DeleteCaptions(r CaptionRange) (int, error)

	// Captions returns the captions that q asks for. When some cannot be read it
	// returns the others with an error that wraps ErrDamaged.
	Captions(q CaptionQuery) ([]media.Caption, error)
	// CaptionStarts calls fn, once or several times for a run, with when its captions begin, in
	// rising media time. It is quick: nothing of what was said is read. starts is not to be
	// changed. When some cannot be read it gives the others, and an error that wraps ErrDamaged.
	CaptionStarts(fn func(run media.Run, starts []time.Duration)) error
	// CaptionsSince returns the captions numbered above id by number, at most limit (0: 1,000).
	CaptionsSince(id uint64, limit int) ([]media.Caption, error)
	// LastCaption is the highest number ever given; 0: none was.
	LastCaption() uint64
	// SearchCaptions finds text, as CaptionSearch says.
	SearchCaptions(s CaptionSearch) ([]Hit, error)

	// SetHeard says how far recognition has come. A later span counts where it lies over an earlier one.
	SetHeard(spans ...media.HeardSpan) error
	// Heard returns what was said, by run, track, language and time; equal neighbours as one span.
	Heard(q HeardQuery) []media.HeardSpan

	// Anchors are the anchors of a run, also when nothing of it is kept but captions.
	Anchors(run media.Run) media.Anchors
}

// CaptionRange names captions by where they begin.
type CaptionRange struct {
	From, Until media.Position // From <= start < Until; zero Until: everything from From on
	Language    string         // empty: any
	Model       string         // its name; empty: any
	Track       uint16         // 0: any
	KeepHand    bool           // not those that a person wrote or changed
}

// has reports whether c is one of them.
func (r CaptionRange) has(c media.Caption) bool {
	p := c.Position()
	return !p.Before(r.From) && (r.Until == media.Position{} || p.Before(r.Until)) &&
		is(r.Language, c.Language) && is(r.Model, c.Model.Name) && is(r.Track, c.Track) && !(r.KeepHand && c.ByHand())
}

// is reports whether v is wanted, or anything is.
func is[T comparable](want, v T) bool {
	var zero T
	return want == zero || want == v
}

// CaptionQuery asks for captions in the order of their positions, then of their numbers.
type CaptionQuery struct {
	From, Until media.Position // of which any part lies in From <= t < Until; zero Until: to the newest
	Language    string         // empty: any
	Model       string         // its name; empty: any
	Track       uint16         // 0: any
	Newest      bool           // the newest first; else the oldest
	After       CaptionMark    // only what comes behind it in that order; zero: from the first
	Limit       int            // at most so many; 0: all
}

// CaptionMark is a caption's place in the order of a CaptionQuery: the mark of the
// last caption of one page asks for the next.
type CaptionMark struct {
	Position media.Position
	ID       uint64
}

// MarkOf is c's place.
func MarkOf(c media.Caption) CaptionMark { return CaptionMark{c.Position(), c.ID} }

// compare orders marks from the oldest to the newest.
func (m CaptionMark) compare(o CaptionMark) int {
	return cmp.Or(cmp.Compare(m.Position.Run, o.Position.Run), cmp.Compare(m.Position.Time, o.Position.Time), cmp.Compare(m.ID, o.ID))
}

// wants reports whether c is asked for.
func (q CaptionQuery) wants(c media.Caption) bool {
	early := c.Run < q.From.Run || c.Run == q.From.Run && c.Start < q.From.Time && c.End <= q.From.Time
	return !early && q.reaches(MarkOf(c)) &&
		is(q.Language, c.Language) && is(q.Model, c.Model.Name) && is(q.Track, c.Track)
}

// reaches reports whether a caption at m is asked for as far as m can tell.
func (q CaptionQuery) reaches(m CaptionMark) bool {
	return !m.Position.Before(q.earliest()) &&
		(q.Until == media.Position{} || m.Position.Before(q.Until)) &&
		(q.After == CaptionMark{} || q.order(m, q.After) > 0)
}

// earliest is where the first caption may begin that reaches into the range.
func (q CaptionQuery) earliest() media.Position {
	return media.Position{Run: q.From.Run, Time: max(q.From.Time-maxCaption, 0)}
}

// order compares in q's order.
func (q CaptionQuery) order(a, b CaptionMark) int {
	if q.Newest {
		return b.compare(a)
	}
	return a.compare(b)
}

// full reports whether n captions are enough.
func (q CaptionQuery) full(n int) bool { return q.Limit > 0 && n >= q.Limit }

// HeardQuery asks how far recognition has come.
type HeardQuery struct {
	From, Until media.Position // spans of which any part lies in From <= t < Until; zero Until: to the newest
	Track       uint16         // 0: any
	Language    string         // empty: any
	State       media.Heard    // empty: any
}

// wants reports whether s is asked for.
func (q HeardQuery) wants(s media.HeardSpan) bool {
	begin, end := media.Position{Run: s.Run, Time: s.From}, media.Position{Run: s.Run, Time: s.Until}
	return q.From.Before(end) && (q.Until == media.Position{} || begin.Before(q.Until)) &&
		is(q.Track, s.Track) && is(q.Language, s.Language) && is(q.State, s.State)
}

// sinceLimit is how many captions CaptionsSince returns when it is not told.
const sinceLimit = 1000

// maxCaption is the longest that a caption may last: so far before a moment
// begins what is still shown then.
const maxCaption = 5 * time.Minute
