package rtsp

import "time"

// pace holds a UDP start back, which sends the past second or so before it
// reaches the live end, to a few times real time.
type pace struct {
	clock interface{ Boot() time.Duration }
	begun bool
	over  bool          // the live end was reached
	real  time.Duration // on the clock, at
	media time.Duration // this session time
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
	if played > 0 && played < passed {
		c.over = true
	}
	return (played-headStart)/catchUp - passed
}
