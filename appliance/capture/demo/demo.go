// Package demo is a source without a device: a picture that a person likes to
// look at and a program can measure, beeps, and spoken words (package pattern
// has their exact places and times).
//
// What it gives is a function of its options, the number of the frame or sample
// and the moment the run began. Frame n of a run has At = start + n/rate, and
// number and wall time are in the picture, for people and for machines.
package demo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"hindsight/appliance/capture"
	"hindsight/appliance/pattern"
	"hindsight/media"
)

// Options say what the source gives. Clock and one of Video and Audio are needed.
type Options struct {
	Width, Height int            // pixels, even; 0: 1280x720
	Rate          int            // frames a second, 1 to 240; 0: 30
	Clock         media.Clock    // what the run is paced and stamped by
	Video, Audio  bool           // what it gives
	Zone          *time.Location // of the time shown in figures; nil: time.Local

	// Wait returns true when Clock.Boot has reached until, false when ctx ended
	// before; nil: it sleeps. A test that has its own clock moves it here.
	Wait func(ctx context.Context, until time.Duration) bool
}

// Source is the demo source; it implements capture.Source.
type Source struct {
	o Options
}

// New checks the options.
func New(o Options) (*Source, error) {
	if o.Width == 0 && o.Height == 0 {
		o.Width, o.Height = 1280, 720
	}
	if o.Rate == 0 {
		o.Rate = 30
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if err := pattern.CheckSize(o.Width, o.Height); err != nil {
		return nil, fmt.Errorf("demo source: %w", err)
	}
	if o.Rate < 1 || o.Rate > 240 {
		return nil, fmt.Errorf("demo source: %d frames a second; use 1 to 240", o.Rate)
	}
	if o.Clock == nil || !o.Video && !o.Audio {
		return nil, fmt.Errorf("demo source: needs a clock, and video or audio or both")
	}
	if o.Wait == nil {
		o.Wait = sleeper(o.Clock)
	}
	return &Source{o}, nil
}

// Kinds says what the options asked for.
func (s *Source) Kinds() []media.Kind {
	var k []media.Kind
	if s.o.Video {
		k = append(k, media.Video)
	}
	if s.o.Audio {
		k = append(k, media.Audio)
	}
	return k
}

// String names the source.
func (s *Source) String() string {
	if !s.o.Video {
		return "demo sound"
	}
	return fmt.Sprintf("demo %dx%d at %d", s.o.Width, s.o.Height, s.o.Rate)
}

// Run gives pictures and sound until ctx ends; it is never Lost. Each call begins
// a run of its own, with frame number 0.
func (s *Source) Run(ctx context.Context, sink capture.Sink) error {
	card := s.newCard()
	r := run{Options: s.o, sink: sink, start: s.o.Clock.Boot()}
	var wg sync.WaitGroup
	if s.o.Video {
		r.drawn = newProgress()
		wg.Go(func() { r.pictures(ctx, card) })
	}
	if s.o.Audio {
		wg.Go(func() { r.sounds(ctx, pattern.NewSound()) })
	}
	wg.Wait()
	return nil
}

func (s *Source) newCard() *card {
	if !s.o.Video {
		return nil
	}
	return newCard(s.o.Width, s.o.Height, s.o.Rate, s.o.Zone)
}

// sleeper waits with timers, which may be early or stand still while the machine
// sleeps: it looks at the clock again after each.
func sleeper(clock media.Clock) func(context.Context, time.Duration) bool {
	return func(ctx context.Context, until time.Duration) bool {
		for {
			d := until - clock.Boot()
			if d <= 0 {
				return ctx.Err() == nil
			}
			t := time.NewTimer(min(d, time.Second))
			select {
			case <-ctx.Done():
				t.Stop()
				return false
			case <-t.C:
			}
		}
	}
}
