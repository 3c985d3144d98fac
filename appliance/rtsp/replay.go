package rtsp

import (
	"context"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// replay is what a player needs to play history.
type replay struct {
	manner
	from    media.Position  // where playing is to begin
	end     media.Position  // exclusive, going backward inclusive; zero: none
	clock   bool            // the client speaks of wall time
	fresh   bool            // nothing was read since the PLAY
	foreign time.Duration   // media time of other tracks passed over since the last unit
	hopped  media.Position  // where reading went on last because of them
	picture media.Position  // decoding time of the last picture that was chosen
	over    map[uint16]bool // tracks that reached the end
	slow    bool            // it was said that the client is too slow
}

// lead is how long sound may come before the picture that belongs to it; longer
// there is none. mostAhead bounds how much is read to find it.
const (
	lead      = 1500 * time.Millisecond
	mostAhead = 500
)

// opening reads up to the picture that playing begins with. Sound that begins
// before it is left out: the answer names one moment for all tracks. Where there is no
// picture yet at that moment, it is sound that playing begins with.
func (p *player) opening(ctx context.Context) bool {
	var held []shot
	from := 0
	for len(held) < mostAhead {
		x, ok, err := p.pick(ctx, true)
		if err != nil || !ok {
			if ctx.Err() == nil || p.ctx.Err() != nil { // else only the patience is over
				p.asked = err
			}
			break
		}
		if held = append(held, x); x.track != nil && x.track.Kind == media.Video {
			if !p.replay.from.Before(x.Position()) {
				from = len(held) - 1
			}
			break
		}
		if p.leads != media.Video || x.Run != held[0].Run || x.DTS-held[0].DTS > lead {
			break
		}
	}
	if len(held) == 0 {
		return false
	}
	first := held[from]
	p.start = first.Position()
	first = p.timed(first)
	p.ahead = append(p.ahead, first)
	for i, x := range held {
		if i != from && x.Run == first.Run && x.PTS() >= first.PTS() {
			p.ahead = append(p.ahead, p.timed(x))
		}
	}
	return true
}

// replayed reads the next unit of history for the client.
func (p *player) replayed(ctx context.Context) (shot, error) {
	x, _, err := p.pick(ctx, true)
	if err != nil {
		return x, err
	}
	return p.timed(x), nil
}

// pick finds the next unit that the client gets. Without wait ok is false at the live end.
func (p *player) pick(ctx context.Context, wait bool) (x shot, ok bool, err error) {
	r := p.replay
	for {
		it, ok, err := p.turn(ctx, wait)
		if err != nil || !ok {
			return x, ok, err
		}
		if r.scale != 1 && !r.backward() && p.reel.Live() {
			if err := p.caughtUp(); err != nil {
				return x, false, err
			}
			continue
		}
		t := p.track(it.Track)
		if t == nil {
			if err := p.foreigner(it); err != nil {
				return x, false, err
			}
			continue
		}
		past, err := r.beyond(p, t, it)
		if err != nil {
			return x, false, err
		}
		if past {
			continue
		}
		if len(p.kinds) == 0 {
			return shot{Item: it}, true, nil // a client of captions alone: what is recorded is its clock
		}
		if p.chosen(t, it) {
			return shot{Item: it, track: t}, true, nil
		}
	}
}

// turn is the reel's next unit.
func (p *player) turn(ctx context.Context, wait bool) (timeline.Item, bool, error) {
	if !wait {
		return p.reel.ready(ctx)
	}
	line, end := p.s.view.line, p.replay.end
	if end.Run == 0 || p.replay.backward() || !p.reel.Live() || end.Run != line.Run() {
		it, err := p.reel.next(ctx)
		return it, err == nil, err
	}
	// At the live end, before the end of a window that nothing more may come in.
	left := end.Time - line.Back(p.s.srv.opt.Clock.Boot(), 0).Time + skew
	waiting, cancel := context.WithTimeout(ctx, max(left, 0))
	defer cancel()
	it, err := p.reel.next(waiting)
	if err != nil && waiting.Err() != nil && ctx.Err() == nil {
		err = errDone
	}
	return it, err == nil, err
}

// timed gives a unit its session time: that of the unit before, and the recorded
// time between them, whatever else lies there.
func (p *player) timed(x shot) shot {
	r, s := p.replay, p.s
	s.mu.Lock()
	defer s.mu.Unlock()
	at := x.Position()
	x.cut = x.Jump || r.fresh || r.foreign > lead || r.backward() || s.stamps.run != at.Run
	switch {
	case r.fresh || !s.stamps.begun || r.foreign > lead:
		s.stamps.scale = r.scale
		s.stamps.cut(at, shortStep)
	case x.cut:
		step := s.view.axis().Recorded(at) - s.view.axis().Recorded(s.stamps.last)
		s.stamps.cut(at, time.Duration(float64(step)/r.scale))
	}
	r.fresh, r.foreign = false, 0
	x.at = s.stamps.replay(at)
	return x
}

// beyond reports whether a unit lies behind the end; errDone says that all tracks do.
func (r *replay) beyond(p *player, t *outTrack, it timeline.Item) (bool, error) {
	switch {
	case r.end.Run == 0:
		return false, nil
	case r.backward():
		if it.Position().Before(r.end) {
			return true, errDone
		}
		return false, nil
	case it.Position().Before(r.end):
		return false, nil
	}
	if decoded := (media.Position{Run: it.Run, Time: it.DTS}); !decoded.Before(r.end) {
		if r.over == nil {
			r.over = map[uint16]bool{}
		}
		r.over[t.ID] = true // of the session, whichever it is of the camera
	}
	if it.Run == r.end.Run && it.DTS-r.end.Time < skew {
		for _, x := range p.s.tracks {
			if x.chosen && !isText(x.Track) && !r.over[x.ID] {
				return true, nil // it may have something before the end
			}
		}
	}
	return true, errDone
}

// chosen is wanted with the manner's choice of pictures.
func (p *player) chosen(t *outTrack, it timeline.Item) bool {
	r := p.replay
	if r.backward() {
		return t.chosen && t.Kind == media.Video
	}
	if t.Kind == media.Audio && !r.whole() || t.Kind == media.Video && r.keys() && !it.IsKey() {
		return false
	}
	if !p.wanted(t, it) {
		return false
	}
	if t.Kind != media.Video {
		return true
	}
	if r.frames.refers && t.Codec == media.H264 && !it.IsKey() && !referred(it.Payload) {
		return false
	}
	at := media.Position{Run: it.Run, Time: it.DTS}
	if d := at.Time - r.picture.Time; r.picture.Run == at.Run && d >= 0 && d < r.frames.apart {
		return false
	}
	r.picture = at
	return true
}

// referred reports whether other pictures refer to an access unit of H.264
// (nal_ref_idc, ITU-T H.264 section 7.4.1).
func referred(payload []byte) bool {
	units, err := splitNALUs(payload)
	if err != nil {
		return true
	}
	slices := false
	for _, u := range units {
		if kind := u[0] & 0x1f; kind >= 1 && kind <= 5 {
			slices = true
			if u[0]&0x60 != 0 {
				return true
			}
		}
	}
	return !slices
}

// foreigner passes over a unit of a track that the SDP has not. At the live end
// one that takes the place of a track of the session ends it.
func (p *player) foreigner(it timeline.Item) error {
	n, of := p.rival(it.Track)
	if of == nil {
		return nil
	}
	if p.reel.Live() {
		return &changedError{of.Kind, of.Codec, n.Codec}
	}
	r, at := p.replay, media.Position{Run: it.Run, Time: it.DTS}
	p.s.mu.Lock()
	last := p.s.stamps.last
	p.s.mu.Unlock()
	r.foreign = lead + 1
	if last.Run == it.Run && !r.fresh {
		r.foreign = it.DTS - last.Time
	}
	if r.foreign > lead && !r.backward() && !at.Before(r.hopped) {
		return p.hop(at)
	}
	return nil
}

// hop goes on where the session's tracks have something again, rather than read
// all that lies between; where they never have, at the live end.
func (p *player) hop(from media.Position) error {
	line := p.s.view.line
	var to media.Position
	for _, r := range line.Map().Runs {
		for _, x := range r.Stats {
			t := p.track(x.Track)
			if t == nil || !t.chosen || x.Units == 0 {
				continue
			}
			at := media.Position{Run: r.Run, Time: max(x.First, 0)}
			if r.Run == from.Run && !from.Before(at) && x.Last > from.Time {
				return nil // somewhere behind, but in the same stretch
			}
			if from.Before(at) && (to.Run == 0 || at.Before(to)) {
				to = at
			}
		}
	}
	if to.Run == 0 {
		p.change(line.Live(p.selection()))
		return nil
	}
	c, err := line.At(to, p.selection())
	if err != nil {
		return err
	}
	p.replay.hopped = to
	p.change(c)
	return nil
}

// follow goes on with another cursor.
func (p *player) follow(c Cursor) {
	p.reel.Close()
	p.reel = &reel{Cursor: c}
}

// change goes on with another cursor, at a key frame.
func (p *player) change(c Cursor) {
	p.follow(c)
	p.begun, p.waitKey = false, true
}

// caughtUp goes on at normal speed: the live end has no other.
func (p *player) caughtUp() error {
	r := p.replay
	r.scale = 1
	p.s.mu.Lock()
	p.s.manner.scale = 1
	last := p.s.stamps.last
	p.s.stamps.rescale(1)
	p.s.mu.Unlock()
	c, err := p.s.view.line.At(last, p.selection())
	if err != nil {
		return err
	}
	p.follow(c)
	p.start = last
	return nil
}

// selection is what the cursor is to yield.
func (p *player) selection() timeline.Selection {
	switch {
	case len(p.kinds) == 0:
		return timeline.Selection{}
	case p.replay.whole() || p.leads != media.Video:
		return timeline.Selection{Kinds: p.kinds}
	}
	return timeline.Selection{Kinds: []media.Kind{media.Video}, Keys: p.replay.keys()}
}

// behind says once that a client takes less than it asked for.
func (p *player) behind(at time.Duration) {
	const much = 5 * time.Second
	if r := p.replay; r == nil || r.slow || r.free || p.pace.wait(at) > -much {
		return
	}
	p.replay.slow = true
	p.s.srv.complain(p.s.from, p.s.view.camera, ending{"reads more slowly than it plays", ""})
}
