package rtsp

import (
	"context"
	"errors"

	"hindsight/appliance/timeline"
)

// reel yields units in the order in which they are played: forward, or key
// frames backward from the one shown at the beginning.
type reel struct {
	Cursor
	backward bool
	begun    bool
}

// errDone says that what was asked for was played to its end.
var errDone = errors.New("played to the end")

// next yields the next unit, waiting for it at the live end.
func (r *reel) next(ctx context.Context) (timeline.Item, error) {
	if r.backward && r.begun {
		it, err := r.PrevKey(ctx)
		if errors.Is(err, timeline.ErrEnd) {
			err = errDone // the oldest moment
		}
		return it, err
	}
	r.begun = true
	return r.Next(ctx)
}

// ready is next that does not wait.
func (r *reel) ready(ctx context.Context) (it timeline.Item, ok bool, err error) {
	if r.backward {
		it, err = r.next(ctx)
		return it, err == nil, err
	}
	it, err = r.NextNow(ctx)
	if errors.Is(err, timeline.ErrEnd) {
		return it, false, nil // run finds out whether that is for now or for good
	}
	return it, err == nil, err
}
