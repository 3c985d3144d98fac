package camera

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hindsight/media"
)

// fakes is a machine whose cameras are plugged in and out by a test.
type fakes struct {
	mu    sync.Mutex
	nodes map[string]*fake
	now   func() time.Duration // the drivers' clock; nil: it stands at 0
}

// fake is one node.
type fake struct {
	id      identity
	modes   []mode
	layout  layout
	openErr error
	tryErr  error
	next    func() (frame, error)
	started []mode
	open    int // handles that are open
}

func plug(nodes ...*fake) *fakes {
	s := &fakes{nodes: map[string]*fake{}}
	for _, f := range nodes {
		s.nodes[f.id.path] = f
	}
	return s
}

func (s *fakes) Paths() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var paths []string
	for p := range s.nodes {
		paths = append(paths, p)
	}
	slices.SortFunc(paths, func(a, b string) int { return number(a) - number(b) })
	return paths
}

func (s *fakes) Now() time.Duration {
	if s.now == nil {
		return 0
	}
	return s.now()
}

func (s *fakes) Open(path string) (device, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.nodes[path]
	if f == nil {
		return nil, fmt.Errorf("open %s: %w", path, unix.ENOENT)
	}
	if f.openErr != nil {
		return nil, f.openErr
	}
	f.open++
	return &fakeHandle{s, f}, nil
}

// opened counts the handles that nobody closed.
func (s *fakes) opened() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, f := range s.nodes {
		n += f.open
	}
	return n
}

type fakeHandle struct {
	*fakes
	*fake
}

func (h *fakeHandle) Identity() identity     { return h.id }
func (h *fakeHandle) Modes(...wanted) []mode { return slices.Clone(h.modes) }
func (h *fakeHandle) Try(mode) error         { return h.tryErr }
func (h *fakeHandle) Next() (frame, error)   { return h.next() }

func (h *fakeHandle) Start(m mode) (layout, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.started = append(h.started, m)
	l := h.layout
	if l.format == 0 {
		l = layout{format: m.format, width: m.width, height: m.height, rate: m.rate}
	}
	return l, nil
}

func (h *fakeHandle) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fake.open--
}

// webcamAt is a fake of an ordinary webcam.
func webcamAt(n int, name, bus string) *fake {
	f := &fake{
		id:    identity{path: fmt.Sprintf("/dev/video%d", n), name: name, bus: bus},
		modes: []mode{{format: formatYUYV, width: 4, height: 2, rates: []span{{30, 30}}}},
	}
	f.next = func() (frame, error) { return frame{data: make([]byte, 16)}, nil }
	return f
}

// clock is a clock that a test turns.
type clock struct {
	mu  sync.Mutex
	now time.Duration
}

func (c *clock) Boot() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Wall() (time.Time, bool) { return time.Time{}, false }

func (c *clock) turn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now += d
}

// sink remembers what it was given, and calls then after each picture.
type sink struct {
	mu       sync.Mutex
	pictures []media.Picture
	dropped  []string
	then     func(n int)
}

func (s *sink) Picture(p media.Picture) {
	s.mu.Lock()
	s.pictures = append(s.pictures, p)
	n := len(s.pictures)
	s.mu.Unlock()
	if s.then != nil {
		s.then(n)
	}
}

func (s *sink) Dropped(_ media.Kind, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped = append(s.dropped, why)
}

func (s *sink) Sound(media.Sound)             { panic("a camera has no sound") }
func (s *sink) Coded(media.Track, media.Unit) { panic("a camera has no coded units") }

func newSource(t *testing.T, s system, o Options) *Source {
	t.Helper()
	c := New(o)
	c.system = s
	return c
}
