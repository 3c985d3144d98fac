package export

import (
	"context"
	"errors"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// longestFrame is how long a picture may have stood for an edge to be moved to
// its beginning. Of a camera slower than that the edge cuts the picture instead.
const longestFrame = 250 * time.Millisecond

// snap moves an edge to the instant in which the picture on the screen then was
// first shown. So a file holds whole pictures, as many as the range is long, and
// two files that meet neither share a picture nor miss one. Where no picture is
// cut by p, since there is none, none follows, or it stands too long, it is p.
func snap(ctx context.Context, tl Timeline, m *timeline.Map, p media.Position, wait time.Duration) (media.Position, error) {
	if !inside(m, p) || pictureLost(m, p) {
		return p, nil
	}
	c, err := open(tl, p, wait)
	if err != nil {
		return p, err
	}
	defer c.close()
	video := map[uint16]bool{}
	for _, t := range tl.Tracks() {
		video[t.ID] = t.Kind == media.Video
	}
	shown, next := media.Position{}, false
	for !next {
		item, err := c.next(ctx)
		if errors.Is(err, timeline.ErrEnd) {
			break
		}
		if err != nil {
			return p, err
		}
		if item.Run > p.Run || item.Run == p.Run && item.DTS > p.Time+skew {
			break
		}
		if !video[item.Track] || item.Run != p.Run {
			continue
		}
		if at := item.Position(); !p.Before(at) && shown.Before(at) {
			shown = at
		}
		next = item.DTS > p.Time // what is decoded later is shown later
	}
	if !next || shown.Run != p.Run || p.Time-shown.Time > longestFrame {
		return p, nil
	}
	return shown, nil
}

// Edge is where a file that is asked to begin at p begins, if something is recorded there.
func Edge(ctx context.Context, tl Timeline, p media.Position, o Options) (media.Position, error) {
	return snap(ctx, tl, tl.Map(), p, o.wait())
}

// inside reports whether p lies in recording and not at one of its edges.
func inside(m *timeline.Map, p media.Position) bool {
	for _, s := range m.Spans {
		if s.Run == p.Run && s.From < p.Time && p.Time < s.Until {
			return true
		}
	}
	return false
}
