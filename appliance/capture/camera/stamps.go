package camera

import (
	"time"

	"hindsight/appliance/capture"
)

// oldest is the age above which a driver's stamp is not believed.
const oldest = 2 * time.Second

// stamps says when the frames of a stream were taken: by the driver's word if
// it has one that makes sense, else by the arrivals freed of jitter.
type stamps struct {
	filter   *capture.PeriodFilter
	distrust bool          // the driver's stamps made no sense once
	last     time.Duration // the newest stamp
	sequence uint32        // of the newest frame
	counting bool
}

func newStamps(rate float64) *stamps {
	return &stamps{filter: capture.NewPeriodFilter(rate)}
}

// next gives a frame's time on the clock of its arrival, and how many frames
// were lost before it as far as the driver counts them.
func (s *stamps) next(arrived time.Duration, f frame) (at time.Duration, missing int) {
	filtered := s.filter.Stamp(arrived)
	taken := arrived - f.age
	if !f.known || f.age < 0 || f.age > oldest || s.last != 0 && taken <= s.last && !s.distrust {
		s.distrust = true
	}
	at = taken
	if s.distrust {
		at = filtered
	}
	if at <= s.last && s.last != 0 {
		// From one way of knowing to the other; the two may differ by a frame's way here.
		at = s.last + max(1, (arrived-s.last)/2)
	}
	s.last = at
	return at, s.lost(f)
}

// lost counts the frames between the one before and f.
func (s *stamps) lost(f frame) int {
	step := f.sequence - s.sequence
	counting := s.counting && f.known
	s.sequence, s.counting = f.sequence, f.known
	// Drivers that do not count leave it at 0; one that begins anew jumps far.
	if !counting || step <= 1 || step > 1000 {
		return 0
	}
	return int(step) - 1
}
