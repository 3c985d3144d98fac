package asr

import (
	"context"
	"testing"
	"time"
)

const ms = time.Millisecond

// newTape holds n pieces with the media time going on from at, by 1 ms a piece
// faster than sound does, as it does when a sender's clock is slow.
func newTape(n int, at time.Duration) *tape {
	t := &tape{}
	for i := range n {
		t.push(piece{at: at + time.Duration(i)*101*ms, pcm: make([]int16, PieceLen)})
	}
	return t
}

func TestTapeKnowsTheTimeOfEverySample(t *testing.T) {
	tp := newTape(50, time.Hour)
	tp.fed = 40
	for _, c := range []struct{ said, want time.Duration }{
		{0, 0}, {99 * ms, 99 * ms}, {100 * ms, 101 * ms}, {150 * ms, 151 * ms}, {3950 * ms, 3989 * ms}, {4100 * ms, 4139 * ms},
	} {
		if got := tp.media(c.said) - time.Hour; got != c.want {
			t.Errorf("%v is %v, want %v", c.said, got, c.want)
		}
	}
	tp.forget(time.Hour + 2025*ms) // the twentieth piece ends at 19*101+100 ms
	if len(tp.pieces) != 30 || tp.fed != 20 || tp.heard() != time.Hour+39*101*ms+100*ms {
		t.Errorf("%d pieces, %d fed, heard %v", len(tp.pieces), tp.fed, tp.heard())
	}
	if got := tp.media(3950*ms) - time.Hour; got != 3989*ms {
		t.Errorf("after forgetting, 3.95 s is %v", got)
	}
	if got := tp.media(1990*ms) - time.Hour; got != 2010*ms {
		t.Errorf("what is forgotten, 1.99 s, is %v", got)
	}
	tp.rewind()
	if got := tp.media(50*ms) - time.Hour; got != 2070*ms {
		t.Errorf("for a new recogniser 50 ms is %v", got)
	}
	if got := tp.length(); got != 3*time.Second {
		t.Errorf("length %v", got)
	}
}

func TestTapeOnset(t *testing.T) {
	loud := func(tp *tape, from, to int, peak int16) {
		for i := from; i < to; i++ {
			tp.pieces[i].pcm[7] = -peak
		}
	}
	for _, c := range []struct {
		name  string
		make  func(*tape)
		after time.Duration
		want  time.Duration // -1: none
	}{
		{"silence", func(*tape) {}, 0, -1},
		{"hiss", func(tp *tape) { loud(tp, 0, 20, 100) }, 0, -1},
		{"a word", func(tp *tape) { loud(tp, 12, 15, 3000) }, 0, 12 * 101 * ms},
		{"a word before", func(tp *tape) { loud(tp, 12, 15, 3000) }, 15 * 101 * ms, -1},
		{"a word in a noise as loud as a fourth of it", func(tp *tape) { loud(tp, 0, 20, 800); loud(tp, 12, 15, 3000) }, 0, -1},
		{"a word in a softer noise", func(tp *tape) { loud(tp, 0, 20, 500); loud(tp, 12, 15, 3000) }, 0, 12 * 101 * ms},
		{"a word not fed yet", func(tp *tape) { loud(tp, 18, 20, 3000); tp.fed = 18 }, 0, -1},
	} {
		tp := newTape(20, 0)
		tp.fed = 20
		c.make(tp)
		got, ok := tp.onset(c.after)
		if !ok {
			got = -1
		}
		if got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if _, ok := (&tape{}).onset(0); ok {
		t.Error("in nothing there is an onset")
	}
}

// Pieces carry the time of their first sample, whatever the rate and however
// long the stretch, also where the sender's clock drifts.
func TestCutterDatesPieces(t *testing.T) {
	for rate, pieces := range map[int]int{8000: 600, 44100: 150, 48000: 150} {
		const drift = 1.0001
		n, pos := rate/50, 0
		sound := soundOf(func() Chunk {
			at := time.Hour + time.Duration(float64(pos)/float64(rate)*drift*1e9)
			pos += n
			return Chunk{Run: 1, At: at, Rate: rate, Channels: 1, Samples: make([]int16, n)}
		})
		c := &cutter{sound: sound, quiet: time.Minute}
		for i := range pieces {
			p, err := c.next(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			want := time.Hour + time.Duration(float64(i)*drift*1e8)
			if d := (p.at - want).Abs(); d > 20*time.Microsecond || len(p.pcm) != PieceLen || p.end {
				t.Fatalf("%d Hz: piece %d is off by %v: %v of %d samples", rate, i, d, p.at, len(p.pcm))
			}
		}
	}
}

type soundOf func() Chunk

func (f soundOf) Next(context.Context) (Chunk, error) { return f(), nil }

func TestCutterRefusesWhatIsNoSound(t *testing.T) {
	for _, k := range []Chunk{{Rate: 0, Channels: 1}, {Rate: 16000}, {Rate: 1000, Channels: 1}, {Rate: -1, Channels: 2}} {
		k.Samples = make([]int16, 10)
		c := &cutter{sound: soundOf(func() Chunk { return k })}
		if _, err := c.next(context.Background()); err == nil {
			t.Errorf("%+v: no error", k)
		}
	}
}

func TestThrottle(t *testing.T) {
	now := time.Unix(0, 0)
	var slept []time.Duration
	th := newThrottle(0.25)
	th.now = func() time.Time { return now }
	th.sleep = func(_ context.Context, d time.Duration) error {
		slept = append(slept, d)
		now = now.Add(d)
		return nil
	}
	used := th.total(3 * time.Second) // loading is free
	for range 10 {
		if err := th.wait(context.Background(), used); err != nil {
			t.Fatal(err)
		}
		used = th.total(th.last + 100*ms) // uses a tenth of a second at once
		now = now.Add(100 * ms)
	}
	var all time.Duration
	for _, d := range slept {
		all += d
	}
	// Nine times 100 ms of CPU, in 3.6 s of which 0.9 s were used for it.
	if all != 2700*ms {
		t.Errorf("slept %v in all: %v", all, slept)
	}
	// A long rest is worth no more than the savings.
	now = now.Add(time.Hour)
	slept = nil
	_ = th.wait(context.Background(), used)
	_ = th.wait(context.Background(), th.total(th.last+savings+500*ms))
	if len(slept) != 1 || slept[0] != 2*time.Second {
		t.Errorf("after a rest: slept %v", slept)
	}
	th.forget()
	if got := th.total(0); got != used+savings+500*ms {
		t.Errorf("all children used %v", got)
	}
	if err := (&throttle{}).wait(context.Background(), time.Hour); err != nil {
		t.Error(err)
	}
}
