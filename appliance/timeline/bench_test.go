package timeline

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// history is how many blocks of a second the benchmarks look into.
const history = 100_000

// past100k fills s with 100,000 blocks: four pictures, the first a key frame, and four pieces of sound each.
func past100k(b *testing.B, s store.Store) media.Run {
	b.Helper()
	run, err := s.BeginRun(media.Anchor{Wall: epoch, Trusted: true})
	must(b, err)
	v, err := s.NewTrack(videoTrack)
	must(b, err)
	a, err := s.NewTrack(audioTrack)
	must(b, err)
	payload := make([]byte, 64)
	for n := range history {
		blk := &media.Block{Run: run, At: time.Duration(n+1) * time.Second, Tracks: []media.Track{v, a}}
		for i := range 4 {
			at := time.Duration(n)*time.Second + time.Duration(i)*250*ms + 1
			blk.Units = append(blk.Units,
				media.Unit{Track: v.ID, DTS: at, Flags: media.Flags(1 ^ min(i, 1)), Payload: payload},
				media.Unit{Track: a.ID, DTS: at, Flags: media.Key, Payload: payload})
		}
		_, err := s.Commit(blk)
		must(b, err)
	}
	return run
}

// openAnywhere opens cursors at random moments and reads the first unit of each.
func openAnywhere(b *testing.B, tl *Timeline, run media.Run) {
	rnd := rand.New(rand.NewPCG(1, 1))
	ctx := context.Background()
	var took []time.Duration
	for b.Loop() {
		p := media.Position{Run: run, Time: time.Duration(rnd.Int64N(history * int64(time.Second)))}
		began := time.Now()
		c, err := tl.At(p, Selection{})
		must(b, err)
		i, err := c.Next(ctx)
		must(b, err)
		took = append(took, time.Since(began))
		if d := p.Time - i.DTS; d < -ms || d > 2*time.Second {
			b.Fatalf("at %v begins with %v", p.Time, i.DTS)
		}
		c.Close()
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "p99-µs")
}

func BenchmarkOpenInMemory(b *testing.B) {
	m := store.NewMemory()
	run := past100k(b, m)
	o := options(newClock(), m.Reopen())
	o.ReadOnly = true
	tl, err := New(o)
	must(b, err)
	defer tl.Close("")
	openAnywhere(b, tl, run)
}

// BenchmarkOpenInBolt takes minutes to fill a disk that syncs; HINDSIGHT_BENCH_DIR
// names a directory (a tmpfs, say) to fill once and use again.
func BenchmarkOpenInBolt(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "cam")
	if d := os.Getenv("HINDSIGHT_BENCH_DIR"); d != "" {
		dir = filepath.Join(d, "cam")
	}
	if _, err := os.Stat(dir); err != nil {
		s, err := store.Open(dir, store.Options{})
		must(b, err)
		past100k(b, s)
		must(b, s.Close())
	}
	s, err := store.Open(dir, store.Options{ReadOnly: true})
	must(b, err)
	o := options(newClock(), s)
	o.ReadOnly = true
	tl, err := New(o)
	must(b, err)
	defer tl.Close("")
	openAnywhere(b, tl, 1)
}

// BenchmarkLive appends to a timeline that cursors follow live; ns/op is the
// whole machine's work for one unit.
func BenchmarkLive(b *testing.B) {
	for _, n := range []int{0, 1, 50, 100} {
		b.Run(map[int]string{0: "nobody", 1: "one", 50: "50 cursors", 100: "100 cursors"}[n], func(b *testing.B) {
			m := store.NewMemory()
			r := rigOn(b, newClock(), m, nil)
			r.useVideo()
			r.v(1, media.Key)
			var wg sync.WaitGroup
			var cs []*Cursor
			for range n {
				c := r.Live(Selection{})
				cs = append(cs, c)
				next(b, c)
			}
			total := 0
			gate := make(chan struct{}, n)
			for _, c := range cs {
				wg.Go(func() {
					for {
						if _, err := c.Next(context.Background()); err != nil {
							return
						}
						gate <- struct{}{}
					}
				})
			}
			payload := make([]byte, 1000)
			b.ReportAllocs()
			for b.Loop() {
				total++
				must(b, r.Append(media.Unit{Track: r.video.ID, DTS: time.Duration(total+1) * ms, Payload: payload}))
				for range n {
					<-gate
				}
				if total%1000 == 0 {
					r.commit()
				}
			}
			for _, c := range cs {
				c.Close()
			}
			wg.Wait()
		})
	}
}
