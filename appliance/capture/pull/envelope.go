package pull

import "time"

const (
	windowParts = 10          // the lower envelope is kept over the last ten …
	windowPart  = time.Second // … seconds of arrivals
)

// envelope follows the smallest difference between arrival and camera time over
// the last ten seconds of arrivals. Networks and encoders only ever delay, so the
// smallest is what has the least of their jitter in it: a late packet, a burst after
// a stall or a large key frame does not move it, while a drift of the clocks does.
// Time without arrivals does not count, so that a stall does not make it forget.
type envelope struct {
	parts [windowParts]time.Duration
	n     int           // parts in use
	cur   int           // the part that is being filled
	begun time.Duration // Clock.Boot at which it began
}

// observe takes the difference seen at now (Clock.Boot).
func (e *envelope) observe(now, diff time.Duration) {
	if e.n > 0 && now-e.begun < windowPart {
		e.parts[e.cur] = min(e.parts[e.cur], diff)
		return
	}
	if e.n > 0 {
		e.cur = (e.cur + 1) % windowParts
	}
	e.n = min(e.n+1, windowParts)
	e.begun, e.parts[e.cur] = now, diff
}

// min is the smallest difference of the window; ok is false before the first.
func (e *envelope) min() (diff time.Duration, ok bool) {
	for i, d := range e.parts[:e.n] {
		if i == 0 || d < diff {
			diff = d
		}
	}
	return diff, e.n > 0
}
