package encode

import (
	"fmt"
	"time"

	"hindsight/media"
)

// Decision is how a camera is recorded on this machine.
type Decision struct {
	Width, Height int           // recorded
	Rate          float64       // recorded, pictures a second
	Untouched     bool          // the camera's JPEG images are kept as they are
	Load          float64       // expected share of one core, 0 to 1; more: pictures will be dropped
	Cost          time.Duration // measured, for one full picture; 0: nothing was encoded
	Why           string        // one sentence for the log, the status and the page
}

// maxLoad leaves a third of the time to spare.
const maxLoad = 2.0 / 3

// fixed is the share of a picture's cost that stays when the picture is scaled
// down: converting and scaling read all of it.
const fixed = 0.1

// Decide says how to record a camera of which one picture costs so much to turn
// into H.264 on this machine. It is a pure function of its arguments.
//
// A camera's own H.264 costs nothing. What the machine can encode with a third of the time to
// spare is encoded at full size and rate. Else a camera that gives JPEG is recorded
// untouched, and a raw one at the first of these that the machine can hold: three
// quarters of each side, half of each side, the same at half the rate, a quarter of
// each side at half the rate; the last one in any case.
func Decide(width, height int, rate float64, format media.Format, cost time.Duration) Decision {
	d := Decision{Width: width, Height: height, Rate: rate, Cost: cost}
	if format == media.FormatH264 {
		d.Cost = 0
		d.Why = fmt.Sprintf("the camera makes H.264 itself: %dx%d at %.4g/s is recorded as it comes", width, height, rate)
		return d
	}
	d.Load = load(cost, 1, rate)
	if d.Load <= maxLoad {
		d.Why = fmt.Sprintf("%dx%d at %.4g/s takes %.0f %% of one core", width, height, rate, 100*d.Load)
		return d
	}
	too := fmt.Sprintf("encoding %dx%d at %.4g/s would take %.0f %% of one core, more than %.0f %%",
		width, height, rate, 100*d.Load, 100*maxLoad)
	if format == media.FormatMJPEG {
		d.Untouched, d.Load = true, 0
		d.Why = too + ": the camera's JPEG images are recorded as they come"
		return d
	}
	return d.shrink(too)
}

// shrink finds a size and rate that the machine can hold.
func (d Decision) shrink(too string) Decision {
	width, height, rate := d.Width, d.Height, d.Rate
	for _, step := range []struct{ side, rate float64 }{{.75, 1}, {.5, 1}, {.5, .5}, {.25, .5}} {
		d.Width, d.Height = fit(width, height, int(float64(width)*step.side), int(float64(height)*step.side))
		d.Rate = rate * step.rate
		share := float64(d.Width*d.Height) / float64(width*height)
		if d.Load = load(d.Cost, share, d.Rate); d.Load <= maxLoad {
			d.Why = fmt.Sprintf("%s: %dx%d at %.4g/s is recorded, which takes %.0f %%", too, d.Width, d.Height, d.Rate, 100*d.Load)
			return d
		}
	}
	d.Why = fmt.Sprintf("%s: %dx%d at %.4g/s is recorded, and pictures will be dropped, since even that takes %.0f %%",
		too, d.Width, d.Height, d.Rate, 100*d.Load)
	return d
}

// Options are those of a Video that does what was decided, for a source that gives
// rate pictures a second; bitrate as in VideoOptions. A larger picture that comes later is scaled
// down to the size that was decided on.
func (d Decision) Options(rate float64, bitrate int) VideoOptions {
	o := VideoOptions{Rate: rate, Bitrate: bitrate, Width: d.Width, Height: d.Height, Untouched: d.Untouched}
	if d.Rate < rate {
		o.Keep = d.Rate
	}
	return o
}

// load is the share of a core that pictures of a share of the full size take.
func load(cost time.Duration, share, rate float64) float64 {
	return cost.Seconds() * (fixed + (1-fixed)*share) * rate
}
