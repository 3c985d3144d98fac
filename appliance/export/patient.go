package export

import (
	"context"
	"errors"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// patient reads a cursor that may reach the live end, where it waits only a
// moment for what is still on its way: what the file shows is over by then, and
// a camera that was lost may not give anything for hours.
type patient struct {
	cursor Cursor
	wait   time.Duration
	ctx    context.Context // of the Next under way; ended by timer
	cancel context.CancelFunc
	timer  *time.Timer
}

func open(tl Timeline, p media.Position, wait time.Duration) (*patient, error) {
	c, err := tl.Open(p)
	return &patient{cursor: c, wait: wait, cancel: func() {}}, err
}

// next is Cursor.Next, but for ErrEnd after two waits at the live end: one may
// end because this process was not given the time to look.
func (p *patient) next(ctx context.Context) (timeline.Item, error) {
	for waits := 0; ; {
		if p.ctx == nil || p.ctx.Err() != nil {
			p.cancel()
			p.ctx, p.cancel = context.WithCancel(ctx)
			p.timer = time.AfterFunc(p.wait, p.cancel)
		} else {
			p.timer.Reset(p.wait)
		}
		asked := time.Now()
		item, err := p.cursor.Next(p.ctx)
		switch {
		case err == nil:
			return item, nil
		case ctx.Err() != nil || !errors.Is(err, context.Canceled):
			return item, err
		case p.cursor.Live() && time.Since(asked) >= p.wait:
			if waits++; waits == 2 {
				return item, timeline.ErrEnd
			}
		}
		// A slow disk, or a timer set for the unit before: go on.
	}
}

func (p *patient) close() {
	if p.timer != nil {
		p.timer.Stop()
	}
	p.cancel()
	p.cursor.Close()
}
