package player

import (
	"context"
	"time"

	"hindsight/media"
)

// Source is one camera as one connection sees it: its history and its live end.
// Its times are recorded time from an origin of its own. Hello is called once and
// first; then Open and Edge may be called by different goroutines.
type Source interface {
	// Hello freezes the origin of recorded time: the oldest moment kept then is 0.
	Hello() Hello
	// Open opens a reader at a moment, or, where nothing was recorded then, at the
	// next one that was; after all that was recorded it is the live end. It does not wait
	// for anything to be recorded. A *Missing says why there is nothing to open, for the person
	// who asked; after any other error the connection is over.
	Open(ctx context.Context, at Moment, m Manner) (Reader, error)
	// Edge is the live end as far as it is known. It does not wait.
	Edge() Edge
}

// Reader yields units in commit order. One goroutine uses it at a time; Close may be called from any.
type Reader interface {
	// Landing is where the reader was opened.
	Landing() Landing
	// Tracks are those of the moment reached, at most one of each kind; Config is up to date.
	Tracks() []media.Track
	// Next yields the next unit. At the live end it waits for one; io.EOF: nothing more
	// comes, ever. After ctx's error it may be called again, and nothing was lost.
	//
	// The first picture is a key frame. Sound that is over before it begins is left out.
	Next(ctx context.Context) (Item, error)
	// Live reports whether the reader has caught up with the live end.
	Live() bool
	Close()
}

// Item is what a reader yields.
type Item struct {
	media.Unit // DTS is recorded time of the source, from 0

	// Point is that of the unit: set on the first item, and on every one behind a
	// discontinuity; between two points true time runs as recorded time does.
	Point *Point
	// Gap is what was passed over, where it is known; only with a Point.
	Gap *Gap
	// Tracks, if not nil, replace those known so far, from this item on.
	Tracks []media.Track
	// Soon is as in Landing; only with Tracks.
	Soon []media.Kind
	// Holes, if not nil, are the kinds that the recording lacks from this item on,
	// and why; empty: nothing is missing any more. A source that does not know leaves it nil.
	Holes map[media.Kind]media.Reason
}

// Manner is how a reader goes. Both as false: everything, forward.
type Manner struct {
	Keys bool // only pictures that can be shown without an earlier one, and no sound
	Back bool // in falling time; only with Keys
}

// Place says how a Moment is given.
type Place uint8

// The ways to give a moment.
const (
	AtLive     Place = iota // the live end
	AtPosition              // Moment.Position
	AtTime                  // Moment.Time
	AtRecorded              // Moment.Recorded
)

// Moment is what a seek asks for. Only the field that Place names counts.
type Moment struct {
	Place    Place
	Position media.Position
	Time     time.Time
	Recorded time.Duration // of the source, from 0; what lies outside is moved inside
}

// Point ties recorded time to the true one.
type Point struct {
	Recorded time.Duration // of the source
	Position media.Position
	Time     time.Time // UTC
	Trusted  bool      // whether Time can be relied on
}

// After is the point so long after p, if nothing is missing in between.
func (p Point) After(d time.Duration) Point {
	p.Recorded += d
	p.Position.Time += d
	p.Time = p.Time.Add(d)
	return p
}

// Gap is a stretch without recording that was passed over.
type Gap struct {
	Kind        media.Kind // what is missing; 0: everything
	Reason      media.Reason
	Detail      string // one line for a person; may be empty
	From, Until time.Time
	Length      time.Duration // true time; 0: not known
}

// Landing is where a reader was opened.
type Landing struct {
	// Point is the first unit that comes: the key frame at or before Asked where there is a picture.
	Point Point
	// Asked is the moment to show: the one asked for, moved out of a gap.
	Asked Point
	// Gap is the one that was asked for and passed over; nil: none was.
	Gap  *Gap
	Live bool // the live end
	// Soon are kinds that are not among the tracks and most likely come within a second or
	// so: what is recorded has only just begun.
	Soon []media.Kind
}

// Hello is what a source says of itself.
type Hello struct {
	Camera  string
	Length  time.Duration // recorded time of everything kept
	Oldest  *Point        // nil: nothing is recorded yet
	Foreign bool          // an RTSP server that is no Hindsight: only what RTSP alone allows
}

// Edge is the live end.
type Edge struct {
	Point     *Point // of the newest unit; nil: nothing is recorded yet
	Recording bool   // units arrive
	Frozen    bool   // the camera is there and gives no new picture
}

// Missing says why there is nothing at a moment, in one sentence for a person.
type Missing struct{ Text string }

// Error is the sentence.
func (m *Missing) Error() string { return m.Text }
