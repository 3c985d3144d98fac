package appliance

import (
	"math"
	"testing"
	"time"

	"hindsight/media"
)

// stopped is a clock that stands where it is put.
type stoppedClock struct{ at time.Duration }

func (c *stoppedClock) Boot() time.Duration     { return c.at }
func (c *stoppedClock) Wall() (time.Time, bool) { return time.Time{}, false }

func TestLevel(t *testing.T) {
	for _, c := range []struct {
		name      string
		amplitude float64 // of a sine
		peak, rms float64 // dB
	}{
		{"as loud as can be", 32767, 0, -3},
		{"half", 16383.5, -6, -9},
		{"a tenth", 3276.7, -20, -23},
		{"one bit", 1, -90.3, -93.3},
		{"silence", 0, silentDB, silentDB},
	} {
		clock := &stoppedClock{time.Hour}
		l := &loudness{clock: clock}
		s := media.Sound{Rate: 48000, Channels: 2, Samples: make([]int16, 2*480)}
		for i := range s.Samples { // 1 kHz
			s.Samples[i] = int16(math.Round(c.amplitude * math.Sin(2*math.Pi*float64(i/2)/48)))
		}
		for i := range 10 {
			if _, ok := l.get(); ok {
				t.Errorf("%s: there is a level after %d ms", c.name, 10*i)
			}
			l.add(s)
		}
		got, ok := l.get()
		if c.amplitude == 1 { // a sine of one bit is a square wave with pauses
			c.rms = got.RMS
		}
		if !ok || math.Abs(got.Peak-c.peak) > 0.11 || math.Abs(got.RMS-c.rms) > 0.11 {
			t.Errorf("%s: %+v, %v; want %v and %v", c.name, got, ok, c.peak, c.rms)
		}
		clock.at += 2 * time.Second
		if _, ok := l.get(); ok {
			t.Errorf("%s: a level of 2 s ago counts as now", c.name)
		}
	}
}
