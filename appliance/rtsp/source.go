package rtsp

import (
	"context"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Cursor is one reader's position on a Timeline; see timeline.Cursor. One
// goroutine uses it at a time; Close may be called by another.
type Cursor interface {
	Next(ctx context.Context) (timeline.Item, error)
	NextNow(ctx context.Context) (timeline.Item, error)
	PrevKey(ctx context.Context) (timeline.Item, error)
	Live() bool
	Close()
}

// Timeline is what is served: the part of *timeline.Timeline that sessions need.
type Timeline interface {
	Live(s timeline.Selection) Cursor
	At(p media.Position, s timeline.Selection) (Cursor, error)
	Current() []media.Track
	Tracks() []media.Track
	Map() *timeline.Map
	Run() media.Run
	Oldest() (media.Position, bool)
	Newest() (media.Position, bool)
	Position(wall time.Time) (media.Position, bool)
	Back(now, d time.Duration) media.Position
	Wall(p media.Position) (time.Time, bool)
}

// Of makes a Timeline of the real one.
func Of(t *timeline.Timeline) Timeline { return real{t} }

type real struct{ *timeline.Timeline }

func (r real) Live(s timeline.Selection) Cursor { return r.Timeline.Live(s) }

func (r real) At(p media.Position, s timeline.Selection) (Cursor, error) { return r.Timeline.At(p, s) }
