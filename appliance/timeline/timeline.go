// Package timeline puts the tail in memory and the store on disk behind one
// cursor. Live is nothing but the end of the timeline.
//
// One goroutine per track appends; a committer of its own writes a block a
// second; any number of cursors read. Nothing a reader does, or does not do,
// delays an append.
package timeline

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// ErrEnd is what a cursor says at the end of a window, or at the end of a
// timeline that nobody records.
var ErrEnd = errors.New("timeline: end")

// Options make a Timeline.
type Options struct {
	Camera     string
	Store      store.Store
	Clock      media.Clock
	Log        *slog.Logger
	ReadOnly   bool          // never begins a run; the end of the store is ErrEnd
	Commit     time.Duration // a block per this; 0: one second
	Phase      time.Duration // shifts the commits within the second, so that cameras take turns
	TailBytes  int64         // most the tail may hold when the disk refuses; 0: 64 MiB
	TailSpan   time.Duration // what the tail keeps of what is already committed; 0: 10 s
	CacheBytes int64         // most that blocks read from the store may take, shared by all cursors; 0: 16 MiB
}

// Timeline is one camera's timeline, while it is recorded and after.
type Timeline struct{}

// New opens the timeline and, unless ReadOnly, begins a new run.
func New(o Options) (*Timeline, error) { panic("being written") }

// Recording side.

// Run is the run being recorded, or the last one of a timeline that is only read.
func (t *Timeline) Run() media.Run { panic("being written") }

// Media turns a stamp on Clock.Boot into media time of the run being recorded.
// What was captured before the run began gets 0 or less and is refused by Append.
func (t *Timeline) Media(boot time.Duration) time.Duration { panic("being written") }

// Track returns the track to append units of tr to: the newest one with tr's
// kind and role if tr is Same as it, also from an earlier run; else a new one.
func (t *Timeline) Track(tr media.Track) (media.Track, error) { panic("being written") }

// Append puts a unit on the timeline and wakes the cursors. It never waits for
// the disk. A unit whose DTS does not rise is refused with an error.
func (t *Timeline) Append(u media.Unit) error { panic("being written") }

// Lose begins a gap of kind k (0: all) at media time from. Losing what is lost already changes nothing.
func (t *Timeline) Lose(k media.Kind, from time.Duration, why media.Reason, detail string) {
	panic("being written")
}

// Regain ends the open gap of kind k at media time at. Without one it does nothing.
func (t *Timeline) Regain(k media.Kind, at time.Duration) { panic("being written") }

// Anchor adds an anchor to the run being recorded.
func (t *Timeline) Anchor(a media.Anchor) { panic("being written") }

// Sync commits everything appended before the call and returns when it is durable.
func (t *Timeline) Sync(ctx context.Context) error { panic("being written") }

// Close commits everything with the reason why the run ends, ends all cursors
// with ErrEnd and closes the store.
func (t *Timeline) Close(why media.Reason) error { panic("being written") }

// Reading side.

// Item is what a cursor yields: a unit and where it stands.
type Item struct {
	media.Unit
	Run media.Run
	// Jump: between this unit and the one the cursor yielded before lies a gap
	// of everything, the end of a run, or a place that the cursor was moved to.
	Jump bool
}

// Position is where the unit is shown.
func (i Item) Position() media.Position { return media.Position{Run: i.Run, Time: i.PTS()} }

// Selection says which tracks a cursor yields. Empty Kinds: all.
type Selection struct {
	Kinds []media.Kind
	Keys  bool // video key frames only
}

// Cursor is one reader's position. One goroutine uses it at a time.
type Cursor struct{}

// Live opens a cursor at the live end: its first video unit is the newest key
// frame in the tail, with what came after it.
func (t *Timeline) Live(s Selection) *Cursor { panic("being written") }

// At opens a cursor at p: the first video unit is the key frame at or before p,
// sound begins with the unit that sounds at that key frame's time. A p in a gap goes on at the
// next recorded moment, before the first at the first, after the last is the live end.
func (t *Timeline) At(p media.Position, s Selection) (*Cursor, error) { panic("being written") }

// Next yields the next unit in commit order, waiting for it at the live end. It
// returns ErrEnd, ctx's error, or an error of the store that names the block.
func (c *Cursor) Next(ctx context.Context) (Item, error) { panic("being written") }

// NextKey and PrevKey move to the next and the previous video key frame and yield it.
// ErrEnd: there is none on that side (NextKey does not wait), and the cursor has not moved.
func (c *Cursor) NextKey(ctx context.Context) (Item, error) { panic("being written") }

// PrevKey: see NextKey.
func (c *Cursor) PrevKey(ctx context.Context) (Item, error) { panic("being written") }

// Live reports whether the cursor has caught up with the live end.
func (c *Cursor) Live() bool { panic("being written") }

// Skipped counts blocks that this cursor passed over since they were damaged or deleted.
func (c *Cursor) Skipped() int64 { panic("being written") }

// Close frees the cursor; a Next that waits returns ErrEnd.
func (c *Cursor) Close() { panic("being written") }

// Facts.

// Tracks are the tracks of the camera, by ID.
func (t *Timeline) Tracks() []media.Track { panic("being written") }

// Current are the newest tracks of each kind and role in the run being
// recorded (or in the last run), with Config and size brought up to date; what an SDP describes.
func (t *Timeline) Current() []media.Track { panic("being written") }

// Wall is the wall time of a position and whether it is trusted.
func (t *Timeline) Wall(p media.Position) (time.Time, bool) { panic("being written") }

// Position is the position of a wall time: where it exists twice, in the newest
// run; in a gap, the next recorded moment; ok is false after the last one.
func (t *Timeline) Position(wall time.Time) (p media.Position, ok bool) { panic("being written") }

// Oldest and Newest bound what is kept. ok is false when nothing is.
func (t *Timeline) Oldest() (p media.Position, ok bool) { panic("being written") }

// Newest: see Oldest.
func (t *Timeline) Newest() (p media.Position, ok bool) { panic("being written") }

// Map freezes spans, gaps and recorded time as they are now.
func (t *Timeline) Map() *Map { panic("being written") }

// Status is the timeline's part of the appliance's status.
func (t *Timeline) Status() Status { panic("being written") }

// Status counts what happened since the program started and what is kept.
type Status struct {
	Committed    time.Duration // media time up to which everything is on disk
	Uncommitted  time.Duration // how much is only in memory
	TailBytes    int64
	Commits      int64
	CommitErrors int64
	LastError    string        // of the commits; empty again after one that worked
	CommitMax    time.Duration // the slowest commit of the last minute
	Cursors      int
	FileBytes    int64
	MediaBytes   int64
	Units        map[uint16]int64 // appended since the start, by track
	DroppedBytes int64            // lost since the disk refused for longer than the tail could hold
}

// Span is a stretch of one run with recording.
type Span struct {
	Run         media.Run
	From, Until time.Duration // media time
	Recorded    time.Duration // recorded time at From: the lengths of the spans before it
	Wall        time.Time     // wall time of From
	Trusted     bool
}

// Hole is a stretch without recording, inside a run or between two.
type Hole struct {
	Kind        media.Kind     // what is missing; 0: everything
	From, Until media.Position // Until is the zero Position while it lasts
	WallFrom    time.Time
	WallUntil   time.Time // zero while it lasts
	Reason      media.Reason
	Detail      string
}

// Map is the timeline's shape, frozen: it does not change when the timeline grows.
type Map struct {
	Spans []Span // in run order; a stretch in which one kind is missing is still a span
	Holes []Hole // in order of From
	Runs  []store.RunInfo
}

// Recorded is the recorded time of a position: in a gap, that of the next span's start.
func (m *Map) Recorded(p media.Position) time.Duration { panic("being written") }

// At is the position of a recorded time, bounded by the first and last span.
func (m *Map) At(recorded time.Duration) media.Position { panic("being written") }

// Length is the recorded time of everything.
func (m *Map) Length() time.Duration { panic("being written") }
