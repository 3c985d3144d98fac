package recognise

import (
	"reflect"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

const sec = time.Second

func heardSpan(run media.Run, from, until time.Duration, st media.Heard) media.HeardSpan {
	return stretch{run, 1, from * sec, until * sec}.span("de", st, "")
}

func at(run media.Run, from, until time.Duration) stretch {
	return stretch{run, 1, from * sec, until * sec}
}

func TestSettle(t *testing.T) {
	all := []stretch{at(1, 0, 100), at(2, 0, 50)}
	for _, c := range []struct {
		name                   string
		said, off              []media.HeardSpan
		live                   stretch
		unmarked, lapsed, todo []stretch
		pending, offs          time.Duration
	}{
		{name: "nothing said", unmarked: all, todo: all, pending: 150},
		{name: "all done", said: []media.HeardSpan{heardSpan(1, 0, 100, media.HeardDone), heardSpan(2, 0, 50, media.HeardDone)}},
		{
			name: "live has the rest of its run", said: []media.HeardSpan{heardSpan(1, 0, 100, media.HeardDone), heardSpan(2, 0, 20, media.HeardDone)},
			live: at(2, 20, 4000),
		},
		{
			name: "pending is to be done and is not unmarked", said: []media.HeardSpan{heardSpan(1, 0, 40, media.HeardDone), heardSpan(1, 40, 100, media.HeardPending)},
			live: at(2, 0, 4000), todo: []stretch{at(1, 40, 100)}, pending: 60,
		},
		{
			name: "unmarked beside pending is one stretch", said: []media.HeardSpan{heardSpan(1, 0, 40, media.HeardDone), heardSpan(1, 50, 60, media.HeardPending)},
			live: at(2, 0, 4000), unmarked: []stretch{at(1, 40, 50), at(1, 60, 100)}, todo: []stretch{at(1, 40, 100)}, pending: 60,
		},
		{
			name: "off is not to be done", said: []media.HeardSpan{heardSpan(1, 0, 30, media.HeardDone), heardSpan(1, 60, 100, media.HeardDone)},
			off: []media.HeardSpan{heardSpan(1, 30, 60, media.HeardOff)}, live: at(2, 0, 4000), offs: 30,
		},
		{
			name: "what follows off in a run that is over was off", said: []media.HeardSpan{heardSpan(1, 0, 30, media.HeardDone)},
			off: []media.HeardSpan{heardSpan(1, 30, 60, media.HeardOff)}, live: at(2, 0, 4000), lapsed: []stretch{at(1, 60, 100)}, offs: 70,
		},
		{
			name: "not in the run being recorded", said: []media.HeardSpan{heardSpan(1, 0, 100, media.HeardDone)},
			off: []media.HeardSpan{heardSpan(2, 0, 30, media.HeardOff)}, live: at(2, 45, 4000), unmarked: []stretch{at(2, 30, 45)}, todo: []stretch{at(2, 30, 45)}, pending: 15, offs: 30,
		},
		{
			name: "pending between: it was on again", said: []media.HeardSpan{heardSpan(1, 0, 30, media.HeardDone), heardSpan(1, 60, 61, media.HeardPending)},
			off: []media.HeardSpan{heardSpan(1, 30, 60, media.HeardOff)}, live: at(2, 0, 4000), unmarked: []stretch{at(1, 61, 100)}, todo: []stretch{at(1, 60, 100)}, pending: 40, offs: 30,
		},
		{
			name: "spans beyond what is recorded, and of others", said: []media.HeardSpan{heardSpan(1, 0, 900, media.HeardDone), heardSpan(2, 0, 900, media.HeardDone), heardSpan(7, 0, 9, media.HeardPending)},
			off: []media.HeardSpan{heardSpan(9, 0, 50, media.HeardOff)},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := settle(all, c.said, c.off, c.live, 2)
			if !reflect.DeepEqual(a.unmarked, c.unmarked) || !reflect.DeepEqual(a.lapsed, c.lapsed) || !reflect.DeepEqual(a.todo, c.todo) {
				t.Errorf("unmarked %v lapsed %v todo %v", a.unmarked, a.lapsed, a.todo)
			}
			if a.pending != c.pending*sec || a.off != c.offs*sec {
				t.Errorf("pending %v off %v", a.pending, a.off)
			}
		})
	}
}

// What is too short to hold a word is unmarked, but nothing to start a recogniser for.
func TestTooShort(t *testing.T) {
	s := stretch{1, 1, 0, tooShort - 1}
	if a := settle([]stretch{s}, nil, nil, stretch{}, 1); len(a.todo) > 0 || len(a.unmarked) != 1 {
		t.Errorf("%+v", a)
	}
}

func TestMinus(t *testing.T) {
	spans := []media.HeardSpan{heardSpan(1, 2, 3, ""), heardSpan(1, 5, 7, ""), heardSpan(1, 6, 8, ""), heardSpan(2, 0, 99, ""), {Run: 1, Track: 2, Until: 99 * sec}}
	if got, want := at(1, 0, 10).minus(spans), []stretch{at(1, 0, 2), at(1, 3, 5), at(1, 8, 10)}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := at(1, 2, 3).minus(spans); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
}

func TestWithin(t *testing.T) {
	p := func(run media.Run, s time.Duration) media.Position { return media.Position{Run: run, Time: s * sec} }
	for _, c := range []struct {
		from, to media.Position
		want     time.Duration
	}{
		{p(1, 0), p(9, 0), 10},
		{p(2, 3), p(2, 5), 2},
		{p(2, 13), p(2, 15), 0},
		{p(1, 99), p(2, 5), 5},
		{p(2, 4), p(3, 0), 6},
		{p(3, 0), p(4, 0), 0},
		{p(1, 0), p(1, 99), 0},
	} {
		if got := max(at(2, 0, 10).within(c.from, c.to).length(), 0); got != c.want*sec {
			t.Errorf("%v to %v: %v, want %v", c.from, c.to, got, c.want*sec)
		}
	}
}

func TestSilent(t *testing.T) {
	p := func(s time.Duration) media.Position { return media.Position{Run: 1, Time: s * sec} }
	holes := []timeline.Hole{
		{From: p(2), Until: p(3)},
		{Kind: media.Video, From: p(4), Until: p(5)},
		{Kind: media.Audio, From: p(6), Until: p(7)},
		{Kind: media.Audio, From: p(9)}, // lasts
		{From: media.Position{Run: 5}, Until: media.Position{Run: 5, Time: 9 * sec}},
	}
	s := at(1, 0, 10)
	if got, want := s.minus(silent(holes, s)), []stretch{at(1, 0, 2), at(1, 3, 6), at(1, 7, 9)}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// The words whose middle is a window's are its, so that two windows side by
// side have each word once, whatever it lies across.
func TestWindows(t *testing.T) {
	left, right := window{run: 1, until: 10 * sec}, window{run: 1, from: 10 * sec}
	for mid := 9 * sec; mid <= 11*sec; mid += 10 * time.Millisecond {
		w := media.Word{Start: mid - 150*time.Millisecond, End: mid + 150*time.Millisecond}
		if left.holds(w) == right.holds(w) {
			t.Errorf("a word around %v belongs to both or to nobody", mid)
		}
	}
	if _, ok := left.clip(heardSpan(1, 10, 12, "")); ok {
		t.Error("a span beside the window has a part in it")
	}
	if got, ok := right.clip(heardSpan(1, 9, 12, "")); !ok || got.From != 10*sec || got.Until != 12*sec {
		t.Errorf("%v %v", got, ok)
	}
	if _, ok := left.clip(heardSpan(2, 0, 5, "")); ok {
		t.Error("another run's span")
	}
}
