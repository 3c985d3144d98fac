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

// Near is what is recorded near the range; see Before and After.
func (n *Nothing) Near() (before, after time.Time) { return n.Before, n.After }

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
