package appliance

import (
	"fmt"
	"log/slog"
	"regexp"
	"sort"
	"sync"
	"time"

	"hindsight/media"
)

// dropLogEvery is how often one reason for dropping is logged.
const dropLogEvery = time.Minute

// Drops last, and are a fault, when they have gone on for lastingAfter with no
// pause as long as dropPause.
const (
	lastingAfter = time.Minute
	dropPause    = 10 * time.Second
)

// drops counts what was received but could not be used, by kind and reason.
// Reasons that differ in their figures only, such as the time of a picture, are
// one: they would be a log line each, and a metric each.
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
	total, sinceLog     int64
	logged, since, last time.Duration // on Clock.Boot; since: the beginning of those without a pause
}

// maxDropReasons bounds the map against reasons that carry changing words.
const maxDropReasons = 50

// figures are what one reason may say differently every time; H.264 is none.
var figures = regexp.MustCompile(`(^|[ (=])-?[0-9][^ ,;:)]*`)

func newDrops(clock media.Clock, log *slog.Logger) *drops {
	return &drops{clock: clock, log: log, seen: map[dropKey]*dropCount{}}
}

// add counts one and logs the first of a reason, then at most once a minute.
func (d *drops) add(kind media.Kind, why string) {
	now := d.clock.Boot()
	d.mu.Lock()
	defer d.mu.Unlock()
	key := dropKey{kind, figures.ReplaceAllString(why, "${1}#")}
	c := d.seen[key]
	if c == nil {
		if len(d.seen) >= maxDropReasons {
			key.why = "other"
		}
		if c = d.seen[key]; c == nil {
			c = &dropCount{logged: now - dropLogEvery, since: now}
			d.seen[key] = c
		}
	}
	c.total++
	c.sinceLog++
	if now-c.last >= dropPause {
		c.since = now
	}
	c.last = now
	if now-c.logged >= dropLogEvery {
		d.log.Warn("dropped", "kind", kind, "reason", why, "count", c.sinceLog, "total", c.total)
		c.sinceLog, c.logged = 0, now
	}
}

// lasting tells what has been dropped for long and still is; empty when nothing is.
func (d *drops) lasting() string {
	now := d.clock.Boot()
	d.mu.Lock()
	defer d.mu.Unlock()
	var worst *dropCount
	var what dropKey
	for k, c := range d.seen {
		if now-c.last < dropPause && c.last-c.since >= lastingAfter && (worst == nil || c.since < worst.since) {
			worst, what = c, k
		}
	}
	if worst == nil {
		return ""
	}
	return fmt.Sprintf("%s has been dropped for %d min: %s", what.kind, int((now - worst.since).Minutes()), what.why)
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
