package pull

import (
	"time"

	"github.com/pion/rtcp"
)

const (
	jump      = time.Second // an RTP time this far from what the arrival allows begins anew
	maxSlew   = 500e-6      // the mapping follows a drifting camera at 500 ppm at most …
	slewOver  = 20 * time.Second
	catchUp   = 0.05        // pictures are put beside their sound by running so much faster or slower
	stepAfter = time.Second // … and is set anew when it is off by more than this
)

// timing maps the RTP time of one track to Clock.Boot.
//
// Its mapping is straight between two packets (out is added to the RTP time), so
// that units keep the distance that the camera gave them, and bends slowly
// towards where the arrivals, or the camera's sender reports, say it should be.
type timing struct {
	rate  int64 // Hz of RTP time
	sound bool
	begun bool
	last  uint32 // the newest RTP time seen
	ext   int64  // the same, not wrapped
	env   envelope
	out   time.Duration // Clock.Boot minus RTP time
	owed  time.Duration // still to be added to out, to be beside the other tracks

	moved    time.Duration // Clock.Boot of the last bend
	movedExt int64         // and RTP time

	// shift is NTP time minus RTP time by the sender reports in force, newest what
	// the last report said. Both are kept for all tracks of a camera together.
	shift, newest time.Duration
	newestKnown   bool
	reported      reportAt
	early         *rtcp.SenderReport // came before the first packet
}

// length is the duration of ticks of the track's clock.
func (t *timing) length(ticks int64) time.Duration {
	return time.Duration(ticks/t.rate)*time.Second + time.Duration(ticks%t.rate*int64(time.Second)/t.rate)
}

// boot is the mapping as it stands now.
func (t *timing) boot(ext int64) time.Duration { return t.length(ext) + t.out }

// unwrap gives an RTP time near the newest one without its wraps.
func (t *timing) unwrap(rtp uint32) int64 { return t.ext + int64(int32(rtp-t.last)) }

// jumps reports whether the RTP time of a packet that arrived at now cannot belong
// to the same count: it is back by more than reordering explains or, once the mapping
// has settled, the packet is here before it can have been sent.
func (t *timing) jumps(rtp uint32, now time.Duration, settled bool) bool {
	if !t.begun {
		return false
	}
	ext := t.unwrap(rtp)
	low, _ := t.env.min()
	return t.length(ext-t.ext) < -jump || settled && now-t.length(ext) < low-jump
}

// observe takes the RTP time of the first packet of a unit, which arrived at now.
func (t *timing) observe(rtp uint32, now time.Duration) {
	if !t.begun {
		t.restart(rtp, now)
		return
	}
	t.last, t.ext = rtp, t.unwrap(rtp)
	t.env.observe(now, now-t.length(t.ext))
}

// restart begins a new count at a packet that arrived at now. Units before and
// after have a stretch of unknown length between them.
func (t *timing) restart(rtp uint32, now time.Duration) {
	*t = timing{rate: t.rate, sound: t.sound, begun: true, last: rtp, out: now, moved: now, early: t.early}
	t.env.observe(now, now)
}

// bend moves the mapping towards target, by a part of the time that has passed
// since the last bend on both clocks: so a unit never comes before the one before it.
func (t *timing) bend(target, now time.Duration) {
	passed := min(now-t.moved, t.length(t.ext-t.movedExt))
	if passed <= 0 {
		return
	}
	t.moved, t.movedExt = now, t.ext
	catch := limit(t.owed, catchUp, passed)
	t.out += catch
	t.owed -= catch
	off := target - t.out - t.owed
	if off > stepAfter { // later is always possible; earlier would be before what is recorded
		t.out += off
		return
	}
	t.out += limit(time.Duration(float64(off)*passed.Seconds()/slewOver.Seconds()), maxSlew, passed)
}

// limit keeps d within a part of passed, both ways.
func limit(d time.Duration, part float64, passed time.Duration) time.Duration {
	most := time.Duration(part * float64(passed))
	return max(-most, min(most, d))
}
