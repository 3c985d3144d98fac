package web

import (
	"math"
	"sync"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// window is the time over which rates are measured: long enough for blocks
// that come once a second, short enough to show a camera that slows down.
const window = 10 * time.Second

// meter turns counts that only grow into rates. It remembers what it was shown
// in the last window; whoever asks for the status shows it.
type meter struct {
	mu     sync.Mutex
	tracks map[uint16][]sample
}

type sample struct {
	at           time.Time
	units, bytes int64
}

// measure notes a track's counts at now and returns units and bits a second
// since the oldest note that is still in the window; 0 with less than two seconds to go by.
func (m *meter) measure(track uint16, now time.Time, s sample) (units, bits float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tracks == nil {
		m.tracks = map[uint16][]sample{}
	}
	notes := m.tracks[track]
	for len(notes) > 1 && now.Sub(notes[1].at) >= window {
		notes = notes[1:]
	}
	if n := len(notes); n > 0 && (now.Before(notes[n-1].at) || now.Sub(notes[0].at) > 2*window || s.bytes < notes[0].bytes) {
		notes = nil // the clock was set, nobody looked for long, or old recording went
	}
	s.at = now
	if n := len(notes); n == 0 || now.Sub(notes[n-1].at) >= time.Second {
		notes = append(notes, s)
	}
	m.tracks[track] = notes
	long := now.Sub(notes[0].at).Seconds()
	if long < 2 {
		return 0, 0
	}
	round := func(x float64) float64 { return math.Round(x*100) / 100 }
	return round(float64(s.units-notes[0].units) / long), math.Round(float64(s.bytes-notes[0].bytes) * 8 / long)
}

// kept is what is on disk of a track.
type kept struct{ units, keys, bytes, damaged int64 }

// keptOf sums what the runs of m hold of each track; a nil filter takes all runs.
func keptOf(m *timeline.Map, filter map[media.Run]bool) map[uint16]kept {
	out := map[uint16]kept{}
	for _, r := range m.Runs {
		if filter != nil && !filter[r.Run] {
			continue
		}
		for _, s := range r.Stats {
			k := out[s.Track]
			k.units += s.Units
			k.keys += s.Keys
			k.bytes += s.Bytes
			k.damaged += s.Damaged
			out[s.Track] = k
		}
	}
	return out
}
