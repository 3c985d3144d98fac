package rtsp

import (
	"context"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Cursor is one reader's position on a Timeline. One goroutine uses it at a
// time; Close may be called by another.
type Cursor interface {
	Next(ctx context.Context) (timeline.Item, error)
	Close()
}

// Timeline is what is served: the part of *timeline.Timeline that sessions need.
type Timeline interface {
	Live(s timeline.Selection) Cursor
	Current() []media.Track
	Tracks() []media.Track
	Wall(p media.Position) (time.Time, bool)
	Newest() (media.Position, bool)
}

// Of makes a Timeline of the real one.
func Of(t *timeline.Timeline) Timeline { return real{t} }

type real struct{ *timeline.Timeline }

func (r real) Live(s timeline.Selection) Cursor { return r.Timeline.Live(s) }
