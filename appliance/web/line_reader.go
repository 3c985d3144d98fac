package web

import (
	"context"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
	"hindsight/player"
)

// lineReader is a cursor with recorded times.
type lineReader struct {
	s       *lineSource
	c       *timeline.Cursor
	manner  player.Manner
	landing player.Landing
	tracks  []media.Track
	known   []media.Track // of the camera, by ID
	ahead   []timeline.Item
	pointed bool // the first point was given

	last   media.Position // of the item before
	offset time.Duration  // of the stretch that it is in
	point  player.Point   // the last one given

	holes   []timeline.Hole // of one kind, in the run
	lacks   map[media.Kind]media.Reason
	looked  media.Position // when holes were looked up
	closed  chan struct{}
	closing sync.Once
}

// How much is read to find the first picture, and how often the holes are looked up.
const (
	mostAhead = 500
	soundLead = 1500 * time.Millisecond
	holesLive = time.Second      // of media time, while the end is read
	holesPast = 10 * time.Second // of media time, in what is over
	redated   = 50 * time.Millisecond

	soonWithin = 2 * time.Second // of its first unit, all tracks of a run have begun
)

// land reads up to the first picture, without waiting for it.
func (r *lineReader) land(ctx context.Context, t target) error {
	video := slices.ContainsFunc(r.tracks, func(t media.Track) bool { return t.Kind == media.Video })
	first := -1
	for first < 0 && len(r.ahead) < mostAhead {
		it, err := r.c.NextNow(ctx)
		if ended(err) {
			break
		}
		if err != nil {
			return err
		}
		tr := r.track(it.Track)
		if tr.Role != media.Main || tr.Kind == 0 {
			continue
		}
		r.ahead = append(r.ahead, it)
		if tr.Kind == media.Video {
			first = len(r.ahead) - 1
		}
		if head := r.ahead[0]; !video || it.Run != head.Run || it.DTS-head.DTS > soundLead {
			break
		}
	}
	asked := r.s.point(t.at, r.s.axis.Offset(t.at))
	r.landing = player.Landing{Point: asked, Asked: asked, Gap: t.gap, Live: t.live, Soon: r.soon(t.at)}
	if len(r.ahead) > 0 {
		it := r.ahead[max(first, 0)]
		r.landing.Point = r.s.point(it.Position(), r.s.axis.Offset(it.Position()))
		if asked.Recorded < r.landing.Point.Recorded {
			r.landing.Asked = r.landing.Point
		}
		r.landing.Live = t.live && !r.manner.Back
	} else if t.at.Run == 0 { // nothing was ever recorded
		r.landing.Point.Time = time.Now()
		r.landing.Asked = r.landing.Point
	}
	return nil
}

// Landing is player.Reader's.
func (r *lineReader) Landing() player.Landing { return r.landing }

// Tracks is player.Reader's.
func (r *lineReader) Tracks() []media.Track { return slices.Clone(r.tracks) }

// Live is player.Reader's.
func (r *lineReader) Live() bool { return len(r.ahead) == 0 && !r.manner.Back && r.c.Live() }

// Close is player.Reader's.
func (r *lineReader) Close() { r.closing.Do(func() { close(r.closed); r.c.Close() }) }

// Next is player.Reader's.
func (r *lineReader) Next(ctx context.Context) (player.Item, error) {
	for {
		it, err := r.pull(ctx)
		if ended(err) {
			return player.Item{}, io.EOF
		}
		if err != nil {
			return player.Item{}, err
		}
		if tr := r.track(it.Track); tr.Role == media.Main && tr.Kind != 0 {
			return r.item(it, tr), nil
		}
	}
}

// pull reads the next unit.
func (r *lineReader) pull(ctx context.Context) (timeline.Item, error) {
	switch {
	case len(r.ahead) > 0:
		it := r.ahead[0]
		r.ahead = r.ahead[1:]
		return it, nil
	case r.manner.Back:
		select {
		case <-r.closed:
			return timeline.Item{}, timeline.ErrEnd
		default:
			return r.c.PrevKey(ctx)
		}
	}
	return r.c.Next(ctx)
}

// item gives a unit its recorded time, and says what is new with it.
func (r *lineReader) item(it timeline.Item, tr media.Track) player.Item {
	at := it.Position()
	out := player.Item{Unit: it.Unit}
	switch cut := r.cut(it); {
	case !r.pointed:
		r.offset = r.s.axis.Offset(at)
		if r.landing.Point.Position.Run == it.Run { // sound may begin in the gap before the picture
			r.offset = r.landing.Point.Recorded - r.landing.Point.Position.Time
		}
		p := r.landing.Point
		if p.Position.Run != it.Run {
			p = r.s.point(at, r.offset)
		}
		out.Point, r.pointed = &p, true
	case cut:
		r.offset = r.s.axis.Offset(at)
		p := r.s.point(at, r.offset)
		out.Point, out.Gap = &p, r.gap(at)
	case it.IsKey() && tr.Kind == media.Video && !r.manner.Back && r.redated(at):
		p := r.s.point(at, r.offset)
		out.Point = &p
	}
	if out.Point != nil {
		r.point = *out.Point
	}
	if it.Run != r.last.Run && r.last.Run != 0 || !slices.ContainsFunc(r.tracks, func(t media.Track) bool { return t.ID == tr.ID }) {
		out.Tracks = r.retrack(it, tr)
		out.Soon = r.soon(at)
	}
	out.Holes = r.missing(at)
	r.last = at
	out.DTS = it.DTS + r.offset
	return out
}

// cut reports whether a discontinuity lies between the item before and this one.
func (r *lineReader) cut(it timeline.Item) bool {
	if !r.manner.Back {
		return it.Jump && r.last.Run != 0
	}
	return it.Run != r.last.Run || r.s.axis.Offset(it.Position()) != r.offset
}

// redated reports whether the clock was set between the last point and this moment.
func (r *lineReader) redated(at media.Position) bool {
	if at.Run != r.point.Position.Run {
		return false
	}
	wall, trusted := r.s.line.Wall(at)
	want := r.point.After(at.Time - r.point.Position.Time)
	return wall.Sub(want.Time).Abs() > redated || trusted != want.Trusted
}

// gap is the longest hole of everything between the item before and a moment.
func (r *lineReader) gap(at media.Position) *player.Gap {
	from, to := r.last, at
	if r.manner.Back {
		from, to = at, r.last
	}
	var found *player.Gap
	for _, h := range r.s.line.Map().Holes {
		if h.Kind != 0 || h.Until.Run == 0 || h.Until.Before(from) || to.Before(h.From) {
			continue
		}
		if g := gapOf(h); found == nil || g.Length > found.Length {
			found = g
		}
	}
	return found
}

// track is the one with an ID; a zero one is not known.
func (r *lineReader) track(id uint16) media.Track {
	find := func(t media.Track) bool { return t.ID == id }
	i := slices.IndexFunc(r.known, find)
	if i < 0 {
		r.known = r.s.line.Tracks()
		if i = slices.IndexFunc(r.known, find); i < 0 {
			return media.Track{}
		}
	}
	return r.known[i]
}

// tracksAt are the main tracks that the run of a position has: of each kind the
// newest that had begun by then, or else its first; of the run being recorded, the current ones.
func (r *lineReader) tracksAt(p media.Position) []media.Track {
	best := map[media.Kind]media.Track{}
	begun := map[media.Kind]bool{}
	for _, run := range r.s.line.Map().Runs {
		if run.Run != p.Run {
			continue
		}
		for _, x := range run.Stats { // in the order of their making
			t := r.track(x.Track)
			_, has := best[t.Kind]
			if t.Role != media.Main || t.Kind == 0 || x.Units == 0 || has && (begun[t.Kind] && x.First > p.Time) {
				continue
			}
			if begun[t.Kind] = x.First <= p.Time; !has || begun[t.Kind] {
				best[t.Kind] = t
			}
		}
	}
	if newest, ok := r.s.line.Newest(); !ok || newest.Run == p.Run {
		for _, t := range r.s.line.Current() {
			if _, has := best[t.Kind]; !has && t.Role == media.Main {
				best[t.Kind] = t
			}
		}
	}
	return slices.SortedFunc(maps.Values(best), func(a, b media.Track) int { return int(a.Kind) - int(b.Kind) })
}

// soon are the kinds that the run being recorded lacks at its very beginning, and that
// the run before it had: a microphone tells its first sound later than a camera its first
// picture.
func (r *lineReader) soon(p media.Position) (kinds []media.Kind) {
	runs := r.s.line.Map().Runs
	i := len(runs) - 1
	if r.manner.Keys || i < 1 || runs[i].Run != p.Run {
		return nil
	}
	for _, x := range runs[i].Stats {
		if p.Time-x.First > soonWithin {
			return nil
		}
	}
	for _, x := range runs[i-1].Stats {
		t := r.track(x.Track)
		there := slices.ContainsFunc(r.tracks, func(n media.Track) bool { return n.Kind == t.Kind })
		if t.Role == media.Main && t.Kind != 0 && x.Units > 0 && !there && !slices.Contains(kinds, t.Kind) {
			kinds = append(kinds, t.Kind)
		}
	}
	return kinds
}

// retrack makes the tracks those of an item's moment. It returns nil when they are the same as before.
func (r *lineReader) retrack(it timeline.Item, tr media.Track) []media.Track {
	now := r.tracksAt(it.Position())
	now = slices.DeleteFunc(now, func(t media.Track) bool { return t.Kind == tr.Kind })
	now = append(now, tr)
	slices.SortFunc(now, func(a, b media.Track) int { return int(a.Kind) - int(b.Kind) })
	if slices.EqualFunc(now, r.tracks, func(a, b media.Track) bool { return a.ID == b.ID }) {
		return nil
	}
	r.tracks = now
	return slices.Clone(now)
}

// missing is what the recording lacks at a moment, if that has changed.
func (r *lineReader) missing(at media.Position) map[media.Kind]media.Reason {
	if r.manner.Keys {
		return nil
	}
	every := holesPast
	if r.c.Live() {
		every = holesLive
	}
	if at.Run != r.looked.Run || (at.Time-r.looked.Time).Abs() >= every {
		r.looked = at
		r.holes = slices.DeleteFunc(slices.Clone(r.s.shapes.get(r.s.line).Holes), func(h timeline.Hole) bool {
			return h.Kind == 0 || h.From.Run != at.Run
		})
	}
	lacks := map[media.Kind]media.Reason{}
	for _, h := range r.holes {
		if !at.Before(h.From) && (h.Until.Run == 0 || at.Before(h.Until)) {
			lacks[h.Kind] = h.Reason
		}
	}
	if maps.Equal(lacks, r.lacks) {
		return nil
	}
	r.lacks = lacks
	return lacks
}
