package appliance

import (
	"context"
	"math"
	"sync"
	"time"

	"hindsight/appliance/web"
	"hindsight/media"
)

const (
	levelSpan  = 100 * time.Millisecond // of sound that one level is of
	levelStale = time.Second            // a level that old says nothing of now
	silentDB   = -120
)

// loudness measures a microphone.
type loudness struct {
	clock media.Clock

	mu    sync.Mutex
	peak  int     // of the samples since the last level
	power float64 // sum of their squares
	count int     // samples of all channels
	level web.Level
	until time.Duration // on Clock.Boot, when the level was made; 0: none was
}

// add takes what was heard.
func (l *loudness) add(s media.Sound) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, v := range s.Samples {
		l.peak = max(l.peak, int(v), -int(v))
		l.power += float64(v) * float64(v)
	}
	l.count += len(s.Samples)
	if l.count < int(levelSpan.Seconds()*float64(s.Rate*s.Channels)) || l.count == 0 {
		return
	}
	l.level = web.Level{Peak: decibels(float64(l.peak)), RMS: decibels(math.Sqrt(l.power / float64(l.count)))}
	l.until, l.peak, l.power, l.count = l.clock.Boot(), 0, 0, 0
}

// get is the newest level, if it is of now.
func (l *loudness) get() (web.Level, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.level, l.until > 0 && l.clock.Boot()-l.until < levelStale
}

// decibels of full scale, to a tenth.
func decibels(amplitude float64) float64 {
	if amplitude < 1e-6*math.MaxInt16 {
		return silentDB
	}
	return math.Round(200*math.Log10(amplitude/math.MaxInt16)) / 10
}

func (a *Appliance) level(camera string) (web.Level, bool) {
	if c := a.find(camera); c != nil {
		return c.loud.get()
	}
	return web.Level{}, false
}

// webDevices lists the devices as web hands them out.
func webDevices(ctx context.Context) ([]web.Device, error) {
	list, err := Devices(ctx)
	var out []web.Device
	for _, d := range list {
		x := web.Device{Kind: d.Kind.String(), Name: d.Name, Address: d.Address, Stable: d.Stable, Driver: d.Driver,
			Default: d.Default, Problem: d.Problem, Modes: []web.DeviceMode{}}
		for _, m := range d.Modes {
			if m.Rates == nil {
				m.Rates = []float64{}
			}
			x.Modes = append(x.Modes, web.DeviceMode(m))
		}
		out = append(out, x)
	}
	return out, err
}
