package microphone

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"hindsight/media"
)

const ms = time.Millisecond

// card simulates a sound card that is read in blocks, and remembers when the
// samples that it gave were really heard.
type card struct {
	format format
	ppm    float64       // how much its clock is too fast
	now    time.Duration // when the next block will have been heard
	heard  []time.Duration
}

func newCard(rate int) *card {
	return &card{format: format{rate: rate, channels: 2}, now: time.Hour}
}

// block hears one more block; what the ledger is told is late by delay.
func (c *card) block(delay time.Duration, said bool) samples {
	frames := c.format.rate / blocks
	c.heard = append(c.heard, c.now)
	c.now += time.Duration(float64(time.Second) / blocks / (1 + c.ppm/1e6))
	s := samples{read: c.now + delay, lost: said, data: make([]int16, 2*frames)}
	s.data[0] = int16(len(c.heard) - 1) // which block it is
	return s
}

// skip loses n blocks.
func (c *card) skip(d time.Duration) { c.now += d }

// books are what came out.
type books struct {
	t     *testing.T
	out   []media.Sound
	total int64 // samples and lost ones
}

func (b *books) add(l *ledger, s samples) {
	b.t.Helper()
	out, err := l.add(s)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, x := range out {
		b.total += int64(len(x.Samples)/2 + x.LostHere)
	}
	b.out = append(b.out, out...)
}

// lost adds up what was counted as lost.
func (b *books) lost() (samples, times int) {
	for _, x := range b.out {
		if x.LostHere > 0 {
			samples += x.LostHere
			times++
		}
	}
	return samples, times
}

// inOrder checks that every block came out, once, in order.
func (b *books) inOrder() {
	b.t.Helper()
	for i, x := range b.out {
		if int(x.Samples[0]) != i {
			b.t.Fatalf("piece %d is block %d", i, x.Samples[0])
		}
	}
}

func TestLedgerTakesJitterForNoLoss(t *testing.T) {
	for _, c := range []struct {
		name  string
		delay func(r *rand.Rand, i int) time.Duration
	}{
		{"none", func(*rand.Rand, int) time.Duration { return 0 }},
		{"up to 15 ms", func(r *rand.Rand, _ int) time.Duration { return time.Duration(r.Int64N(int64(15 * ms))) }},
		{"in chunks of 300 ms", func(_ *rand.Rand, i int) time.Duration { return time.Duration(14-i%15) * 20 * ms }},
		{"a reader that stalls 500 ms each 10 s", func(_ *rand.Rand, i int) time.Duration {
			return max(0, 500*ms-time.Duration(i%500)*20*ms)
		}},
		{"a server that is late by 2 s once", func(_ *rand.Rand, i int) time.Duration {
			if i < 1000 || i >= 1100 {
				return 0
			}
			return time.Duration(1100-i) * 20 * ms
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 1))
			sound := newCard(48000)
			l := &ledger{format: sound.format}
			b := &books{t: t}
			for i := range 3000 {
				b.add(l, sound.block(c.delay(r, i), false))
			}
			if n, times := b.lost(); n != 0 {
				t.Errorf("%d samples counted as lost, %d times", n, times)
			}
			b.inOrder()
			if held := 3000 - len(b.out); held > 50 {
				t.Errorf("%d blocks are still held back", held)
			}
		})
	}
}

func TestLedgerCountsWhatWasLost(t *testing.T) {
	for _, c := range []struct {
		name   string
		lost   time.Duration
		said   bool
		jitter time.Duration
	}{
		{"a period that nobody speaks of", 40 * ms, false, 5 * ms},
		{"a period that the driver speaks of", 12 * ms, true, ms},
		{"half a second", 500 * ms, true, 15 * ms},
		{"half a second in silence", 500 * ms, false, 15 * ms},
		{"as much as is filled", 2900 * ms, true, 15 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(10) {
				r := rand.New(rand.NewPCG(seed, 2))
				jitter := func() time.Duration { return time.Duration(r.Int64N(int64(c.jitter))) }
				sound := newCard(44100)
				l := &ledger{format: sound.format}
				b := &books{t: t}
				for range 500 {
					b.add(l, sound.block(jitter(), false))
				}
				sound.skip(c.lost)
				b.add(l, sound.block(jitter(), c.said))
				for range 500 {
					b.add(l, sound.block(jitter(), false))
				}
				b.inOrder()
				n, times := b.lost()
				got := time.Duration(n) * time.Second / 44100
				if times != 1 || (got-c.lost).Abs() > 3*ms || b.out[500].LostHere != n {
					t.Errorf("seed %d: %v lost at %d places, %d samples where it was lost; want %v at one", seed, got, times, b.out[500].LostHere, c.lost)
				}
				if b.out[500].LostHere > 0 && b.out[501].At-b.out[500].At != 20*ms {
					t.Errorf("seed %d: the pieces do not follow one another", seed)
				}
			}
		})
	}
}

// TestLedgerNeverShifts loses pieces for twenty minutes on a clock that is wrong and
// checks that the sound is never away from where it was heard.
func TestLedgerNeverShifts(t *testing.T) {
	for _, ppm := range []float64{-200, 0, 200} {
		r := rand.New(rand.NewPCG(7, 3))
		sound := newCard(48000)
		sound.ppm = ppm
		l := &ledger{format: sound.format}
		b := &books{t: t}
		var worst time.Duration
		settle := 0
		for i := range 50 * 1200 {
			said := false
			if r.IntN(500) == 0 {
				sound.skip(time.Duration(r.Int64N(int64(time.Second))))
				said = r.IntN(2) == 0
				settle = i + 100 // a loss of less than the jitter is followed, not counted
			}
			s := sound.block(time.Duration(r.ExpFloat64()*float64(3*ms)), said)
			s.data[0] = 0
			b.add(l, s)
			for _, x := range b.out {
				if i > settle {
					worst = max(worst, (x.At - sound.heard[0]).Abs())
				}
				sound.heard = sound.heard[1:]
			}
			b.out = b.out[:0]
		}
		if worst > 25*ms {
			t.Errorf("%v ppm: sound up to %v away from when it was heard", ppm, worst)
		}
	}
}

func TestLedgerTellsAStandstill(t *testing.T) {
	sound := newCard(48000)
	l := &ledger{format: sound.format}
	b := &books{t: t}
	for range 100 {
		b.add(l, sound.block(0, false))
	}
	sound.skip(time.Hour) // the machine slept
	var err error
	for range 100 {
		if _, err = l.add(sound.block(0, false)); err != nil {
			break
		}
	}
	if !errors.Is(err, errStillstand) {
		t.Errorf("after an hour: %v, want %v", err, errStillstand)
	}
}

func TestLedgerPassesOverEmptyReads(t *testing.T) {
	l := &ledger{format: format{rate: 48000, channels: 2}}
	if out, err := l.add(samples{read: time.Hour}); len(out) != 0 || err != nil || l.started {
		t.Errorf("%v, %v", out, err)
	}
}
