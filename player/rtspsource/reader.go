package rtspsource

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"

	"hindsight/media"
	"hindsight/player"
)

// Reader is what a seek opened. It is a player.Reader. The source's mutex guards it.
type Reader struct {
	s       *Source
	aim     aim
	manner  player.Manner
	landing player.Landing

	from      time.Duration // recorded time that playing begins with, as the server says
	fromKnown bool
	due       bool // a first packet is on its way
	refAt     time.Duration
	refWall   time.Time
	shift     time.Duration // from milliseconds to what the first unit tells
	begun     time.Time     // of a foreign server's stream: when its first packet came
	synced    bool          // of a foreign server: its clock is known

	queue      []queued
	bytes      int
	some       bool          // something was queued
	said       player.Point  // the last that was said
	saidSynced bool          //
	cuts       int           // where units did not follow
	last       time.Time     // true time of the newest unit queued
	reached    time.Duration // recorded time of it
	taken      time.Duration // and of the newest one read
	over       bool          // the server said BYE
	held       bool          // the session is paused
	patience   *time.Timer
	closed     bool
}

// queued is an item that waits to be read.
type queued struct {
	player.Item
	wall   time.Time
	passed bool      // a gap may have been passed over
	from   time.Time // true time of the unit before it
}

func newReader(s *Source, a aim, m player.Manner) *Reader { return &Reader{s: s, aim: a, manner: m} }

// full reports whether enough waits. The caller holds s.mu.
func (r *Reader) full() bool { return r.bytes > mostQueued }

// land waits for the first unit, if one is on its way, and says where the reader is.
func (r *Reader) land(ctx context.Context) error {
	s := r.s
	wait, cancel := context.WithTimeout(ctx, firstTime)
	defer cancel()
	stop := context.AfterFunc(wait, s.wake)
	defer stop()
	s.mu.Lock()
	for r.due && !r.some && !r.over && s.reader == r && s.failed == nil && wait.Err() == nil {
		s.cond.Wait()
	}
	p := player.Point{Recorded: r.from}
	if len(r.queue) > 0 {
		p = *r.queue[0].Point
	}
	err := s.failed
	s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	r.landing = player.Landing{Point: s.place(p), Asked: r.aim.asked, Gap: r.aim.gap, Live: r.aim.live}
	if r.aim.live {
		r.landing.Asked = r.landing.Point
		if e := s.Edge().Point; e != nil && e.Recorded > r.landing.Point.Recorded {
			r.landing.Asked = *e
		}
	}
	if r.landing.Asked.Recorded < r.landing.Point.Recorded && !r.manner.Back {
		r.landing.Asked = r.landing.Point
	}
	return nil
}

// place completes a point with what the API knows.
func (s *Source) place(p player.Point) player.Point {
	k, ok := s.axis.point(p.Recorded)
	if !ok {
		return p
	}
	if p.Time.IsZero() {
		p.Time = k.Time
	}
	p.Position, p.Trusted = k.Position, k.Trusted
	return p
}

// Landing is where the reader was opened.
func (r *Reader) Landing() player.Landing { return r.landing }

// Tracks are those of the session.
func (r *Reader) Tracks() []media.Track {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	return r.s.tracks()
}

// Live reports whether what was read last is what was recorded last.
func (r *Reader) Live() bool {
	const near = 1500 * time.Millisecond
	e := r.s.Edge()
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	switch {
	case r.manner.Back:
		return false
	case r.s.foreign, e.Point == nil:
		return r.aim.live
	}
	return r.some && len(r.queue) == 0 && e.Point.Recorded-r.taken < near
}

// Close gives the reader up. The session stays for the next.
func (r *Reader) Close() {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.closed, r.queue, r.bytes = true, nil, 0
	if r.s.reader == r {
		r.s.reader = nil // what still comes is thrown away, until the next PLAY
	}
	if r.patience != nil {
		r.patience.Stop()
	}
	r.s.cond.Broadcast()
}

// Next waits for the next unit.
func (r *Reader) Next(ctx context.Context) (player.Item, error) {
	q, err := r.next(ctx)
	if err != nil {
		return player.Item{}, err
	}
	if q.Point != nil && !r.s.foreign {
		r.complete(ctx, &q)
	}
	return q.Item, nil
}

func (r *Reader) next(ctx context.Context) (queued, error) {
	s := r.s
	stop := context.AfterFunc(ctx, s.wake)
	defer stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if r.held && r.bytes < mostQueued/2 {
			s.mu.Unlock()
			err := s.resume(ctx, r)
			s.mu.Lock()
			if err != nil {
				return queued{}, err
			}
		}
		switch {
		case r.closed || s.reader != r:
			return queued{}, errTaken
		case len(r.queue) > 0:
			return r.take(), nil
		case ctx.Err() != nil:
			return queued{}, ctx.Err()
		case r.over && r.manner.Back:
			return queued{}, io.EOF
		case s.failed != nil:
			return queued{}, s.failed
		case r.over:
			return queued{}, errors.New(s.to.show + ": the stream ended; what comes now is described anew")
		}
		s.cond.Wait()
	}
}

// wake wakes who waits, to look at its context.
func (s *Source) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cond.Broadcast()
}

func (r *Reader) take() queued {
	q := r.queue[0]
	r.queue[0] = queued{}
	r.queue = r.queue[1:]
	r.bytes -= len(q.Payload) + unitCost
	r.taken = q.PTS()
	if !r.full() {
		if r.patience != nil && r.patience.Stop() {
			r.patience = nil
		}
		r.s.cond.Broadcast()
	}
	return q
}

// complete says where a point lies, and which gap was passed over before it.
func (r *Reader) complete(ctx context.Context, q *queued) {
	a := &r.s.axis
	if q.passed {
		k, ok := a.point(q.Point.Recorded)
		if a.known() && (!ok || q.Point.Time.Sub(k.Time).Abs() > apart || q.Point.Recorded >= a.length()) {
			r.s.learnShape(ctx)
		}
		from, until := q.from, q.Point.Time
		if r.manner.Back {
			from, until = until, from
		}
		if until.Sub(from) > apart {
			q.Gap = a.between(from.Add(time.Millisecond), until.Add(-time.Millisecond))
		}
	}
	*q.Point = r.s.place(*q.Point)
}

// hold pauses the session of a reader that takes nothing.
func (s *Source) hold(r *Reader) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-s.ctx.Done():
		return
	}
	s.mu.Lock()
	wanted := s.reader == r && !r.held && r.full() && s.failed == nil
	r.held = r.held || wanted // from here on what is still on its way is queued without waiting
	s.cond.Broadcast()
	s.mu.Unlock()
	if !wanted || s.speak(func() error { _, err := s.rtsp.Pause(); return err }) != nil {
		return
	}
	s.mu.Lock()
	s.playing = false
	s.mu.Unlock()
	s.done.Go(func() { s.keep(r) })
}

// keep says now and then that a paused session is still wanted.
func (s *Source) keep(r *Reader) {
	tick := time.NewTicker(aliveEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		s.mu.Lock()
		wanted := r.held && s.reader == r
		s.mu.Unlock()
		if !wanted {
			return
		}
		select {
		case s.turn <- struct{}{}:
			s.mu.Lock()
			paused := !s.playing
			s.mu.Unlock()
			if paused {
				s.speak(func() error { _, err := s.rtsp.Options(s.to.url); return err }) //nolint:errcheck // a failure ends the session
			}
			<-s.turn
		case <-s.ctx.Done():
			return
		}
	}
}

// resume plays on where hold paused.
func (s *Source) resume(ctx context.Context, r *Reader) error {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	s.mu.Lock()
	if !r.held || s.reader != r {
		s.mu.Unlock()
		return nil
	}
	r.held, r.patience = false, nil
	for _, l := range s.lines { // a picture that did not get out whole comes again from its key frame
		l.after, l.held = l.out, l.any
	}
	s.headers = base.Header{"Range": nil}
	s.starting, s.playing = true, true
	s.mu.Unlock()
	_, err := s.request()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.headers, s.starting = nil, false
	if err != nil {
		return err
	}
	s.release(r)
	return nil
}

var (
	_ player.Source = (*Source)(nil)
	_ player.Reader = (*Reader)(nil)
)
