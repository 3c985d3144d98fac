package timeline

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

func openBolt(t testing.TB, dir string, span time.Duration) *store.Bolt {
	t.Helper()
	s, err := store.Open(dir, store.Options{SegmentSpan: span, SegmentBytes: 8 << 20})
	must(t, err)
	return s
}

// killed is what the disk holds if the process that records into dir dies now.
func killed(t testing.TB, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "cam")
	must(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}

func checkDisk(t testing.TB, dir string) {
	t.Helper()
	r, err := store.Check(dir)
	must(t, err)
	for _, b := range r.Broken {
		t.Errorf("check: %v", b)
	}
}

func TestJoinOnBolt(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "cam")
			join(t, 100+seed, func(rnd *rand.Rand, edit func(*Options)) *rig {
				return rigOver(t, newClock(), openBolt(t, dir, time.Duration(1+rnd.IntN(8))*time.Second), edit)
			})
			checkDisk(t, killed(t, dir))
		})
	}
}

// TestKilled: recorders that die at random moments and start again, on a disk
// that has everything that was committed, and a cursor over all of it.
func TestKilled(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	dir := filepath.Join(t.TempDir(), "cam")
	clock := newClock()
	var want []key
	for run := media.Run(1); run <= 6; run++ {
		clock.pass(time.Minute)
		r := rigOver(t, clock, openBolt(t, dir, 5*time.Second), nil).both()
		if r.run != run {
			t.Fatalf("run %d, want %d", r.run, run)
		}
		for n := range 3 + rnd.IntN(12) {
			r.second(n)
			r.commit()
			for i := range 10 {
				at := moment(float64(n)) + time.Duration(i)*100*ms
				if i%2 == 0 {
					want = append(want, key{run, r.video.ID, at})
				}
				want = append(want, key{run, r.audio.ID, at})
			}
		}
		r.second(100) // in memory only
		dir = killed(t, dir)
		checkDisk(t, dir)
	}
	r := rigOver(t, clock, openBolt(t, dir, 5*time.Second), nil).both()
	r.second(0)
	m := r.Map()
	if len(m.Spans) != 7 || len(m.Holes) != 6 {
		t.Errorf("map: %v", shapes(m))
	}
	for _, h := range m.Holes {
		if h.Reason != media.Crash || h.Kind != 0 {
			t.Errorf("hole %+v, want a crash", h)
		}
	}
	c, err := r.At(media.Position{}, Selection{})
	must(t, err)
	defer c.Close()
	var got []key
	jumps := 0
	for i := next(t, c); i.Run < 7; i = next(t, c) {
		got = append(got, keyOf(i))
		if i.Jump {
			jumps++
		}
	}
	if !slices.Equal(got, want) || jumps != 5 {
		t.Errorf("%d units with %d jumps, want %d with 5", len(got), jumps, len(want))
	}
}

// TestDamagedSegment: the middle of a recording cannot be read.
func TestDamagedSegment(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cam")
	r := rigOver(t, newClock(), openBolt(t, dir, 5*time.Second), nil).both()
	r.seconds(0, 18)
	must(t, r.Close(media.Off))
	names, err := filepath.Glob(filepath.Join(dir, "segments", "*.db"))
	must(t, err)
	slices.Sort(names)
	must(t, os.Truncate(names[1], 100))
	must(t, os.Remove(filepath.Join(dir, "index.db")))
	s, err := store.Open(dir, store.Options{ReadOnly: true})
	must(t, err)
	o := options(r.clock, s)
	o.ReadOnly = true
	ro, err := New(o)
	must(t, err)
	defer ro.Close("")
	c, err := ro.At(media.Position{}, Selection{})
	must(t, err)
	defer c.Close()
	var last, from, to time.Duration
	for {
		i, err := c.Next(deadline(t))
		if errors.Is(err, ErrEnd) {
			break
		}
		must(t, err)
		if i.Jump {
			from, to = last, i.DTS
		}
		last = i.DTS
	}
	m := ro.Map()
	if len(m.Spans) != 2 || len(m.Holes) != 2 || m.Holes[0].Reason != media.Damaged || m.Holes[1].Reason != media.Off {
		t.Fatalf("map: spans %v holes %v", spansOf(m), shapes(m))
	}
	if h := m.Holes[0]; h.Until.Time != to || to-from < 5*time.Second || c.Skipped() == 0 || h.From.Time-from > 200*ms {
		t.Errorf("the hole is %v to %v, the jump %v to %v, %d skipped", h.From, h.Until, from, to, c.Skipped())
	}
	if last != moment(17.9) {
		t.Errorf("the last unit is at %v", last)
	}
}
