// Package snapshot makes a JPEG image of the picture that a camera showed at a
// moment: exactly that frame, decoded from the key frame before it.
//
// Find looks the frame up, without decoding anything; Frame.JPEG decodes it. Nothing is
// concealed: a frame that cannot be decoded without fault is an error.
package snapshot

import (
	"context"
	"fmt"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Timeline is what a frame is looked up in. Of makes one from the real thing.
type Timeline interface {
	// Open is timeline.Timeline.At with all tracks.
	Open(p media.Position) (Cursor, error)
	// Tracks, Map, Wall and Oldest: see timeline.Timeline.
	Tracks() []media.Track
	Map() *timeline.Map
	Wall(p media.Position) (t time.Time, trusted bool)
	Oldest() (p media.Position, ok bool)
}

// Cursor yields units in commit order, and key frames backward; see timeline.Cursor.
type Cursor interface {
	NextNow(ctx context.Context) (timeline.Item, error)
	PrevKey(ctx context.Context) (timeline.Item, error)
	Close()
}

// Of makes a Timeline of the real one.
func Of(t *timeline.Timeline) Timeline { return whole{t} }

type whole struct{ *timeline.Timeline }

// Open opens a cursor over all tracks: sound says how far the recording has come
// where there is no picture.
func (w whole) Open(p media.Position) (Cursor, error) { return w.At(p, timeline.Selection{}) }

// Nothing says that no frame is kept at or before a moment.
type Nothing struct {
	At     media.Position
	Oldest time.Time // wall time (UTC) of the oldest moment kept; zero: nothing is
}

// Error is one line.
func (n *Nothing) Error() string {
	if n.Oldest.IsZero() {
		return "no picture is recorded yet"
	}
	return fmt.Sprintf("no picture is recorded at or before that moment; the recording begins at %s", n.Oldest.Format(time.RFC3339))
}

// Near is when there is recording around the moment: none before it, and the oldest.
func (n *Nothing) Near() (before, after time.Time) { return time.Time{}, n.Oldest }
