package rtsp

import (
	"context"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"

	"hindsight/media"
)

// aim is what of history a PLAY asks for.
type aim struct {
	from  media.Position
	live  bool           // from the live end instead
	end   media.Position // exclusive; zero: none
	clock bool           // the answer speaks of wall time
}

// play does what a PLAY asks for and returns what the answer says. An error
// leaves what plays as it is; it is a *refusal.
func (s *session) play(url *base.URL, o order) (base.Header, base.HeaderValue, error) {
	if o.onvif {
		s.onvif.Store(true)
	}
	p := s.player.Load()
	history := s.view.place != live || o.rng != nil && o.rng.clock || o.rng == nil && p != nil && p.replay != nil
	switch {
	case !history:
		return s.playNow(url, o, p)
	case o.rng == nil && p != nil && p.replay != nil && !p.ended.Load():
		return s.goOn(url, o, p)
	}
	return s.seek(url, o)
}

// playNow plays the live end.
func (s *session) playNow(url *base.URL, o order, p *player) (base.Header, base.HeaderValue, error) {
	h := base.Header{"Range": base.HeaderValue{"npt=now-"}}
	plainManner().tell(h, o)
	if p != nil && p.replay == nil && s.playing() { // it plays already, and live has no other place to go to
		p.due.Store(true)
		s.mu.Lock()
		at := s.stamps.high
		s.mu.Unlock()
		return h, s.rtpInfo(url, true, at), nil
	}
	return h, s.playLive(url, o), nil
}

// goOn plays on from where the session is.
func (s *session) goOn(url *base.URL, o order, p *player) (base.Header, base.HeaderValue, error) {
	playing := s.playing()
	h := base.Header{}
	s.mu.Lock()
	last, high := s.stamps.last, s.stamps.high
	next := s.manner.with(o)
	same := next == s.manner
	s.mu.Unlock()
	if playing && same {
		p.due.Store(true)
		h["Range"] = base.HeaderValue{s.view.answer(aim{from: last, end: p.replay.end, clock: p.replay.clock}, s.srv.opt.Clock)}
		next.tell(h, o)
		return h, s.rtpInfo(url, true, high), nil
	}
	a := aim{from: last, end: p.replay.end, clock: p.replay.clock}
	if !same || s.torn || last.Run == 0 {
		if last.Run == 0 {
			a.from, a.live = s.view.begin, s.view.begin.Run == 0
		}
		return s.playFrom(url, o, a, next, !s.torn && !next.backward() && !s.manner.backward())
	}
	next.tell(h, o)
	info, at, known := s.begin(p, url, o)
	if known {
		a.from = at
	}
	h["Range"] = base.HeaderValue{s.view.answer(a, s.srv.opt.Clock)}
	return h, info, nil
}

// seek plays from another moment on.
func (s *session) seek(url *base.URL, o order) (base.Header, base.HeaderValue, error) {
	m := plainManner().with(o)
	a, err := s.view.aim(o.rng, m.backward(), s.srv.opt.Clock)
	if err != nil {
		return nil, nil, err
	}
	begun := s.srv.opt.Clock.Boot()
	if err := s.srv.mayIseek(s); err != nil {
		return nil, nil, err
	}
	h, info, err := s.playFrom(url, o, a, m, false)
	if err == nil {
		s.srv.stats.seek(s.srv.opt.Clock.Boot() - begun)
	}
	return h, info, err
}

// playFrom opens a cursor and lets a new player play from it. on says that it goes
// on from what the client has, so that nothing is sent twice.
func (s *session) playFrom(url *base.URL, o order, a aim, m manner, on bool) (base.Header, base.HeaderValue, error) {
	p := newPlayer(s, nil, s.choose())
	if p.leads != media.Video {
		m.scale, m.frames = 1, choice{} // there are no pictures to choose from
	}
	p.replay = &replay{manner: m, from: a.from, end: a.end, fresh: true, clock: a.clock}
	c, err := p.openAt(a)
	if err != nil {
		return nil, nil, refuse(base.StatusInternalServerError, "the timeline cannot be read: %v", err)
	}
	p.reel = &reel{Cursor: c, backward: m.backward()}
	p.pace = m.pace(s.srv.opt.Clock, p.udp)
	s.halt()
	if old := s.player.Load(); on && old != nil && old.subs != nil {
		p.subs, old.subs = old.subs, nil
		p.subs.p = p
	}
	s.drop()
	s.torn, p.waitKey = false, false
	s.mu.Lock()
	if on {
		p.replay.fresh = false
		s.stamps.rescale(m.scale)
	}
	s.manner = m
	for _, t := range s.tracks {
		t.sent = t.sent && on
	}
	s.mu.Unlock()
	if on {
		p.start = a.from
	}
	info, at, known := s.begin(p, url, o)
	if known {
		a.from, a.live = at, false
	}
	h := base.Header{"Range": base.HeaderValue{s.view.answer(a, s.srv.opt.Clock)}}
	m.tell(h, o)
	return h, info, nil
}

func (p *player) openAt(a aim) (Cursor, error) {
	p.s.srv.opened <- struct{}{}
	defer func() { <-p.s.srv.opened }()
	if a.live {
		return p.s.view.line.Live(p.selection()), nil
	}
	return p.s.view.line.At(a.from, p.selection())
}

// tell says in an answer how it is played.
func (m manner) tell(h base.Header, o order) {
	if o.scale != nil || m.scale != 1 {
		h["Scale"] = base.HeaderValue{rateText(m.scale)}
	}
	if o.speed != nil || m.speed != 1 {
		h["Speed"] = base.HeaderValue{rateText(m.speed)}
	}
	if o.rate != "" {
		h["Rate-Control"] = base.HeaderValue{o.rate}
	}
}

// answer is the Range of an answer.
func (v *view) answer(a aim, clock media.Clock) string {
	if a.live {
		a.from = v.line.Back(clock.Boot(), 0)
		if p, ok := v.line.Newest(); ok {
			a.from = p
		}
	}
	if a.clock {
		text := "clock=" + v.wallText(a.from) + "-"
		if a.end.Run != 0 {
			text += v.wallText(a.end)
		}
		return text
	}
	text := "npt=" + nptText(max(v.axis().Recorded(a.from), 0)) + "-"
	if a.end.Run != 0 {
		text += nptText(max(v.recordedAt(a.end), 0))
	}
	return text
}

// recordedAt is the npt of a moment that may be still to come.
func (v *view) recordedAt(p media.Position) time.Duration {
	r := v.axis().Recorded(p)
	if newest, ok := v.line.Newest(); ok && newest.Run == p.Run && p.Time > newest.Time {
		r = v.axis().Recorded(newest) + p.Time - newest.Time
	}
	return r
}

func (v *view) wallText(p media.Position) string {
	wall, _ := v.line.Wall(p)
	return wall.UTC().Round(time.Millisecond).Format(clockLayout)
}

// aim finds what of history a Range means; nil is where the address begins.
func (v *view) aim(r *span, backward bool, clock media.Clock) (a aim, err error) {
	a = aim{from: v.begin, live: v.begin.Run == 0, end: v.end}
	if r == nil {
		return a, nil
	}
	a.clock = r.clock || r.dated
	first, last := r.from, r.to
	if backward && last.given && (!first.given || first.before(last, r.clock)) {
		first, last = last, first // the later end is where going backward begins
	}
	if !backward && first.given && last.given && !first.before(last, r.clock) {
		return a, refuse(base.StatusInvalidRange, "the range ends before it begins")
	}
	switch {
	case r.now:
		a.from, a.live = media.Position{}, true
	case first.given:
		if a.from, a.live, err = v.point(first, r.clock, clock); err != nil {
			return a, err
		}
	}
	if !a.live && a.from.Before(v.begin) {
		a.from = v.begin
	}
	if v.end.Run != 0 && (a.live && !v.line.Back(clock.Boot(), 0).Before(v.end) || !a.live && !a.from.Before(v.end)) {
		return a, refuse(base.StatusInvalidRange, "the range begins behind the end of the address's window")
	}
	if backward {
		a.end = v.begin
	}
	if last.given && !v.announced(last, r.clock) {
		a.end = v.endOf(last, r.clock, clock, backward)
	}
	return a, nil
}

// point is where a moment of a Range lies; live is true behind all that is recorded.
func (v *view) point(t point, wall bool, clock media.Clock) (p media.Position, live bool, err error) {
	if wall {
		at, ok, err := moment{wall: t.wall}.position(v.line, clock)
		return at, !ok, err
	}
	p, ok := v.axis().At(t.npt)
	if !ok {
		if now := v.axis().Recorded(v.line.Back(clock.Boot(), 0)); t.npt > now+slack {
			return p, true, refuse(base.StatusInvalidRange, "npt %s lies in the future: there are %s s", nptText(t.npt), nptText(now))
		}
	}
	return p, !ok, nil
}

// announced reports whether the end of a Range is what the SDP named as the end of
// something that has none: GStreamer repeats it.
func (v *view) announced(t point, wall bool) bool {
	if v.end.Run != 0 {
		return false
	}
	const off = 2 * time.Millisecond
	d := t.npt - v.length()
	if wall {
		last, _ := v.line.Wall(v.last())
		d = t.wall.Sub(last)
	}
	return d >= -off && d <= off
}

// endOf is where a Range ends, within the window.
func (v *view) endOf(t point, wall bool, clock media.Clock, backward bool) media.Position {
	now := v.line.Back(clock.Boot(), 0)
	var end media.Position
	if wall {
		end = wallEnd(v.line, t.wall, now)
	} else if at, ok := v.axis().At(t.npt); ok {
		end = at
	} else {
		end = media.Position{Run: now.Run, Time: now.Time + max(t.npt-v.axis().Recorded(now), 0)}
	}
	switch {
	case !backward && v.end.Run != 0 && v.end.Before(end):
		return v.end
	case backward && end.Before(v.begin):
		return v.begin
	}
	return end
}

// mayIseek waits until a session may open another cursor.
func (s *Server) mayIseek(x *session) error {
	now := s.opt.Clock.Boot()
	s.pacing.Lock()
	wait := max(x.seeks.take(1, now), s.seeks.take(1, now))
	s.pacing.Unlock()
	if wait > 0 {
		s.stats.slowed.Add(1)
		s.complain(x.from, x.view.camera, ending{"seeks too often: slowed down", ""})
		ctx, cancel := context.WithTimeout(s.ctx, wait)
		defer cancel()
		<-ctx.Done()
		if s.ctx.Err() != nil {
			return refuse(base.StatusServiceUnavailable, "the server is closing")
		}
	}
	return nil
}
