package web

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Frames is what /api/v1/frames answers: the frames of a range, in the order in
// which they are shown.
type Frames struct {
	Camera string  `json:"camera"`
	Frames []Frame `json:"frames"`
	Next   *string `json:"next"` // parameter from of the next page; null: this is the last
}

// Frame is one picture of a camera.
type Frame struct {
	// At is when it is shown. Its position is rounded up to whole milliseconds, so that
	// the snapshot at that position is this frame and not the one before.
	At    Moment `json:"at"`
	Key   bool   `json:"key"`   // it is decoded without any other
	Bytes int    `json:"bytes"` // as recorded
	Track uint16 `json:"track"`
}

// limits of a list of frames.
const (
	framePage  = 1000
	frameMost  = 10_000
	frameLists = 4 // made at once
	frameWork  = 20 * time.Second
)

// frameMoment is a moment whose position, taken as at, from or to, means a frame.
func frameMoment(t Timeline, p media.Position) Moment {
	m := moment(t, p)
	m.Position = above(p)
	return m
}

func (s *Server) getFrames(w http.ResponseWriter, r *http.Request) error {
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	from, to, err := s.span(r.URL.Query(), c.Timeline)
	if err != nil {
		return err
	}
	limit, err := wholeOf(r.URL.Query(), "limit", 1, frameMost, framePage)
	if err != nil {
		return err
	}
	out := Frames{Camera: c.Name, Frames: []Frame{}}
	if from.after {
		return reply(w, http.StatusOK, out)
	}
	leave, err := take(w, s.lists, "lists of frames are being made")
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), frameWork)
	defer cancel()
	l := newLister(c.Timeline, exact(from), exact(to), limit)
	if err := l.read(ctx); errors.Is(err, context.DeadlineExceeded) {
		return tooSlow(w, "the list takes more than %v; ask for a shorter range", frameWork)
	} else if err != nil {
		return err
	}
	for _, f := range l.out {
		out.Frames = append(out.Frames, Frame{frameMoment(c.Timeline, f.at), f.key, f.bytes, f.track})
	}
	if l.more != nil {
		next := above(l.more.at)
		out.Next = &next
	}
	return reply(w, http.StatusOK, out)
}

// exact is the edge for frames: a position in whole milliseconds means the frame
// whose time it is when that is rounded up.
func exact(e edge) media.Position {
	if e.given && e.wall.IsZero() {
		e.pos.Time -= time.Millisecond - 1
	}
	return e.pos
}

// lister collects the frames that are shown in [from, to), up to limit.
type lister struct {
	t        Timeline
	from, to media.Position
	limit    int
	video    map[uint16]bool

	out     []listed
	more    *listed  // the first one beyond limit
	waiting []listed // of one run, shown in this order, maybe after some that follow
}

// listed is a frame without what it shows.
type listed struct {
	at    media.Position
	key   bool
	bytes int
	track uint16
}

func newLister(t Timeline, from, to media.Position, limit int) *lister {
	l := &lister{t: t, from: from, to: to, limit: limit, video: map[uint16]bool{}}
	for _, tr := range t.Tracks() {
		l.video[tr.ID] = tr.Kind == media.Video && tr.Role == media.Main
	}
	return l
}

// read goes through what is recorded. Nothing is decoded, but every unit is read, as
// the store keeps no list of them.
func (l *lister) read(ctx context.Context) error {
	open := l.from
	open.Time = max(0, open.Time-time.Second) // what is shown at from may have been decoded before it
	c, err := l.t.At(open, timeline.Selection{})
	if err != nil {
		return err
	}
	defer c.Close()
	for l.more == nil {
		item, err := c.NextNow(ctx)
		if errors.Is(err, timeline.ErrEnd) {
			break
		}
		if err != nil {
			return err
		}
		slack := time.Second // of sound, which may come before a picture of the same time
		if l.video[item.Track] {
			slack = 0
		}
		if item.Run > l.to.Run || item.Run == l.to.Run && item.DTS-slack >= l.to.Time {
			break
		}
		if l.video[item.Track] {
			l.add(item)
		}
	}
	l.flush(len(l.waiting))
	return nil
}

// add puts a frame among those that wait, and takes those that nothing can precede any more:
// what is decoded later is shown later.
func (l *lister) add(item timeline.Item) {
	if len(l.waiting) > 0 && l.waiting[0].at.Run != item.Run {
		l.flush(len(l.waiting))
	}
	f := listed{item.Position(), item.IsKey(), len(item.Payload), item.Track}
	i, _ := slices.BinarySearchFunc(l.waiting, f, func(a, b listed) int { return cmp.Compare(a.at.Time, b.at.Time) })
	l.waiting = slices.Insert(l.waiting, i, f)
	n := 0
	for n < len(l.waiting) && l.waiting[n].at.Time <= item.DTS {
		n++
	}
	l.flush(n)
}

// flush takes the first n that wait into the list, if they lie in the range.
func (l *lister) flush(n int) {
	for _, f := range l.waiting[:n] {
		switch {
		case f.at.Before(l.from) || !f.at.Before(l.to) || l.more != nil:
		case len(l.out) == l.limit:
			l.more = &f
		default:
			l.out = append(l.out, f)
		}
	}
	l.waiting = slices.Delete(l.waiting, 0, n)
}
