package appliance

import (
	"log/slog"
	"sort"
	"sync"
	"time"

	"hindsight/media"
)

// dropLogEvery is how often one reason for dropping is logged.
const dropLogEvery = time.Minute

// drops counts what was received but could not be used, by kind and reason.
type drops struct {
	clock media.Clock
	log   *slog.Logger

	mu   sync.Mutex
	seen map[dropKey]*dropCount
}

type dropKey struct {
	kind media.Kind
	why  string
}

type dropCount struct {
	total, sinceLog int64
	logged          time.Duration // on Clock.Boot
}

// maxDropReasons bounds the map against reasons that carry changing details.
const maxDropReasons = 50

func newDrops(clock media.Clock, log *slog.Logger) *drops {
	return &drops{clock: clock, log: log, seen: map[dropKey]*dropCount{}}
}

// add counts one and logs the first of a reason, then at most once a minute.
func (d *drops) add(kind media.Kind, why string) {
	now := d.clock.Boot()
	d.mu.Lock()
	defer d.mu.Unlock()
	key := dropKey{kind, why}
	c := d.seen[key]
	if c == nil {
		if len(d.seen) >= maxDropReasons {
			key.why = "other"
		}
		if c = d.seen[key]; c == nil {
			c = &dropCount{logged: now - dropLogEvery}
			d.seen[key] = c
		}
	}
	c.total++
	c.sinceLog++
	if now-c.logged >= dropLogEvery {
		d.log.Warn("dropped", "kind", kind, "reason", why, "count", c.sinceLog, "total", c.total)
		c.sinceLog, c.logged = 0, now
	}
}

// Drop is how many were dropped for one reason since the start.
type Drop struct {
	Kind   media.Kind
	Reason string
	Count  int64
}

// list is everything counted, in a fixed order.
func (d *drops) list() []Drop {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Drop
	for k, c := range d.seen {
		out = append(out, Drop{k.kind, k.why, c.total})
	}
	sort.Slice(out, func(i, j int) bool {
		return out[i].Kind < out[j].Kind || out[i].Kind == out[j].Kind && out[i].Reason < out[j].Reason
	})
	return out
}
