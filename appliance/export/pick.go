package export

import (
	"context"
	"fmt"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

const (
	// skew is how far the tracks of a timeline may lie apart in commit order.
	skew = time.Second
	// preroll is how much sound a decoder is given before what is heard (RFC 7845
	// section 4.2 for Opus; more than AAC needs).
	preroll = 80 * time.Millisecond
)

// pick is a unit that belongs into the file.
type pick struct {
	lane     int
	unit     timeline.Item
	dts, pts time.Duration // file time, negative in the lead-in
	length   time.Duration // of sound
}

// changed says that a file cannot go on, for at has other parameters than what came before.
type changed struct{ at media.Position }

func (c *changed) Error() string {
	return fmt.Sprintf("export: codec, parameter set or picture size changes at %v", c.at)
}

// picker takes the units that belong into the file off a cursor. Two pickers
// over the same range pick the same.
type picker struct {
	tl     Timeline
	cursor *patient
	within stretches
	start  start

	tracks  map[uint16]media.Track
	lanes   []picked
	refused int   // units that no file can hold
	why     error // of the first of them
}

// picked is what a picker knows of a lane.
type picked struct {
	kind    media.Kind
	role    media.Role
	params  params
	stretch int // of the unit before; -1: none yet
	past    bool
}

// newPicker opens a cursor early enough for the lead-in.
func newPicker(tl Timeline, within stretches, s start, wait time.Duration) (*picker, error) {
	p := &picker{tl: tl, within: within, start: s, tracks: map[uint16]media.Track{}}
	for _, t := range s.tracks {
		p.lanes = append(p.lanes, picked{kind: t.kind, role: t.role, params: t.params, stretch: -1})
	}
	var err error
	p.cursor, err = open(tl, media.Position{Run: within[0].run, Time: max(0, within[0].from-preroll)}, wait)
	return p, err
}

func (p *picker) close() { p.cursor.close() }

// next is the next unit that belongs into the file; timeline.ErrEnd behind the
// last; *changed where the file must end before the range does.
func (p *picker) next(ctx context.Context) (pick, error) {
	for {
		item, err := p.cursor.next(ctx)
		if err != nil {
			return pick{}, err
		}
		if p.done(item) {
			return pick{}, timeline.ErrEnd
		}
		out, ok, err := p.take(item)
		if ok || err != nil {
			return out, err
		}
	}
}

// done reports whether nothing that belongs into the file can follow.
func (p *picker) done(item timeline.Item) bool {
	last := p.within[len(p.within)-1]
	if item.Run != last.run {
		return item.Run > last.run
	}
	if item.DTS >= last.until+skew {
		return true
	}
	if item.DTS < last.until {
		return false
	}
	t, all := p.track(item.Track), true
	for i := range p.lanes {
		l := &p.lanes[i]
		l.past = l.past || l.kind == t.Kind && l.role == t.Role
		all = all && l.past
	}
	return all && len(p.lanes) > 1
}

func (p *picker) track(id uint16) media.Track {
	if _, ok := p.tracks[id]; !ok {
		for _, t := range p.tl.Tracks() {
			p.tracks[t.ID] = t
		}
	}
	return p.tracks[id]
}

// take decides about one unit.
func (p *picker) take(item timeline.Item) (out pick, ok bool, err error) {
	t := p.track(item.Track)
	i := p.within.find(media.Position{Run: item.Run, Time: item.DTS})
	if i < 0 || t.Kind != media.Video && t.Kind != media.Audio {
		return out, false, nil
	}
	st := p.within[i]
	out = pick{unit: item, dts: st.time(item.DTS), pts: st.time(item.PTS()), length: t.Duration(item.Payload)}
	if !p.inside(t.Kind, st, i, out) {
		return out, false, nil
	}
	n, now, err := p.lane(t, item.Unit)
	if err != nil {
		if p.refused++; p.why == nil {
			p.why = err
		}
		return out, false, nil
	}
	l := &p.lanes[n]
	if t.Kind == media.Video && l.stretch != i && !item.IsKey() {
		return out, false, nil // cannot be decoded: its key frame lies in a gap
	}
	if now != l.params {
		if out.pts <= 0 { // in the lead-in, from before a change
			return out, false, nil
		}
		return out, false, &changed{at: item.Position()}
	}
	l.stretch = i
	out.lane = n
	return out, true, nil
}

// inside reports whether a unit lies within its stretch or the lead-in to the first.
func (p *picker) inside(k media.Kind, st stretch, i int, u pick) bool {
	if k == media.Video {
		lead := i == 0 && u.unit.DTS < st.from
		return u.unit.DTS < st.until && (!lead || p.start.video && u.unit.DTS >= p.start.key)
	}
	if u.unit.DTS < st.since || u.pts+u.length <= -preroll {
		return false
	}
	if i == len(p.within)-1 {
		return u.unit.PTS() < st.until
	}
	// Sound that reaches into a gap is kept if more than half of it lies before: so
	// the seams of many gaps do not add up to a shift.
	return u.unit.PTS()+u.length/2 < st.until
}

// lane is the number of the lane that units of t go to, made if need be, and
// the parameters that u tells.
func (p *picker) lane(t media.Track, u media.Unit) (n int, now params, err error) {
	for n = range p.lanes {
		if l := p.lanes[n]; l.kind == t.Kind && l.role == t.Role {
			same := l.params.codec == t.Codec
			if t.Codec == media.H264 && same && !u.IsKey() {
				return n, l.params, nil
			}
			now, err = l.params.read(t, u)
			return n, now, err
		}
	}
	now, err = params{}.read(t, u)
	if err == nil {
		p.lanes = append(p.lanes, picked{kind: t.Kind, role: t.Role, params: now, stretch: -1})
	}
	return len(p.lanes) - 1, now, err
}
