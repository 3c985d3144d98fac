package rtsp

import (
	"time"

	"hindsight/media"
)

// stamper turns positions into session time: the time since the session's first
// unit, from which the RTP time stamps of all tracks are made. It keeps to
// media time, so sound and picture stay together; live keeps to real time over a
// gap, and replay closes it.
type stamper struct {
	begun  bool
	run    media.Run
	origin time.Duration // media time at which
	base   time.Duration // the session time is this
	scale  float64       // media time for a session time; 0: 1
	last   media.Position
	high   time.Duration // highest session time given out
}

// shortStep is how far session time moves where nothing tells how far it should.
const shortStep = 40 * time.Millisecond

// at is the session time of p. Where the run changes it goes on by the wall
// time that passed, and never back.
func (s *stamper) at(p media.Position, wall func(media.Position) (time.Time, bool)) time.Duration {
	switch {
	case !s.begun:
		s.begun, s.run, s.origin = true, p.Run, p.Time
	case p.Run != s.run:
		step := shortStep
		a, _ := wall(s.last)
		b, _ := wall(p)
		if d := b.Sub(a); !a.IsZero() && !b.IsZero() && d > step {
			step = d
		}
		s.run, s.origin, s.base = p.Run, p.Time, s.high+step
	}
	return s.keep(p, s.base+p.Time-s.origin)
}

// keep notes the highest session time.
func (s *stamper) keep(p media.Position, t time.Duration) time.Duration {
	if t >= s.high {
		s.high, s.last = t, p
	}
	return t
}

// cut makes p follow what was given out last after a step of session time.
func (s *stamper) cut(p media.Position, step time.Duration) {
	if s.begun {
		s.base = s.high + max(step, time.Millisecond)
	}
	s.begun, s.run, s.origin = true, p.Run, p.Time
}

// replay is the session time of p, which follows without a cut.
func (s *stamper) replay(p media.Position) time.Duration {
	d := p.Time - s.origin
	if s.scale != 0 && s.scale != 1 {
		d = time.Duration(float64(d) / s.scale)
	}
	return s.keep(p, s.base+d)
}

// rescale goes on at another scale, without a cut.
func (s *stamper) rescale(scale float64) {
	if s.scale != scale {
		s.base, s.run, s.origin, s.scale = s.high, s.last.Run, s.last.Time, scale
	}
}

// start is the moment of the last cut.
func (s *stamper) start() media.Position { return media.Position{Run: s.run, Time: s.origin} }

// past is the session time of a moment near one that was given out; before the
// first it is below 0. ok is false when it is of another run.
func (s *stamper) past(p media.Position) (at time.Duration, ok bool) {
	if !s.begun || p.Run != s.run {
		return 0, false
	}
	return s.base + p.Time - s.origin, true
}

// ticks is a session time on a clock of rate Hz, rounded down and without the
// overflow that a product of nanoseconds and Hz has after 27 hours at 90 kHz.
func ticks(t time.Duration, rate uint32) uint32 {
	sec, frac := int64(t/time.Second), int64(t%time.Second)
	if frac < 0 {
		sec, frac = sec-1, frac+int64(time.Second)
	}
	return uint32(sec*int64(rate) + frac*int64(rate)/int64(time.Second))
}
