// Package camera captures from V4L2 cameras: webcams, HDMI grabbers and
// whatever else Linux shows as /dev/videoN.
//
// The kernel is reached through github.com/blackjack/webcam. What that package
// does not say (the size that the driver chose, when a frame was taken, whether
// some were lost) is asked from the driver beside it; handle.go has all of it.
//
// A camera is known by what it is and where it is plugged in, not by the number
// that it got: see identity.go.
package camera

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"hindsight/appliance/capture"
	"hindsight/media"
)

const (
	frozenAfter = 3 * time.Second  // without a frame, between two
	firstFrame  = 6 * time.Second  // until the first one: some cameras measure the light first
	hungAfter   = 10 * time.Second // in one call into the driver
	endPatience = 3 * time.Second  // the same, when the context has ended
)

// Options choose a camera and what is asked of it.
type Options struct {
	// Address is /dev/videoN, a path below /dev/v4l, the Stable of a listed
	// device, or "auto" (also ""): the first camera that can be used.
	Address string
	Width   int          // pixels; 0: 1280
	Height  int          // pixels; 0: 720
	Rate    float64      // frames a second; 0: 30
	Clock   media.Clock  // nil: the machine's
	Log     *slog.Logger // nil: nothing is logged
}

// Source captures from one camera. It implements capture.Source.
type Source struct {
	options Options
	system  system
	hung    time.Duration

	mu    sync.Mutex
	known identity      // the camera that it once had; it looks for the same again
	stuck chan struct{} // open while a call into the driver, given up by Run, has not returned
}

var _ capture.Source = (*Source)(nil)

// New makes a source; the camera is opened by Run.
func New(o Options) *Source {
	o.Address = cmp.Or(o.Address, "auto")
	if o.Width <= 0 || o.Height <= 0 {
		o.Width, o.Height = 1280, 720
	}
	if o.Rate <= 0 {
		o.Rate = 30
	}
	if o.Clock == nil {
		o.Clock = media.SystemClock{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Source{options: o, system: v4l2{}, hung: hungAfter}
}

// Kinds is video.
func (s *Source) Kinds() []media.Kind { return []media.Kind{media.Video} }

// String is the address as it was given.
func (s *Source) String() string { return "camera " + s.options.Address }

// Run captures until ctx ends, the camera is gone, or it gives no new frame for
// three seconds. It returns in bounded time even if the driver hangs; while it
// still hangs, the next Run says so at once.
func (s *Source) Run(ctx context.Context, sink capture.Sink) error {
	if !s.free() {
		return s.lost(0, media.CameraLost, fmt.Errorf("the driver of %s does not answer; unplug the camera", s.options.Address))
	}
	r := &run{source: s, sink: sink}
	done := make(chan struct{})
	var err error
	go func() {
		defer close(done)
		err = r.capture(ctx)
	}()
	if !r.watch(ctx, done, s.hung) {
		s.mu.Lock()
		s.stuck = done
		s.mu.Unlock()
		if ctx.Err() != nil {
			return nil
		}
		return s.lost(r.last(), media.Frozen, errors.New("the driver does not return from a call"))
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// free reports whether no call of an earlier Run is still out.
func (s *Source) free() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stuck == nil {
		return true
	}
	select {
	case <-s.stuck:
		s.stuck = nil
		return true
	default:
		return false
	}
}

func (s *Source) lost(since time.Duration, why media.Reason, err error) error {
	return &capture.Lost{Kind: media.Video, Reason: why, Since: since, Err: err}
}
