package rtsp

import "time"

// pace holds sending back. A UDP start at the live address, which sends the past
// second or so before it reaches the live end, goes at a few times real time;
// replay at the speed that was asked for.
type pace struct {
	clock interface{ Boot() time.Duration }
	begun bool
	over  bool          // the live end was reached
	real  time.Duration // on the clock, at
	media time.Duration // this session time

	rate float64       // session time for a real time; 0: catchUp, until over
	head time.Duration // of session time that goes out at once
}

// again begins anew, for a cursor that was moved.
func (c *pace) again() { c.begun, c.over = false, false }

// wait is how long to wait before the unit at session time at.
func (c *pace) wait(at time.Duration) time.Duration {
	if c.over {
		return 0
	}
	now := c.clock.Boot()
	if !c.begun {
		c.begun, c.real, c.media = true, now, at
	}
	played, passed := at-c.media, now-c.real
	if c.rate != 0 {
		return time.Duration(float64(played-c.head)/c.rate) - passed
	}
	if played > 0 && played < passed {
		c.over = true
	}
	return (played-headStart)/catchUp - passed
}
