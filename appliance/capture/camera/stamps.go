package camera

import (
	"time"

	"hindsight/appliance/capture"
)

const (
	// A driver's stamp is believed if the picture came at most this long after it,
	// or this little before: some drivers compute their stamps ahead.
	oldest   = 2 * time.Second
	youngest = -100 * time.Millisecond
	// A driver with so many stamps that make no sense is not asked again.
	enough = 5
)

// bridge turns times of the clock of drivers into those of the recorder's. The
// two run alike, and one goes on while the machine sleeps.
type bridge struct {
	boot, driver func() time.Duration
	offset       time.Duration
	known        bool
}

// measure looks at both clocks. This thread may be stopped between the two, so
// a measurement counts only if the offset known so far contradicts it.
func (b *bridge) measure() {
	before := b.driver()
	boot := b.boot()
	width := b.driver() - before
	offset := boot - before - width/2
	if !b.known || (offset-b.offset).Abs() > width/2 {
		b.offset, b.known = offset, true
	}
}

func (b *bridge) turn(t time.Duration) time.Duration { return t + b.offset }

// stamps says when the frames of a stream were taken: by the driver's word if
// it has one that makes sense, else by the arrivals freed of jitter.
type stamps struct {
	filter   *capture.PeriodFilter
	nonsense int           // stamps of the driver that made no sense
	ahead    time.Duration // the most by which a picture came before its stamp
	last     time.Duration // the newest stamp
	sequence uint32        // of the newest frame
	counting bool
}

func newStamps(rate float64) *stamps {
	return &stamps{filter: capture.NewPeriodFilter(rate)}
}

// next gives the time of a frame, whose own times are already the recorder's,
// and how many frames were lost before it as far as the driver counts them.
func (s *stamps) next(f frame) (at time.Duration, missing int) {
	filtered := s.filter.Stamp(f.arrived)
	age := f.arrived - f.stamp
	sensible := f.known && age >= youngest && age <= oldest && (s.last == 0 || f.stamp > s.last)
	if !sensible {
		s.nonsense++
	}
	at = filtered
	if sensible && s.nonsense < enough {
		s.ahead = max(s.ahead, -age)
		at = f.stamp - s.ahead // nothing is seen before it happens
	}
	if at <= s.last && s.last != 0 {
		// From one way of knowing to the other; the two may differ by a frame's way here.
		at = s.last + max(1, (f.arrived-s.last)/2)
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
