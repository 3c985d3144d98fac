package appliance

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"hindsight/appliance/capture"
	"hindsight/media"
)

// How long a lost source waits before it is run again: at once, then twice as
// long each time. A source that ran for steadyAfter begins anew.
const (
	firstWait   = 250 * time.Millisecond
	longestWait = 5 * time.Second
	steadyAfter = 10 * time.Second
)

// supervisor keeps one source of a camera running until its context ends.
type supervisor struct {
	kinds  []media.Kind                                         // what is missing while the source is lost
	choose func(context.Context) (capture.Source, error)        // called before every run
	sink   func(context.Context, capture.Source) (sink, func()) // called for every run; the func ends it
	lose   func(lost *capture.Lost)                             // called after every run
	wait   func(ctx context.Context, d time.Duration) bool      // false when ctx ended
	log    *slog.Logger
	clock  media.Clock

	mu    sync.Mutex
	state sourceState
}

// sink is what a run of a source delivers into, and whether anything has come.
type sink interface {
	capture.Sink
	Began() bool
}

// sourceState is what the status shows of a source.
type sourceState struct {
	Source string // its name; empty while there is none
	Error  string // why it does not run; empty while it does
	Runs   int    // how often it was started
}

// run runs the source again and again until ctx ends.
func (s *supervisor) run(ctx context.Context) {
	wait := firstWait
	said := ""
	for ctx.Err() == nil {
		began := s.clock.Boot()
		delivered, err := s.once(ctx)
		if ctx.Err() != nil {
			return
		}
		lost := asLost(err, s.kinds)
		s.lose(lost)
		s.set(func(st *sourceState) { st.Error = lost.Error() })
		if text := lost.Error(); delivered || text != said {
			s.log.Warn("source lost; trying again", "source", s.get().Source, "reason", lost.Reason, "error", lost.Err)
			said = text
		}
		if s.clock.Boot()-began >= steadyAfter {
			wait = firstWait
		}
		if !s.wait(ctx, wait) {
			return
		}
		wait = min(2*wait, longestWait)
	}
}

// once runs the source until it is lost.
func (s *supervisor) once(ctx context.Context) (delivered bool, err error) {
	src, err := s.choose(ctx)
	if err != nil {
		return false, err
	}
	s.set(func(st *sourceState) { st.Source = src.String(); st.Runs++ })
	sink, done := s.sink(ctx, src)
	err = src.Run(ctx, sink)
	done()
	return sink.Began(), err
}

// running notes that the source delivers.
func (s *supervisor) running() {
	s.set(func(st *sourceState) { st.Error = "" })
}

func (s *supervisor) set(f func(*sourceState)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.state)
}

func (s *supervisor) get() sourceState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// asLost makes a *capture.Lost of whatever a source ended with.
func asLost(err error, kinds []media.Kind) *capture.Lost {
	var lost *capture.Lost
	if errors.As(err, &lost) {
		return lost
	}
	if err == nil {
		err = errors.New("the source ended by itself")
	}
	reason := media.CameraLost
	if len(kinds) == 1 && kinds[0] == media.Audio {
		reason = media.MicrophoneLost
	}
	return &capture.Lost{Reason: reason, Err: err}
}

// sleep waits for d and reports whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
