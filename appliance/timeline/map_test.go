package timeline

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// shape is a Map without what the tests do not ask for.
type shape struct {
	kind   media.Kind
	from   media.Position
	until  media.Position
	reason media.Reason
}

func at(run media.Run, s float64) media.Position { return media.Position{Run: run, Time: moment(s)} }

func shapes(m *Map) (out []shape) {
	for _, h := range m.Holes {
		out = append(out, shape{h.Kind, h.From, h.Until, h.Reason})
	}
	return out
}

// spans are run, from and until of each span, in seconds.
func spansOf(m *Map) (out [][3]float64) {
	for _, s := range m.Spans {
		out = append(out, [3]float64{float64(s.Run), (s.From - ms).Seconds(), (s.Until - ms).Seconds()})
	}
	return out
}

func checkMap(t *testing.T, m *Map, spans [][3]float64, holes []shape) {
	t.Helper()
	if got := spansOf(m); !slices.Equal(got, spans) {
		t.Errorf("spans %v\nwant  %v", got, spans)
	}
	if got := shapes(m); !slices.Equal(got, holes) {
		t.Errorf("holes %v\nwant  %v", got, holes)
	}
}

func TestMapOfRuns(t *testing.T) {
	r := newRig(t, nil).both()
	checkMap(t, r.Map(), nil, nil)
	r.seconds(0, 3)
	checkMap(t, r.Map(), [][3]float64{{1, 0, 3}}, nil) // being recorded: an open end
	must(t, r.Close(media.Off))

	r.clock.pass(time.Minute)
	r = r.reopen(nil).both()
	off := shape{0, at(1, 3), media.Position{}, media.Off}
	checkMap(t, r.Map(), [][3]float64{{1, 0, 3}}, []shape{off}) // nothing has come yet
	r.seconds(0, 2)
	r.second(2) // not committed: dies with the process
	off.until = at(2, 0)
	checkMap(t, r.Map(), [][3]float64{{1, 0, 3}, {2, 0, 3}}, []shape{off})

	r.clock.pass(time.Minute)
	r = r.reopen(nil).both()
	r.seconds(1, 2)
	crash := shape{0, at(2, 2), at(3, 1), media.Crash}
	m := r.Map()
	checkMap(t, m, [][3]float64{{1, 0, 3}, {2, 0, 2}, {3, 1, 2}}, []shape{off, crash})
	if got := m.Holes[0].WallFrom; !got.Equal(epoch.Add(moment(3))) {
		t.Errorf("the first hole begins at %v", got)
	}
	if got := m.Holes[0].WallUntil; !got.Equal(epoch.Add(63*time.Second + moment(0))) {
		t.Errorf("the first hole ends at %v", got)
	}
	if len(m.Runs) != 3 || m.Length() != 6*time.Second {
		t.Errorf("%d runs, %v recorded; want 3 and 6 s", len(m.Runs), m.Length())
	}
	must(t, r.Close(media.Privacy))
	o := options(r.clock, r.mem.Reopen())
	o.ReadOnly = true
	ro, err := New(o)
	must(t, err)
	defer ro.Close("")
	checkMap(t, ro.Map(), spansOf(m), []shape{off, crash, {0, at(3, 2), media.Position{}, media.Privacy}})
}

func TestMapOfGaps(t *testing.T) {
	lose := func(r *rig, k media.Kind, from float64, why media.Reason) { r.Lose(k, moment(from), why, "") }
	regain := func(r *rig, k media.Kind, until float64) { r.Regain(k, moment(until)) }
	const v, a = media.Video, media.Audio
	for _, c := range []struct {
		name  string
		both  bool
		gaps  func(r *rig)
		spans [][3]float64
		holes []shape
	}{
		{"one kind of two", true, func(r *rig) { lose(r, a, 2, media.MicrophoneLost); regain(r, a, 4) },
			[][3]float64{{1, 0, 10}},
			[]shape{{a, at(1, 2), at(1, 4), media.MicrophoneLost}}},
		{"the only kind", false, func(r *rig) { lose(r, v, 2, media.Frozen); regain(r, v, 4) },
			[][3]float64{{1, 0, 2}, {1, 4, 10}},
			[]shape{{0, at(1, 2), at(1, 4), media.Frozen}}},
		{"both, overlapping", true, func(r *rig) {
			lose(r, v, 2, media.CameraLost)
			lose(r, a, 3, media.MicrophoneLost)
			regain(r, v, 5)
			regain(r, a, 6)
		},
			[][3]float64{{1, 0, 3}, {1, 5, 10}},
			[]shape{{v, at(1, 2), at(1, 3), media.CameraLost}, {0, at(1, 3), at(1, 5), media.CameraLost}, {a, at(1, 5), at(1, 6), media.MicrophoneLost}}},
		{"everything within one kind", true, func(r *rig) {
			lose(r, v, 2, media.CameraLost)
			lose(r, 0, 3, media.Paused)
			regain(r, 0, 4)
			regain(r, v, 5)
		},
			[][3]float64{{1, 0, 3}, {1, 4, 10}},
			[]shape{{v, at(1, 2), at(1, 3), media.CameraLost}, {0, at(1, 3), at(1, 4), media.Paused}, {v, at(1, 4), at(1, 5), media.CameraLost}}},
		{"a kind that never came", false, func(r *rig) { lose(r, a, -1, media.MicrophoneLost) },
			[][3]float64{{1, 0, 10}},
			[]shape{{a, media.Position{Run: 1}, media.Position{}, media.MicrophoneLost}}},
		{"losing what is lost, regaining what is not", true, func(r *rig) {
			regain(r, v, 1)
			lose(r, v, 2, media.CameraLost)
			lose(r, v, 3, media.Frozen)
			regain(r, v, 4)
			regain(r, v, 5)
		},
			[][3]float64{{1, 0, 10}},
			[]shape{{v, at(1, 2), at(1, 4), media.CameraLost}}},
		{"still lost", true, func(r *rig) { lose(r, 0, 10, media.Privacy) },
			[][3]float64{{1, 0, 10}},
			[]shape{{0, at(1, 10), media.Position{}, media.Privacy}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, nil)
			r.useVideo()
			if c.both {
				r.useAudio()
			}
			r.seconds(0, 10)
			c.gaps(r)
			checkMap(t, r.Map(), c.spans, c.holes)
			r.commit()
			must(t, r.Close(media.Off))
			o := options(r.clock, r.mem.Reopen())
			o.ReadOnly = true
			ro, err := New(o)
			must(t, err)
			defer ro.Close("")
			// Ended, open gaps end with the run, at 10 s, where the program was stopped.
			end := media.Position{Run: 1, Time: 10 * time.Second}
			want := slices.Clone(c.holes)
			for i := range want {
				if want[i].until == (media.Position{}) {
					want[i].until = end
				}
			}
			want = slices.DeleteFunc(want, func(s shape) bool { return !s.from.Before(s.until) })
			over := at(1, 10)
			want = append(want, shape{0, over, media.Position{}, media.Off})
			got := ro.Map()
			for i := range got.Holes { // the run's last block is as old as its last unit but for a millisecond
				if d := got.Holes[i].Until.Time - end.Time; d == ms {
					got.Holes[i].Until = end
				}
			}
			checkMap(t, got, c.spans, want)
		})
	}
}

// TestUnitEndsGap: what comes a second or more into a gap proves it over.
func TestUnitEndsGap(t *testing.T) {
	r := newRig(t, nil).both()
	r.seconds(0, 2)
	r.Lose(media.Video, moment(2), media.Frozen, "")
	r.Lose(0, moment(2), media.CameraLost, "")
	r.seconds(5, 6)
	checkMap(t, r.Map(), [][3]float64{{1, 0, 2}, {1, 5, 6}}, []shape{{0, at(1, 2), at(1, 5), media.CameraLost}})
}

func TestGapsAcrossARestart(t *testing.T) {
	r := newRig(t, nil)
	r.useVideo()
	r.seconds(0, 4)
	r.clock.pass(time.Second)
	r.Lose(media.Video, moment(4), media.CameraLost, "pulled")
	r.clock.pass(5 * time.Second)
	must(t, r.Close(media.Off)) // at 10 s, the camera still away
	r.clock.pass(time.Minute)
	r = r.reopen(nil)
	r.Lose(media.Video, 0, media.CameraLost, "pulled")
	checkMap(t, r.Map(), [][3]float64{{1, 0, 4}}, []shape{
		{0, at(1, 4), media.Position{Run: 1, Time: 10 * time.Second}, media.CameraLost},
		{0, media.Position{Run: 1, Time: 10 * time.Second}, media.Position{Run: 2}, media.Off},
		{0, media.Position{Run: 2}, media.Position{}, media.CameraLost},
	})
}

func TestSurvey(t *testing.T) {
	r := newRig(t, nil).both()
	r.seconds(0, 40)
	r.Lose(0, moment(40), media.Paused, "")
	r.Regain(0, moment(50))
	r.seconds(50, 52)
	must(t, r.Close(media.Off))
	m := r.mem.Reopen()
	for _, lost := range []store.Ref{{Run: 1, Segment: 1, Block: 5}, {Run: 1, Segment: 2, Block: 10}, {Run: 1, Segment: 3, Block: 1}} {
		m.Lose(lost) // seconds 4, 19 and 20
	}
	o := options(r.clock, m)
	o.ReadOnly = true
	ro, err := New(o)
	must(t, err)
	defer ro.Close("")
	for _, want := range []int{2, 0} {
		if n, err := ro.Survey(deadline(t)); err != nil || n != want {
			t.Errorf("survey found %d, %v; want %d", n, err, want)
		}
	}
	checkMap(t, ro.Map(), [][3]float64{{1, 0, 4}, {1, 5, 19}, {1, 21, 40}, {1, 50, 52}}, []shape{
		{0, at(1, 4), at(1, 5), media.Damaged},
		{0, at(1, 19), at(1, 21), media.Damaged},
		{0, at(1, 40), at(1, 50), media.Paused},
		{0, at(1, 52), media.Position{}, media.Off},
	})
}

// TestSlowIsNotDamaged: few pictures a second are no holes.
func TestSlowIsNotDamaged(t *testing.T) {
	for _, every := range []time.Duration{time.Second, 3 * time.Second, 10 * time.Second} {
		r := newRig(t, nil)
		r.useVideo()
		for n := range 20 {
			r.v(time.Duration(n)*every+ms, media.Key)
			r.clock.pass(every)
			r.commit()
		}
		if n, err := r.Survey(deadline(t)); n != 0 || err != nil {
			t.Errorf("a picture every %v: %d holes, %v", every, n, err)
		}
		if m := r.Map(); len(m.Spans) != 1 || len(m.Holes) != 0 {
			t.Errorf("a picture every %v: %v", every, shapes(m))
		}
	}
}

func TestRecordedTime(t *testing.T) {
	m := &Map{Spans: []Span{
		{Run: 1, From: 10, Until: 20, Recorded: 0},
		{Run: 1, From: 30, Until: 35, Recorded: 10},
		{Run: 4, From: 5, Until: 105, Recorded: 15},
	}}
	p := func(run media.Run, d time.Duration) media.Position { return media.Position{Run: run, Time: d} }
	for _, c := range []struct {
		p    media.Position
		want time.Duration
	}{
		{p(0, 99), 0}, {p(1, 0), 0}, {p(1, 10), 0}, {p(1, 19), 9}, {p(1, 20), 10}, {p(1, 29), 10}, {p(1, 33), 13},
		{p(1, 35), 15}, {p(2, 0), 15}, {p(4, 5), 15}, {p(4, 104), 114}, {p(4, 105), 115}, {p(9, 0), 115},
	} {
		if got := m.Recorded(c.p); got != c.want {
			t.Errorf("recorded time of %d@%d: %d, want %d", c.p.Run, c.p.Time, got, c.want)
		}
	}
	for _, c := range []struct {
		d    time.Duration
		want media.Position
	}{
		{-5, p(1, 10)}, {0, p(1, 10)}, {9, p(1, 19)}, {10, p(1, 30)}, {14, p(1, 34)}, {15, p(4, 5)}, {114, p(4, 104)}, {115, p(4, 105)}, {999, p(4, 105)},
	} {
		if got := m.At(c.d); got != c.want {
			t.Errorf("at recorded time %d: %d@%d, want %d@%d", c.d, got.Run, got.Time, c.want.Run, c.want.Time)
		}
	}
	if m.Length() != 115 {
		t.Errorf("length %d, want 115", m.Length())
	}
	empty := &Map{}
	if empty.Length() != 0 || empty.Recorded(p(1, 1)) != 0 || empty.At(5) != (media.Position{}) {
		t.Error("an empty map has a length")
	}
}

// TestRecordedTimeInverts: At undoes Recorded on random maps.
func TestRecordedTimeInverts(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		m := &Map{}
		run, at := media.Run(1), time.Duration(0)
		for range 1 + rnd.IntN(20) {
			if rnd.IntN(3) == 0 {
				run, at = run+1, 0
			}
			from := at + time.Duration(1+rnd.IntN(50))
			at = from + time.Duration(1+rnd.IntN(50))
			m.Spans = append(m.Spans, Span{Run: run, From: from, Until: at, Recorded: m.Length()})
		}
		for d := range m.Length() {
			if back := m.Recorded(m.At(d)); back != d {
				t.Fatalf("recorded time %d is at %v, which is %d", d, m.At(d), back)
			}
		}
	}
}
