package export

import (
	"context"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Timeline is what an export reads. Of makes one from the real thing.
type Timeline interface {
	// Open is timeline.Timeline.At with all tracks.
	Open(p media.Position) (Cursor, error)
	// Tracks, Map, Wall and Position: see timeline.Timeline.
	Tracks() []media.Track
	Map() *timeline.Map
	Wall(p media.Position) (t time.Time, trusted bool)
	Position(wall time.Time) (p media.Position, ok bool)
}

// Cursor yields units in commit order; see timeline.Cursor.
type Cursor interface {
	Next(ctx context.Context) (timeline.Item, error)
	Live() bool
	Close()
}

// Of makes a Timeline of the real one.
func Of(t *timeline.Timeline) Timeline { return whole{t} }

type whole struct{ *timeline.Timeline }

// Open opens a cursor over all tracks.
func (w whole) Open(p media.Position) (Cursor, error) { return w.At(p, timeline.Selection{}) }
