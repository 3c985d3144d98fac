package appliance

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"sync"
	"testing"
	"time"

	"hindsight/appliance/capture"
	"hindsight/media"
)

// fakeClock is moved by the test.
type fakeClock struct {
	mu   sync.Mutex
	boot time.Duration
}

func (c *fakeClock) Boot() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.boot
}

func (c *fakeClock) Wall() (time.Time, bool) {
	return time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC).Add(c.Boot()), true
}

func (c *fakeClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boot += d
}

// fakeSource delivers what run says.
type fakeSource struct {
	name  string
	kinds []media.Kind
	run   func(ctx context.Context, s capture.Sink) error
}

func (s *fakeSource) Run(ctx context.Context, sink capture.Sink) error { return s.run(ctx, sink) }
func (s *fakeSource) Kinds() []media.Kind                              { return s.kinds }
func (s *fakeSource) String() string                                   { return s.name }

// countingSink notes that something came.
type countingSink struct{ n int }

func (s *countingSink) Picture(media.Picture)         { s.n++ }
func (s *countingSink) Sound(media.Sound)             { s.n++ }
func (s *countingSink) Coded(media.Track, media.Unit) { s.n++ }
func (s *countingSink) Dropped(media.Kind, string)    {}
func (s *countingSink) Began() bool                   { return s.n > 0 }

var quiet = slog.New(slog.DiscardHandler)

// The source is lost eight times; the fifth run lasted long enough to begin
// anew with the waiting.
func TestSupervisorWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	clock := &fakeClock{}
	var waits []time.Duration
	var lost []string
	runs := 0
	src := &fakeSource{name: "x", run: func(_ context.Context, s capture.Sink) error {
		runs++
		if runs == 5 {
			clock.move(steadyAfter)
		}
		s.Picture(media.Picture{})
		return &capture.Lost{Reason: media.Frozen, Err: errors.New("nothing came")}
	}}
	s := &supervisor{
		kinds:  []media.Kind{media.Video},
		clock:  clock,
		log:    quiet,
		choose: func(context.Context) (capture.Source, error) { return src, nil },
		sink:   func(context.Context, capture.Source) (sink, func()) { return &countingSink{}, func() {} },
		lose:   func(l *capture.Lost) { lost = append(lost, l.Error()) },
		wait: func(_ context.Context, d time.Duration) bool {
			waits = append(waits, d)
			if len(waits) == 11 {
				cancel()
			}
			return ctx.Err() == nil
		},
	}
	s.run(ctx)
	ms := time.Millisecond
	want := []time.Duration{250 * ms, 500 * ms, 1000 * ms, 2000 * ms, 250 * ms, 500 * ms, 1000 * ms, 2000 * ms, 4000 * ms, 5000 * ms, 5000 * ms}
	if !reflect.DeepEqual(waits, want) {
		t.Errorf("waited %v, want %v", waits, want)
	}
	if len(lost) != 11 || lost[0] != "frozen: nothing came" {
		t.Errorf("lost %d times, first %q", len(lost), lost[0])
	}
	if st := s.get(); st.Source != "x" || st.Runs != 11 || st.Error != "frozen: nothing came" {
		t.Errorf("state %+v", st)
	}
}

// A source that ends since it was asked to is not lost.
func TestSupervisorEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	src := &fakeSource{name: "x", run: func(ctx context.Context, _ capture.Sink) error {
		cancel()
		<-ctx.Done()
		return nil
	}}
	s := &supervisor{
		clock: &fakeClock{}, log: quiet,
		choose: func(context.Context) (capture.Source, error) { return src, nil },
		sink:   func(context.Context, capture.Source) (sink, func()) { return &countingSink{}, func() {} },
		lose:   func(l *capture.Lost) { t.Errorf("lost: %v", l) },
		wait:   sleep,
	}
	s.run(ctx)
}

func TestAsLost(t *testing.T) {
	for _, c := range []struct {
		err   error
		kinds []media.Kind
		want  string
	}{
		{nil, []media.Kind{media.Video}, "camera lost: the source ended by itself"},
		{errors.New("e"), []media.Kind{media.Audio}, "microphone lost: e"},
		{errors.New("e"), []media.Kind{media.Video, media.Audio}, "camera lost: e"},
		{&capture.Lost{Reason: media.Frozen, Err: errors.New("f")}, nil, "frozen: f"},
	} {
		if got := asLost(c.err, c.kinds).Error(); got != c.want {
			t.Errorf("asLost(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}
