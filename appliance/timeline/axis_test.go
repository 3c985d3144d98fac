package timeline

import (
	"testing"
	"time"

	"hindsight/media"
)

// maps is a line that shows one map after the other.
type maps struct{ m *Map }

func (l *maps) Map() *Map { return l.m }

func span(run media.Run, from, until, recorded time.Duration) Span {
	return Span{Run: run, From: from * time.Second, Until: until * time.Second, Recorded: recorded * time.Second}
}

func TestAxis(t *testing.T) {
	at := func(run media.Run, s time.Duration) media.Position {
		return media.Position{Run: run, Time: s * time.Second}
	}
	line := &maps{&Map{Spans: []Span{span(1, 10, 20, 0), span(1, 50, 60, 10), span(3, 1, 6, 20)}}}
	a := NewAxis(line, line.Map(), at(1, 12), true)
	if a.Length() != 23*time.Second || a.End() != at(3, 6) {
		t.Errorf("length %v, end %v", a.Length(), a.End())
	}
	check := func(p media.Position, recorded, offset time.Duration) {
		t.Helper()
		if got := a.Recorded(p); got != recorded*time.Second {
			t.Errorf("%v is recorded %v, want %v s", p, got, recorded)
		}
		if got := a.Offset(p); got != offset*time.Second {
			t.Errorf("offset at %v: %v, want %v s", p, got, offset)
		}
	}
	check(at(1, 12), 0, -12)
	check(at(1, 19), 7, -12)
	check(at(1, 30), 8, -42) // in the gap: where it goes on
	check(at(1, 55), 13, -42)
	check(at(2, 5), 18, 17)
	check(at(3, 3), 20, 17)
	// The oldest is deleted, the run goes on, another gap comes: what was known keeps its number.
	line.m = &Map{Spans: []Span{span(1, 55, 60, 0), span(3, 1, 16, 5), span(3, 30, 40, 20)}}
	check(at(1, 55), 13, -42)
	check(at(3, 3), 20, 17)
	check(at(3, 10), 27, 17)
	check(at(3, 20), 33, 3)
	check(at(3, 35), 38, 3)
	for recorded, want := range map[time.Duration]media.Position{0: at(1, 12), 8: at(1, 50), 22: at(3, 5), 27: at(3, 10), 33: at(3, 30)} {
		if p, ok := a.At(recorded * time.Second); p != want || !ok {
			t.Errorf("recorded %d s is at %v, %v, want %v", recorded, p, ok, want)
		}
	}
	if p, ok := a.At(43 * time.Second); ok {
		t.Errorf("behind the end is %v", p)
	}
	if !a.Parted(at(1, 19), at(1, 50)) || a.Parted(at(1, 12), at(1, 19)) {
		t.Error("the gap is not seen, or one is that is not there")
	}
	check(at(3, 45), 43, -2) // what comes next goes on where it ended
	if b := NewAxis(line, line.Map(), media.Position{}, false); b.Recorded(at(3, 40)) != 0 || b.Recorded(at(3, 35)) != -5*time.Second {
		t.Error("an axis from the live end on does not begin there")
	}
}
