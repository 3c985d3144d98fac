package rtsp

import (
	"math"
	"time"

	"hindsight/media"
)

// manner is how history is played.
type manner struct {
	scale  float64
	speed  float64
	free   bool // not held back: the client's reading is the pace
	frames choice
}

func plainManner() manner { return manner{scale: 1, speed: 1} }

// with is the manner that an order asks for, where it does.
func (m manner) with(o order) manner {
	if o.scale != nil {
		m.scale = *o.scale
	}
	if o.speed != nil {
		m.speed = *o.speed
	}
	if o.frames != nil {
		m.frames = *o.frames
	}
	if o.rate != "" {
		m.free = o.rate == "no"
	}
	return m
}

func (m manner) backward() bool { return m.scale < 0 }

// keys: only key frames are sent.
func (m manner) keys() bool { return m.backward() || m.scale > mostFull || m.frames.keys }

// whole: sound and captions are sent, too.
func (m manner) whole() bool { return m.scale == 1 && !m.frames.keys }

// pace is how sending is held back.
func (m manner) pace(clock media.Clock, udp bool) pace {
	c := pace{clock: clock, rate: m.speed, head: replayHead}
	if m.free {
		c.rate = math.Inf(1)
	}
	if udp {
		c.rate, c.head = min(c.rate, catchUp), headStart
	}
	return c
}

// replayHead is how much a client gets at once, so that it can begin to play and
// has something in hand when the network or the disk hesitates.
const replayHead = time.Second
