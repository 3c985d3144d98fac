package recognise

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// cooler is by how many degrees the machine must have cooled down before
// recognition goes on.
const cooler = 5

// heat says whether the machine is too hot.
type heat struct {
	mu   sync.Mutex
	why  string // one sentence while it is; else empty
	wake chan struct{}
}

// tooHot is a sentence for a person while it is too hot; else empty.
func (h *heat) tooHot() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.why
}

// changed is closed when that changes.
func (h *heat) changed() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.wake == nil {
		h.wake = make(chan struct{})
	}
	return h.wake
}

// until waits until it is too hot, or is not.
func (h *heat) until(ctx context.Context, hot bool) error {
	for ctx.Err() == nil {
		changed := h.changed()
		if (h.tooHot() != "") == hot {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// see takes a temperature in degrees Celsius; most 0: any will do.
func (h *heat) see(celsius float64, most int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	why := h.why
	switch limit := float64(most); {
	case most <= 0 || celsius <= limit-cooler:
		why = ""
	case celsius >= limit || why != "":
		why = fmt.Sprintf("recognition pauses: the machine has %.0f °C, and %d are allowed; it goes on at %d", celsius, most, most-cooler)
	}
	turned := (why == "") != (h.why == "")
	h.why = why
	if turned && h.wake != nil {
		close(h.wake)
		h.wake = nil
	}
}

// hottest is the temperature of the hottest thermal zone, in degrees Celsius
// (Linux: Documentation/ABI/testing/sysfs-class-thermal, in thousandths). A
// zone that says what cannot be is left out; ok is false without any.
func hottest(system string) (celsius float64, ok bool) {
	zones, err := filepath.Glob(filepath.Join(system, "class", "thermal", "thermal_zone*", "temp"))
	if err != nil {
		return 0, false
	}
	for _, z := range zones {
		b, err := os.ReadFile(z)
		if err != nil {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(string(b)))
		if err != nil || n < -40_000 || n > 150_000 {
			continue
		}
		if c := float64(n) / 1000; !ok || c > celsius {
			celsius, ok = c, true
		}
	}
	return celsius, ok
}

// watchHeat looks at the temperature until ctx ends.
func (s *Service) watchHeat(ctx context.Context) {
	t := time.NewTicker(s.o.tick)
	defer t.Stop()
	for {
		c, ok := hottest(s.o.System)
		most := s.tuning().MaxCelsius
		if !ok {
			most = 0
		}
		s.heat.see(c, most)
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}
