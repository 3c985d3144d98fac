package timeline

import (
	"time"

	"hindsight/media"
)

// Back is the moment so long before now: by media time as far as the run being
// recorded goes back, by wall time beyond it. A clock that was set meanwhile does
// not matter to the first. now is Clock.Boot.
func (t *Timeline) Back(now, d time.Duration) media.Position {
	if t.o.ReadOnly {
		p, ok := t.Newest()
		if !ok {
			return media.Position{}
		}
		return t.backFrom(p, d)
	}
	return t.backFrom(media.Position{Run: t.run, Time: t.Media(now)}, d)
}

func (t *Timeline) backFrom(p media.Position, d time.Duration) media.Position {
	first := time.Duration(0)
	for _, r := range t.view() {
		if r.info.Run == p.Run && !r.empty() {
			first = r.info.First
		}
	}
	if p.Time-d >= first {
		return media.Position{Run: p.Run, Time: p.Time - d}
	}
	began, _ := t.Wall(media.Position{Run: p.Run, Time: first})
	at, ok := t.Position(began.Add(-(d - (p.Time - first))))
	if !ok || p.Before(at) {
		return media.Position{Run: p.Run, Time: first}
	}
	return at
}
