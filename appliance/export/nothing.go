package export

import (
	"fmt"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Nothing says that nothing is recorded in a range, and what is near it.
type Nothing struct {
	Before, After time.Time // end of the recording before, beginning of the one after (UTC); zero: none
}

// Error is one line for a person.
func (n *Nothing) Error() string {
	switch b, a := n.Before.Format(stamp), n.After.Format(stamp); {
	case n.Before.IsZero() && n.After.IsZero():
		return "export: nothing is recorded yet"
	case n.After.IsZero():
		return fmt.Sprintf("export: nothing is recorded in that range; the recording ends at %s", b)
	case n.Before.IsZero():
		return fmt.Sprintf("export: nothing is recorded in that range; the recording begins at %s", a)
	default:
		return fmt.Sprintf("export: nothing is recorded in that range; the recording before it ends at %s, the one after begins at %s", b, a)
	}
}

func nothing(tl Timeline, m *timeline.Map, at media.Position) error {
	n := &Nothing{}
	for _, s := range m.Spans {
		end, start := media.Position{Run: s.Run, Time: s.Until}, media.Position{Run: s.Run, Time: s.From}
		if !at.Before(end) {
			n.Before, _ = tl.Wall(end)
		} else if n.After.IsZero() {
			n.After, _ = tl.Wall(start)
		}
	}
	return n
}

// Resolve turns a range of wall times into positions: what lies in a gap or
// before everything becomes the next recorded moment, an end after everything the newest one.
func Resolve(tl Timeline, from, to time.Time) (a, b media.Position, err error) {
	if !from.Before(to) {
		return a, b, fmt.Errorf("export: the range ends at %s, not after its beginning at %s", to.UTC().Format(stamp), from.UTC().Format(stamp))
	}
	m := tl.Map()
	a, ok := tl.Position(from)
	if !ok {
		return a, b, nothing(tl, m, Newest(m))
	}
	if b, ok = tl.Position(to); !ok {
		b = Newest(m)
	}
	if b == a {
		return a, b, nothing(tl, m, a)
	}
	if b.Before(a) {
		return a, b, fmt.Errorf("export: the clock was set back in that range, so its times are not in order; give positions instead, as in %v", a)
	}
	return a, b, nil
}

// Newest is a position behind everything recorded, what is on its way included.
func Newest(m *timeline.Map) media.Position {
	if len(m.Spans) == 0 {
		return media.Position{}
	}
	last := m.Spans[len(m.Spans)-1]
	return media.Position{Run: last.Run, Time: last.Until + skew}
}
