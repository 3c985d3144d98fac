package store

import (
	"testing"
	"time"

	"hindsight/media"
)

// BenchmarkCaptionStarts counts 100,000 captions over a year: by a store that
// was just opened, again, and after one more was said.
func BenchmarkCaptionStarts(b *testing.B) {
	dir := diskDir(b)
	s := openBench(b, dir, Options{})
	run, err := s.BeginRun(media.Anchor{Wall: time.Unix(1_700_000_000, 0)})
	if err != nil {
		b.Fatal(err)
	}
	t := newTalk()
	const all, apart = 100_000, 315 * time.Second
	var cs []media.Caption
	for n := range all {
		if cs = append(cs, t.next(run, time.Duration(n)*apart)); len(cs) == 2000 {
			if _, err := s.AddCaptions(cs); err != nil {
				b.Fatal(err)
			}
			cs = nil
		}
	}
	count := func(b *testing.B, want int) {
		n := 0
		if err := s.CaptionStarts(func(_ media.Run, starts []time.Duration) { n += len(starts) }); err != nil || n != want {
			b.Fatalf("%d captions, %v", n, err)
		}
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			s.starts.files = nil
			count(b, all)
		}
	})
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			count(b, all)
		}
	})
	more := 0
	b.Run("one more", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			more++
			if _, err := s.AddCaptions([]media.Caption{t.next(run, time.Duration(all+more)*apart)}); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			count(b, all+more)
		}
	})
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}
