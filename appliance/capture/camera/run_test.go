package camera

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hindsight/appliance/capture"
	"hindsight/media"
)

// lostBy runs the source and returns why it ended.
func lostBy(t *testing.T, c *Source, s capture.Sink) *capture.Lost {
	t.Helper()
	var lost *capture.Lost
	if err := c.Run(t.Context(), s); !errors.As(err, &lost) {
		t.Fatalf("Run ended with %v, want a *capture.Lost", err)
	}
	if lost.Kind != media.Video {
		t.Errorf("lost is %v, want video", lost.Kind)
	}
	return lost
}

func TestRunHandsOverStampedPictures(t *testing.T) {
	c := &clock{now: time.Hour}
	// The machine slept for 20 minutes before the test: the drivers' clock did not.
	driver := func() time.Duration { return c.Boot() - 20*time.Minute }
	cam := webcamAt(0, "A", "usb-1")
	var sequence uint32
	cam.next = func() (frame, error) {
		c.turn(40 * time.Millisecond)
		sequence++
		if sequence == 4 {
			sequence = 6 // two are missing
		}
		f := frame{data: make([]byte, 16), known: true, arrived: driver(), stamp: driver() - 7*time.Millisecond, sequence: sequence}
		c.turn(time.Millisecond) // copying takes its time
		return f, nil
	}
	machine := plug(cam)
	machine.now = driver
	ctx, cancel := context.WithCancel(t.Context())
	got := &sink{then: func(n int) {
		if n == 5 {
			cancel()
		}
	}}
	src := newSource(t, machine, Options{Clock: c, Width: 4, Height: 2, Rate: 25})
	if err := src.Run(ctx, got); err != nil {
		t.Fatalf("Run: %v", err)
	}
	for i, p := range got.pictures {
		want := time.Hour + time.Duration(i+1)*41*time.Millisecond - 8*time.Millisecond
		if p.At != want || p.Width != 4 || p.Height != 2 || p.Format != media.FormatYUYV {
			t.Errorf("picture %d: %v %dx%d at %v, want YUYV 4x2 at %v", i, p.Format, p.Width, p.Height, p.At, want)
		}
	}
	if len(got.dropped) != 2 {
		t.Errorf("dropped %q, want two frames lost", got.dropped)
	}
	if n := machine.opened(); n != 0 {
		t.Errorf("%d handles left open", n)
	}
}

func TestRunSaysWhyTheCameraIsLost(t *testing.T) {
	idle := func() (frame, error) { return frame{}, &idleError{time.Second} }
	for _, c := range []struct {
		name   string
		next   func(n int) (frame, error)
		frames int
		why    media.Reason
		text   string
	}{
		{"unplugged", func(n int) (frame, error) {
			if n < 3 {
				return frame{data: make([]byte, 16)}, nil
			}
			return frame{}, fmt.Errorf("get a frame: %w", unix.ENODEV)
		}, 3, media.CameraLost, "unplugged"},
		{"frozen", func(n int) (frame, error) {
			if n < 3 {
				return frame{data: make([]byte, 16)}, nil
			}
			return idle()
		}, 3, media.Frozen, "no new frame for 3s"},
		{"never begins", func(int) (frame, error) { return idle() }, 0, media.Frozen, "no new frame for 6s"},
		{"broken", func(int) (frame, error) { return frame{}, unix.EIO }, 0, media.CameraLost, "faulty"},
		{"slow but alive", func(n int) (frame, error) {
			switch {
			case n == 30:
				return frame{}, unix.ENODEV
			case n%3 == 0: // a frame every three seconds at most
				return frame{data: make([]byte, 16)}, nil
			}
			return idle()
		}, 10, media.CameraLost, "unplugged"},
	} {
		t.Run(c.name, func(t *testing.T) {
			clk := &clock{now: time.Minute}
			cam := webcamAt(0, "A", "usb-1")
			var n int
			var last time.Duration
			cam.next = func() (frame, error) {
				clk.turn(time.Second)
				f, err := c.next(n)
				f.arrived = clk.Boot()
				if err == nil {
					last = f.arrived
				}
				n++
				return f, err
			}
			machine := plug(cam)
			machine.now = clk.Boot
			got := &sink{}
			lost := lostBy(t, newSource(t, machine, Options{Clock: clk}), got)
			if lost.Reason != c.why || !strings.Contains(lost.Error(), c.text) || lost.Since != last {
				t.Errorf("lost: %v since %v, want %v (%s) since %v", lost, lost.Since, c.why, c.text, last)
			}
			if len(got.pictures) != c.frames {
				t.Errorf("%d pictures, want %d", len(got.pictures), c.frames)
			}
			if machine.opened() != 0 {
				t.Error("the camera was left open")
			}
		})
	}
}

func TestRunDropsWhatIsNoPicture(t *testing.T) {
	cam := webcamAt(0, "A", "usb-1")
	frames := []frame{{data: make([]byte, 15)}, {data: make([]byte, 16), broken: true}, {}, {data: make([]byte, 16)}}
	cam.next = func() (frame, error) {
		if len(frames) == 0 {
			return frame{}, unix.ENODEV
		}
		f := frames[0]
		frames = frames[1:]
		return f, nil
	}
	got := &sink{}
	lostBy(t, newSource(t, plug(cam), Options{}), got)
	want := "short frame: 15 of 16 bytes|the driver marked it as damaged|empty frame"
	if s := strings.Join(got.dropped, "|"); s != want || len(got.pictures) != 1 {
		t.Errorf("dropped %s and %d pictures, want %s and 1", s, len(got.pictures), want)
	}
}

func TestRunGivesUpADriverThatHangs(t *testing.T) {
	release := make(chan struct{})
	cam := webcamAt(0, "A", "usb-1")
	var back atomic.Bool
	cam.next = func() (frame, error) {
		if !back.Load() {
			<-release
			return frame{data: make([]byte, 16)}, nil
		}
		return frame{}, unix.ENODEV
	}
	got := &sink{}
	src := newSource(t, plug(cam), Options{})
	src.hung = 20 * time.Millisecond
	if lost := lostBy(t, src, got); lost.Reason != media.Frozen {
		t.Errorf("a hanging driver: %v, want frozen", lost)
	}
	if lost := lostBy(t, src, got); lost.Reason != media.CameraLost || !strings.Contains(lost.Error(), "does not answer") {
		t.Errorf("while it hangs: %v, want camera lost", lost)
	}
	back.Store(true)
	src.hung = time.Minute
	out := src.stuck
	close(release)
	<-out
	if lost := lostBy(t, src, got); !strings.Contains(lost.Error(), "unplugged") {
		t.Errorf("after it came back: %v, want a new attempt", lost)
	}
	if len(got.pictures) != 0 {
		t.Errorf("%d pictures came after Run had given up", len(got.pictures))
	}
}

func TestRunEndsThoughTheDriverHangs(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	cam := webcamAt(0, "A", "usb-1")
	inside := make(chan struct{}, 1)
	cam.next = func() (frame, error) {
		inside <- struct{}{}
		<-release
		return frame{}, unix.ENODEV
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-inside
		cancel()
	}()
	src := newSource(t, plug(cam), Options{})
	src.hung = 20 * time.Millisecond
	if err := src.Run(ctx, &sink{}); err != nil {
		t.Errorf("Run: %v, want nil when the context ended", err)
	}
}

func TestRunTakesASlowSinkForNoHang(t *testing.T) {
	cam := webcamAt(0, "A", "usb-1")
	var n int
	cam.next = func() (frame, error) {
		if n++; n == 2 {
			return frame{}, unix.ENODEV
		}
		return frame{data: make([]byte, 16)}, nil
	}
	src := newSource(t, plug(cam), Options{})
	src.hung = 200 * time.Millisecond
	got := &sink{then: func(int) {
		<-time.After(3 * src.hung) // longer than the driver may take
	}}
	if lost := lostBy(t, src, got); lost.Reason != media.CameraLost || len(got.pictures) != 1 {
		t.Errorf("%v after %d pictures, want camera lost after 1", lost, len(got.pictures))
	}
}
