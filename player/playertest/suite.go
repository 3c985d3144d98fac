package playertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/player"
)

// Rig is a source under test, and the recording that it reads.
type Rig struct {
	Source player.Source // a new one each time
	// Record goes on recording for so long, as Units has it, behind what there is in run 2.
	Record func(long time.Duration)
	// Exact is how far a time that the source tells may be off; 0: a microsecond.
	Exact time.Duration
	// Foreign sources know neither gaps nor positions.
	Foreign bool
}

// Run tests a source. rig records the film and opens a source on it.
func Run(t *testing.T, rig func(t *testing.T) Rig) {
	for _, c := range []struct {
		name string
		test func(*probe)
	}{
		{"hello", testHello},
		{"edge", testEdge},
		{"seeks", testSeeks},
		{"every unit once", testEveryUnit},
		{"gaps", testGaps},
		{"into live", testIntoLive},
		{"live", testLive},
		{"keys", testKeys},
		{"backward", testBackward},
		{"ends", testEnds},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rig(t)
			if r.Exact == 0 {
				r.Exact = time.Microsecond
			}
			c.test(&probe{T: t, Rig: r})
		})
	}
}

// probe is one test of the suite.
type probe struct {
	*testing.T
	Rig
}

// patience is how long something may take before a test fails; nothing is measured by it.
const patience = 20 * time.Second

// recorded is the recorded time of a moment of the film; in a gap, that of the next take.
func recorded(p media.Position) time.Duration {
	var sum time.Duration
	for _, k := range Takes() {
		if p.Run < k.Run || p.Run == k.Run && p.Time < k.From {
			return sum
		}
		if p.Run == k.Run && p.Time < k.Until || k.Reason == "" {
			return sum + p.Time - k.From
		}
		sum += k.Until - k.From
	}
	return sum
}

// wall is the wall time of a moment of the film.
func wall(p media.Position) time.Time {
	if p.Run == 1 {
		return Epoch().Add(p.Time)
	}
	return Second().Add(p.Time)
}

func at(run media.Run, seconds float64) media.Position {
	return media.Position{Run: run, Time: time.Duration(seconds * float64(time.Second))}
}

func (p *probe) near(a, b time.Duration) bool { return (a - b).Abs() <= p.Exact }

// point checks a point.
func (p *probe) point(what string, got player.Point, want media.Position) {
	p.Helper()
	if !p.near(got.Recorded, recorded(want)) || !p.near(got.Time.Sub(wall(want)), 0) {
		p.Errorf("%s: recorded %v at %v, want %v at %v", what, got.Recorded, got.Time, recorded(want), wall(want))
	}
	if !p.Foreign && (got.Position.Run != want.Run || !p.near(got.Position.Time, want.Time) || !got.Trusted) {
		p.Errorf("%s: position %v, trusted %v, want %v", what, got.Position, got.Trusted, want)
	}
}

// open opens a reader, which is closed at the end of the test.
func (p *probe) open(m player.Moment, how player.Manner) player.Reader {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), patience)
	defer cancel()
	r, err := p.Source.Open(ctx, m, how)
	if err != nil {
		p.Fatalf("open %+v: %v", m, err)
	}
	p.Cleanup(r.Close)
	return r
}

// next reads one item.
func (p *probe) next(r player.Reader) (player.Item, error) {
	ctx, cancel := context.WithTimeout(p.Context(), patience)
	defer cancel()
	return r.Next(ctx)
}

// seen is an item, told apart.
type seen struct {
	player.Item
	kind   media.Kind
	number int
}

func (s seen) String() string { return fmt.Sprintf("%s %d at %v", s.kind, s.number, s.DTS) }

// read reads until enough says so.
func (p *probe) read(r player.Reader, enough func(seen) bool) []seen {
	p.Helper()
	tracks := r.Tracks()
	var all []seen
	for {
		it, err := p.next(r)
		if err != nil {
			p.Fatalf("after %d items: %v", len(all), err)
		}
		if it.Tracks != nil {
			tracks = it.Tracks
		}
		i := slices.IndexFunc(tracks, func(t media.Track) bool { return t.ID == it.Track })
		if i < 0 {
			p.Fatalf("item %d is of track %d, which was not told", len(all), it.Track)
		}
		s := seen{it, tracks[i].Kind, Number(it.Unit)}
		all = append(all, s)
		if enough(s) {
			return all
		}
	}
}

// numbers are those of one kind.
func numbers(all []seen, k media.Kind) []int {
	var ns []int
	for _, s := range all {
		if s.kind == k {
			ns = append(ns, s.number)
		}
	}
	return ns
}

func picturedAt(n int, from time.Duration) func(seen) bool {
	return func(s seen) bool { return s.kind == media.Video && s.number == n && s.DTS >= from }
}

func testHello(p *probe) {
	h := p.Source.Hello()
	if h.Camera != "cam" || !p.near(h.Length, 70*time.Second) || h.Foreign != p.Foreign || h.Oldest == nil {
		p.Fatalf("hello %+v", h)
	}
	p.point("oldest", *h.Oldest, at(1, 1))
}

func testEdge(p *probe) {
	p.Source.Hello()
	e := p.Source.Edge()
	if e.Point == nil {
		p.Fatal("no live end")
	}
	// The newest unit began no longer than a picture before the end.
	if d := 70*time.Second - e.Point.Recorded; d < 0 || d > Frame+p.Exact {
		p.Errorf("the live end is at %v", e.Point.Recorded)
	}
	p.Record(2 * time.Second)
	if p.Foreign {
		return
	}
	behind := func() time.Duration { return 72*time.Second - p.Source.Edge().Point.Recorded }
	for end := time.Now().Add(patience); behind() > Frame+p.Exact && time.Now().Before(end); {
		time.Sleep(time.Millisecond) // one that is far away asks now and then
	}
	if d := behind(); d < 0 || d > Frame+p.Exact {
		p.Errorf("2 s later it is %v before 72 s", d)
	}
}

func testSeeks(p *probe) {
	p.Source.Hello()
	for _, c := range []struct {
		name   string
		at     player.Moment
		asked  media.Position // where it lands
		key    int            // picture that comes first
		run    media.Run
		reason media.Reason // of the gap passed over
	}{
		{"recorded", player.Moment{Place: player.AtRecorded, Recorded: 5500 * time.Millisecond}, at(1, 6.5), 150, 1, ""},
		{"recorded, behind the first gap", player.Moment{Place: player.AtRecorded, Recorded: 25 * time.Second}, at(1, 56), 1400, 1, ""},
		{"recorded, before the beginning", player.Moment{Place: player.AtRecorded, Recorded: -5 * time.Second}, at(1, 1), 25, 1, ""},
		{"recorded, in the second run", player.Moment{Place: player.AtRecorded, Recorded: 45 * time.Second}, at(2, 6), 150, 2, ""},
		{"position", player.Moment{Place: player.AtPosition, Position: at(1, 60.7)}, at(1, 60.7), 1500, 1, ""},
		{"position, in a gap", player.Moment{Place: player.AtPosition, Position: at(1, 30)}, at(1, 51), 1275, 1, media.CameraLost},
		{"position, behind a run", player.Moment{Place: player.AtPosition, Position: at(1, 100)}, at(2, 1), 25, 2, media.Off},
		{"time", player.Moment{Place: player.AtTime, Time: Second().Add(10200 * time.Millisecond)}, at(2, 10.2), 250, 2, ""},
		{"time, between the runs", player.Moment{Place: player.AtTime, Time: Epoch().Add(time.Hour)}, at(2, 1), 25, 2, media.Off},
		{"time, before the beginning", player.Moment{Place: player.AtTime, Time: Epoch().Add(-time.Hour)}, at(1, 1), 25, 1, ""},
	} {
		if p.Foreign && c.at.Place == player.AtPosition {
			continue
		}
		r := p.open(c.at, player.Manner{})
		l := r.Landing()
		p.point(c.name+": asked", l.Asked, c.asked)
		p.point(c.name+": point", l.Point, media.Position{Run: c.run, Time: time.Duration(c.key) * Frame})
		if l.Live {
			p.Errorf("%s: it is live", c.name)
		}
		if !p.Foreign {
			switch {
			case (l.Gap != nil) != (c.reason != ""):
				p.Errorf("%s: gap %+v, want %q", c.name, l.Gap, c.reason)
			case l.Gap != nil && (l.Gap.Reason != c.reason || l.Gap.Kind != 0):
				p.Errorf("%s: gap %+v, want %q", c.name, l.Gap, c.reason)
			}
		}
		all := p.read(r, func(s seen) bool { return s.kind == media.Video })
		first := all[len(all)-1]
		if first.number != c.key || !first.IsKey() || !p.near(first.DTS, l.Point.Recorded) {
			p.Errorf("%s: begins with %v, want picture %d", c.name, first, c.key)
		}
		if all[0].Point == nil {
			p.Errorf("%s: the first item has no point", c.name)
		}
		for _, s := range all[:len(all)-1] {
			if s.DTS+Piece <= first.DTS {
				p.Errorf("%s: %v is over before the first picture", c.name, s)
			}
		}
		r.Close()
	}
}

func testEveryUnit(p *probe) {
	p.Source.Hello()
	r := p.open(player.Moment{Place: player.AtRecorded}, player.Manner{})
	all := p.read(r, func(s seen) bool { return s.kind == media.Audio && p.near(s.DTS, 70*time.Second-Piece) })
	pictures := slices.Concat(sequence(25, 525), sequence(1275, 1775), sequence(25, 775))
	sounds := slices.Concat(sequence(50, 1050), sequence(2550, 3550), sequence(50, 1550))
	if got := numbers(all, media.Video); !slices.Equal(got, pictures) {
		p.Errorf("pictures %v", got)
	}
	if got := numbers(all, media.Audio); !slices.Equal(got, sounds) {
		p.Errorf("sounds %v", got)
	}
	// Recorded time is the place among those that were recorded.
	var v, a int
	for _, s := range all {
		want, n := Frame, &v
		if s.kind == media.Audio {
			want, n = Piece, &a
		}
		if !p.near(s.DTS, time.Duration(*n)*want) {
			p.Fatalf("%v is number %d of its kind", s, *n)
		}
		*n++
	}
}

func testGaps(p *probe) {
	p.Source.Hello()
	r := p.open(player.Moment{Place: player.AtRecorded, Recorded: 19 * time.Second}, player.Manner{})
	var jumps []seen
	for _, s := range p.read(r, func(s seen) bool { return s.DTS > 41*time.Second }) {
		if s.Point != nil {
			jumps = append(jumps, s)
		}
	}
	if len(jumps) != 3 {
		p.Fatalf("points at %v, want three", jumps)
	}
	for i, want := range []media.Position{at(1, 20), at(1, 51), at(2, 1)} {
		p.point("jump", *jumps[i].Point, want)
	}
	if p.Foreign {
		return
	}
	for i, want := range []player.Gap{
		{Reason: media.CameraLost, Detail: "unplugged", From: wall(at(1, 21)), Until: wall(at(1, 51)), Length: 30 * time.Second},
		{Reason: media.Off, From: wall(at(1, 71)), Until: wall(at(2, 1)), Length: 2*time.Hour - 70*time.Second},
	} {
		g := jumps[i+1].Gap
		if g == nil || g.Reason != want.Reason || g.Detail != want.Detail || g.Kind != 0 || !p.near(g.Length, want.Length) ||
			!p.near(g.From.Sub(want.From), 0) || !p.near(g.Until.Sub(want.Until), 0) {
			p.Errorf("gap %d: %+v, want %+v", i, g, want)
		}
	}
}

func testIntoLive(p *probe) {
	p.Source.Hello()
	r := p.open(player.Moment{Place: player.AtRecorded, Recorded: 69 * time.Second}, player.Manner{})
	if r.Live() {
		p.Error("live before anything was read")
	}
	all := p.read(r, picturedAt(774, 0))
	p.Record(2 * time.Second)
	all = append(all, p.read(r, picturedAt(824, 0))...)
	if got := numbers(all, media.Video); !slices.Equal(got, sequence(750, 825)) {
		p.Errorf("pictures %v", got)
	}
	for i, s := range all {
		if i > 0 && s.Point != nil {
			p.Errorf("%v has a point, and there is no gap", s)
		}
		if want := time.Duration(s.number)*Frame + 39*time.Second; s.kind == media.Video && !p.near(s.DTS, want) {
			p.Errorf("%v, want %v", s, want)
		}
	}
	// A read that waits is what tells that the end is reached; one that was given up loses nothing.
	until := time.Now().Add(patience)
	for !r.Live() && time.Now().Before(until) {
		p.giveUp(r)
	}
	if !r.Live() {
		p.Error("it never was live")
	}
	p.giveUp(r)
	p.Record(time.Second)
	if got := numbers(p.read(r, picturedAt(849, 0)), media.Video); !slices.Equal(got, sequence(825, 850)) {
		p.Errorf("pictures %v", got)
	}
}

// giveUp begins a read and gives it up; there may be sound left to read.
func (p *probe) giveUp(r player.Reader) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.Context(), 20*time.Millisecond)
	defer cancel()
	if it, err := r.Next(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) || err == nil && Number(it.Unit) < 0 {
		p.Errorf("a read that was given up: %+v, %v", it, err)
	}
}

func testLive(p *probe) {
	p.Source.Hello()
	r := p.open(player.Moment{Place: player.AtLive}, player.Manner{})
	l := r.Landing()
	if !l.Live || l.Gap != nil {
		p.Errorf("landed %+v", l)
	}
	p.Record(3 * time.Second)
	all := p.read(r, func(s seen) bool { return s.kind == media.Video })
	first := all[len(all)-1]
	// The newest key frame, or the next one where the source has no past.
	if !first.IsKey() || first.number != 750 && first.number != 775 || first.Point == nil && all[0].Point == nil {
		p.Errorf("begins with %v", first)
	}
	all = append(all, p.read(r, picturedAt(849, 0))...)
	if got := numbers(all, media.Video); !slices.Equal(got, sequence(first.number, 850)) {
		p.Errorf("pictures %v", got)
	}
}

func testKeys(p *probe) {
	p.Source.Hello()
	r := p.open(player.Moment{Place: player.AtRecorded, Recorded: 18500 * time.Millisecond}, player.Manner{Keys: true})
	all := p.read(r, picturedAt(1325, 0))
	if got := numbers(all, media.Video); !slices.Equal(got, []int{475, 500, 1275, 1300, 1325}) || len(all) != 5 {
		p.Errorf("keys %v of %d items", got, len(all))
	}
	p.points(all, []media.Position{at(1, 19), {}, at(1, 51), {}, {}})
}

func testBackward(p *probe) {
	p.Source.Hello()
	r := p.open(player.Moment{Place: player.AtRecorded, Recorded: 21500 * time.Millisecond}, player.Manner{Keys: true, Back: true})
	all := p.read(r, picturedAt(475, 0))
	if got := numbers(all, media.Video); !slices.Equal(got, []int{1300, 1275, 500, 475}) || len(all) != 4 {
		p.Errorf("keys %v of %d items", got, len(all))
	}
	p.points(all, []media.Position{at(1, 52), {}, at(1, 20), {}})
	if !p.Foreign && (all[2].Gap == nil || all[2].Gap.Reason != media.CameraLost) {
		p.Errorf("the gap is %+v", all[2].Gap)
	}
}

// points checks where there is a point; the zero position: nowhere.
func (p *probe) points(all []seen, want []media.Position) {
	p.Helper()
	for i, s := range all {
		switch {
		case i >= len(want) || (want[i].Run == 0) != (s.Point == nil):
			p.Errorf("%v: point %+v", s, s.Point)
		case s.Point != nil:
			p.point(s.String(), *s.Point, want[i])
		}
	}
}

func testEnds(p *probe) {
	p.Source.Hello()
	r := p.open(player.Moment{Place: player.AtRecorded, Recorded: 1500 * time.Millisecond}, player.Manner{Keys: true, Back: true})
	all := p.read(r, picturedAt(25, 0))
	if got := numbers(all, media.Video); !slices.Equal(got, []int{50, 25}) {
		p.Errorf("keys %v", got)
	}
	for range 2 {
		if _, err := p.next(r); !isEnd(err) {
			p.Errorf("before the beginning: %v, want io.EOF", err)
		}
	}
	live := p.open(player.Moment{Place: player.AtLive}, player.Manner{})
	told := make(chan error)
	go func() {
		for {
			if _, err := live.Next(p.Context()); err != nil {
				told <- err
				return
			}
		}
	}()
	live.Close()
	select {
	case err := <-told:
		if err == nil {
			p.Error("a closed reader goes on")
		}
	case <-time.After(patience):
		p.Error("Close does not end a read that waits")
	}
}
