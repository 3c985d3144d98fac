package main

import (
	"time"

	"hindsight/appliance/pattern"
)

// wallStep is how far wall time and time stamp may part from one frame to the next
// before it counts as a step: more than the rounding of both.
const wallStep = 50 * time.Millisecond

// frames watches the pictures.
type frames struct {
	s         streams
	count     int64
	bad       int64 // squares that cannot be read
	missing   int64
	doubled   int64
	backwards int64
	begun     bool
	first     mark // the first readable frame
	last      mark // the newest readable one
	end       time.Duration
	bright    bool
	flashes   []mark // the first white frame of each

	wallLast  time.Duration // how far wall time had gone ahead of time stamps at the frame before
	wallError time.Duration // the furthest from it
	wallSteps int64
}

// mark is one frame: its number and when it is shown.
type mark struct {
	n  int64
	at time.Duration
	ms uint32 // wall time
}

func (f *frames) frame(at time.Duration, luma []byte) {
	f.count++
	f.end = at
	n, ms, ok := pattern.ReadNumbers(luma, f.s.smallW, f.s.smallH, f.s.square)
	if !ok {
		f.bad++
		return
	}
	m := mark{int64(n), at, ms}
	if bright := pattern.ReadFlash(luma, f.s.smallW, f.s.smallH); bright != f.bright {
		f.bright = bright
		if bright && f.begun { // one that was white from the start has lost its beginning
			f.flashes = append(f.flashes, m)
		}
	}
	f.order(m)
	f.wallTime(m)
	f.last, f.begun = m, true
}

func (f *frames) order(m mark) {
	if !f.begun {
		f.first = m
		return
	}
	switch d := m.n - f.last.n; {
	case d == 0:
		f.doubled++
	case d < 0:
		f.backwards++
	default:
		f.missing += d - 1
	}
}

func (f *frames) wallTime(m mark) {
	if !f.begun {
		return
	}
	// 32 bits of milliseconds wrap every 50 days; their difference does not mind.
	passed := time.Duration(int32(m.ms-f.first.ms)) * time.Millisecond
	off := passed - (m.at - f.first.at)
	if (off - f.wallLast).Abs() > wallStep {
		f.wallSteps++
	}
	f.wallLast = off
	if off.Abs() > f.wallError.Abs() {
		f.wallError = off
	}
}

// rate is the number of frames a second by their numbers and times, rounded.
func (f *frames) rate() int {
	if d := f.last.at - f.first.at; d > 0 && f.last.n > f.first.n {
		return max(1, int(float64(f.last.n-f.first.n)/d.Seconds()+0.5))
	}
	return 0
}

// start is when frame 0 of the run is shown, by the last frame.
func (f *frames) start(rate int) time.Duration {
	return f.last.at - pattern.FrameTime(f.last.n, rate)
}

// flashTimes are when the flashes begin. A frame that is missing at the start of a
// flash does not make it later; strays are flashes at other numbers than they should.
func (f *frames) flashTimes(rate int) (at []time.Duration, strays int64) {
	for _, m := range f.flashes {
		late := m.n % int64(rate)
		if late >= pattern.FlashFrames {
			strays++
			continue
		}
		at = append(at, m.at-pattern.FrameTime(late, rate))
	}
	return at, strays
}
