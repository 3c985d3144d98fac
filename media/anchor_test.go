package media

import (
	"math/rand/v2"
	"testing"
	"time"
)

// epoch is the wall time that the tests count from.
var epoch = time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC)

const sec = time.Second

func an(m, wall time.Duration, trusted bool) Anchor {
	return Anchor{Media: m, Wall: epoch.Add(wall), Trusted: trusted}
}

func TestAnchorsWall(t *testing.T) {
	for _, c := range []struct {
		name string
		as   Anchors
		want map[time.Duration]time.Duration // media time: wall time after epoch
	}{
		{"one", Anchors{an(0, 0, true)}, map[time.Duration]time.Duration{0: 0, 5 * sec: 5 * sec, -sec: -sec}},
		{"one, late", Anchors{an(10*sec, 100*sec, true)}, map[time.Duration]time.Duration{0: 90 * sec, 10 * sec: 100 * sec, 20 * sec: 110 * sec}},
		{"trusted re-dates untrusted", Anchors{an(0, -1000*sec, false), an(10*sec, 10*sec, true)},
			map[time.Duration]time.Duration{0: 0, 9 * sec: 9 * sec, 10 * sec: 10 * sec, 20 * sec: 20 * sec}},
		{"untrusted after trusted does not count", Anchors{an(0, 0, true), an(10*sec, 999*sec, false)},
			map[time.Duration]time.Duration{5 * sec: 5 * sec, 15 * sec: 15 * sec}},
		{"a trusted step moves only what follows", Anchors{an(0, 0, true), an(10*sec, 70*sec, true)},
			map[time.Duration]time.Duration{10*sec - 1: 10*sec - 1, 10 * sec: 70 * sec, 11 * sec: 71 * sec}},
		{"an untrusted step moves only what follows", Anchors{an(0, 0, false), an(10*sec, -50*sec, false)},
			map[time.Duration]time.Duration{0: 0, 9 * sec: 9 * sec, 10 * sec: -50 * sec, 12 * sec: -48 * sec}},
		{"two untrusted, two trusted", Anchors{an(0, 1*sec, false), an(5*sec, 2*sec, false), an(10*sec, 110*sec, true), an(20*sec, 119*sec, true)},
			map[time.Duration]time.Duration{0: 100 * sec, 6 * sec: 106 * sec, 19 * sec: 119 * sec, 20 * sec: 119 * sec, 21 * sec: 120 * sec}},
	} {
		for m, want := range c.want {
			if got := c.as.Wall(m); !got.Equal(epoch.Add(want)) {
				t.Errorf("%s: media %v is at %v, want %v", c.name, m, got.Sub(epoch), want)
			}
		}
	}
	if !(Anchors{}).Wall(sec).IsZero() || (Anchors{}).Media(epoch) != 0 {
		t.Error("no anchors map something")
	}
}

func TestAnchorsMedia(t *testing.T) {
	for _, c := range []struct {
		name string
		as   Anchors
		want map[time.Duration]time.Duration // wall time after epoch: media time
	}{
		{"one", Anchors{an(10*sec, 100*sec, true)}, map[time.Duration]time.Duration{90 * sec: 0, 100 * sec: 10 * sec, 80 * sec: -10 * sec}},
		{"stepped forward: the time between is the first after it", Anchors{an(0, 0, true), an(10*sec, 70*sec, true)},
			map[time.Duration]time.Duration{9 * sec: 9 * sec, 10 * sec: 10 * sec, 40 * sec: 10 * sec, 70 * sec: 10 * sec, 71 * sec: 11 * sec}},
		{"stepped back: the later one is meant", Anchors{an(0, 0, true), an(10*sec, 5*sec, true)},
			map[time.Duration]time.Duration{4 * sec: 4 * sec, 5 * sec: 10 * sec, 8 * sec: 13 * sec, 10 * sec: 15 * sec}},
		{"back and forth", Anchors{an(0, 0, false), an(10*sec, -100*sec, false), an(20*sec, 20*sec, false)},
			map[time.Duration]time.Duration{5 * sec: 5 * sec, -95 * sec: 15 * sec, 25 * sec: 25 * sec}},
		{"trusted re-dates untrusted", Anchors{an(0, -1000*sec, false), an(10*sec, 10*sec, true)},
			map[time.Duration]time.Duration{3 * sec: 3 * sec, 12 * sec: 12 * sec}},
	} {
		for wall, want := range c.want {
			if got := c.as.Media(epoch.Add(wall)); got != want {
				t.Errorf("%s: wall %v is media %v, want %v", c.name, wall, got, want)
			}
		}
	}
}

// TestAnchorsInvert: Media undoes Wall, but for a moment whose wall time exists
// again later in the run.
func TestAnchorsInvert(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		var as Anchors
		m := time.Duration(0)
		for range 1 + rnd.IntN(5) {
			as = append(as, an(m, time.Duration(rnd.Int64N(int64(200*sec))), rnd.IntN(2) == 0))
			m += time.Duration(1 + rnd.Int64N(int64(50*sec)))
		}
		for range 50 {
			m := time.Duration(rnd.Int64N(int64(200 * sec)))
			back := as.Media(as.Wall(m))
			if back < m || !as.Wall(back).Equal(as.Wall(m)) {
				t.Fatalf("%v: media %v is at %v, which is media %v", as, m, as.Wall(m).Sub(epoch), back)
			}
		}
	}
}

func TestAnchorsTrusted(t *testing.T) {
	for _, c := range []struct {
		as   Anchors
		want bool
	}{
		{nil, false},
		{Anchors{an(0, 0, false)}, false},
		{Anchors{an(0, 0, false), an(1, 1, true)}, true},
		{Anchors{an(0, 0, true), an(1, 1, false)}, true},
	} {
		if got := c.as.Trusted(); got != c.want {
			t.Errorf("%v: trusted %v, want %v", c.as, got, c.want)
		}
	}
}
