package rtsp

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// subtitles are the captions that a player sends: live as they are made, in
// history from the store, merged by their beginning, and those that are made
// of it meanwhile. A nil one sends none.
type subtitles struct {
	p     *player
	track *outTrack
	feed  CaptionFeed

	mu     sync.Mutex
	stored CaptionReplay
	from   media.Position // where replay of them began
	passed media.Position // what was played
	soon   []media.Caption
	told   [128]uint64 // numbers of those sent last
	next   int
	lastAt time.Duration // session time of the last one
}

// readAhead is how far behind what is played the store may have been read already.
const readAhead = 2 * time.Second

// captions sends captions while the player plays. The func ends that.
func (p *player) captions() (end func()) {
	t := p.s.text()
	if t == nil {
		return func() {}
	}
	if p.subs == nil {
		p.subs = &subtitles{p: p, track: t, feed: p.s.view.captions.Feed()}
	}
	ctx, cancel := context.WithCancel(p.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer p.guard()
		p.subs.follow(ctx)
	}()
	return func() { cancel(); <-done }
}

func (s *subtitles) close() {
	if s != nil {
		s.feed.Close()
	}
}

// follow sends captions as they are made.
func (s *subtitles) follow(ctx context.Context) {
	view := s.p.s.view
	for {
		e, err := s.feed.Next(ctx)
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, timeline.ErrEnd) {
				s.complain(err)
			}
			return
		}
		if e.Kind == timeline.CaptionFinal && e.Caption.Language == view.captions.Language && s.made(e.Caption.Caption) != nil {
			return
		}
	}
}

func (s *subtitles) complain(err error) {
	s.p.s.srv.complain(s.p.s.from, s.p.s.view.camera, ending{"captions cannot be read", err.Error()})
}

// made takes a caption that was kept just now.
func (s *subtitles) made(c media.Caption) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch at := c.Position(); {
	case s.p.replay == nil:
		return s.send(c)
	case s.stored == nil || at.Before(s.from) || at.Run == s.passed.Run && at.Time > s.passed.Time+readAhead || at.Run > s.passed.Run:
		return nil // not of what is played, or still to be read from the store
	case s.passed.Before(at):
		s.soon = append(s.soon, c)
		return nil
	}
	return s.send(c)
}

// pass sends the captions that begin at or before a moment that is played now.
func (s *subtitles) pass(at media.Position) {
	if s == nil || s.p.replay == nil || !s.p.replay.whole() || s.p.s.view.captions.Replay == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stored == nil {
		s.stored, s.from, s.passed = s.p.s.view.captions.Replay(at), at, at
	}
	if at.Before(s.passed) {
		return
	}
	s.passed = at
	cs, err := s.stored.Until(at)
	if err != nil {
		s.complain(err)
	}
	for _, c := range cs {
		if s.send(c.Caption) != nil {
			return
		}
	}
	s.soon = slices.DeleteFunc(s.soon, func(c media.Caption) bool {
		return !at.Before(c.Position()) && s.send(c) == nil
	})
}

// send sends one caption, once. Its time stamp is that of its beginning; a report right
// before it tells what time that was. Both wait for room in the queue.
func (s *subtitles) send(c media.Caption) error {
	if s.track.off() || c.ID != 0 && slices.Contains(s.told[:], c.ID) {
		return nil
	}
	pieces, err := packText([]byte(c.Text))
	if err != nil {
		return nil // nothing to be seen
	}
	x, p := s.p.s, s.p
	x.mu.Lock()
	pos, at, ok := s.time(c.Position())
	wall, _ := x.view.line.Wall(pos)
	report := s.track.senderReport(wall, at)
	x.mu.Unlock()
	if !ok {
		return nil // of another run: its time cannot be told any more
	}
	x.telling.Lock() // no other report comes between
	defer x.telling.Unlock()
	if !wall.IsZero() {
		if err := press(p.ctx, func() {}, func() error { return x.control(s.track, report) }); err != nil {
			return err
		}
	}
	var ext []byte
	if x.onvif.Load() {
		ext = onvifExtension(wall, cleanPoint, p.cseq)
	}
	if _, err = p.send(s.track, pieces, s.track.rtpTime(at), ext, func() {}); err != nil {
		return err
	}
	s.told[s.next%len(s.told)] = c.ID
	s.next++
	return nil
}

// time is where and when a caption is shown. In history one that began before
// what is played did is shown at its beginning, and none goes back. The caller holds the session's lock.
func (s *subtitles) time(pos media.Position) (media.Position, time.Duration, bool) {
	stamps := &s.p.s.stamps
	if s.p.replay == nil {
		at, ok := stamps.past(pos)
		if !ok && len(s.p.kinds) == 0 { // a client of captions alone: they are its clock
			at, ok = stamps.at(pos, s.p.s.view.line.Wall), true
		}
		return pos, at, ok
	}
	if start := stamps.start(); pos.Run != start.Run || pos.Time < start.Time {
		pos = start
	}
	at := stamps.base + pos.Time - stamps.origin
	s.lastAt = max(s.lastAt, at)
	return pos, s.lastAt, true
}
