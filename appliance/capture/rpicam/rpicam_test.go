package rpicam

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"hindsight/appliance/capture"
	"hindsight/media"
)

// sink remembers what it was given, and calls then after each picture.
type sink struct {
	mu       sync.Mutex
	pictures []media.Picture
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

func (s *sink) Dropped(media.Kind, string)    {}
func (s *sink) Sound(media.Sound)             { panic("a camera has no sound") }
func (s *sink) Coded(media.Track, media.Unit) { panic("a camera has no coded units") }

func lostBy(t *testing.T, c *Source, s capture.Sink) *capture.Lost {
	t.Helper()
	var lost *capture.Lost
	if err := c.Run(t.Context(), s); !errors.As(err, &lost) {
		t.Fatalf("Run ended with %v, want a *capture.Lost", err)
	}
	return lost
}

func TestRunWorksAndEndsItsChild(t *testing.T) {
	for _, name := range programs {
		t.Run(name, func(t *testing.T) {
			notes := install(t, name, "works")
			ctx, cancel := context.WithCancel(t.Context())
			got := &sink{then: func(n int) {
				if n == 100 {
					cancel()
				}
			}}
			if err := New(Options{Width: 96, Height: 64, Rate: 10, Address: "rpicam:1"}).Run(ctx, got); err != nil {
				t.Fatalf("Run: %v", err)
			}
			now := media.SystemClock{}.Boot()
			for i, p := range got.pictures[:100] {
				if p.Width != 96 || p.Height != 64 || p.Format != media.FormatH264 || len(p.Data) == 0 {
					t.Fatalf("picture %d: %v %dx%d of %d bytes", i, p.Format, p.Width, p.Height, len(p.Data))
				}
				if p.At > now || i > 0 && p.At <= got.pictures[i-1].At {
					t.Errorf("picture %d at %v after %v, now %v", i, p.At, got.pictures[i-1].At, now)
				}
			}
			arguments, err := os.ReadFile(filepath.Join(notes, "arguments"))
			want := "--camera 1 --nopreview -t 0 --codec h264 --inline --flush --intra 10 --width 96 --height 64 --framerate 10 -o -"
			if string(arguments) != want {
				t.Errorf("arguments %s (%v), want %s", arguments, err, want)
			}
		})
	}
}

func TestRunSaysWhyTheCameraIsLost(t *testing.T) {
	for _, c := range []struct {
		behaviour string
		why       media.Reason
		text      []string
		pictures  int
	}{
		{"dies", media.CameraLost, []string{"failed to start camera", "exit status 255"}, 20},
		{"no camera", media.CameraLost, []string{"no cameras available", "exit status 255"}, 0},
		{"hangs", media.Frozen, []string{"no new picture for", "libcamera v0.3"}, 20},
		{"garbage", media.CameraLost, []string{"no H.264"}, 19},
	} {
		t.Run(c.behaviour, func(t *testing.T) {
			notes := install(t, "rpicam-vid", c.behaviour)
			before := media.SystemClock{}.Boot()
			got := &sink{}
			src := New(Options{Width: 96, Height: 64, Rate: 10})
			src.starting, src.frozen = time.Minute, time.Minute
			if c.why == media.Frozen {
				src.frozen = 100 * time.Millisecond
			}
			lost := lostBy(t, src, got)
			if lost.Reason != c.why || lost.Kind != media.Video || len(got.pictures) != c.pictures {
				t.Errorf("%v after %d pictures, want %v after %d", lost, len(got.pictures), c.why, c.pictures)
			}
			for _, text := range c.text {
				if !strings.Contains(lost.Error(), text) {
					t.Errorf("%v; want %q in it", lost, text)
				}
			}
			if (lost.Since == 0) != (c.pictures == 0) || lost.Since != 0 && lost.Since < before {
				t.Errorf("lost since %v, run began at %v", lost.Since, before)
			}
			if pid, err := os.ReadFile(filepath.Join(notes, "sleeper.pid")); err == nil {
				gone(t, string(pid))
			} else if c.behaviour == "hangs" {
				t.Error(err)
			}
		})
	}
}

// gone waits until the process has ended.
func gone(t *testing.T, text string) {
	t.Helper()
	pid, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		stat, _ := os.ReadFile("/proc/" + text + "/stat")
		_, state, _ := strings.Cut(string(stat), ") ")
		if syscall.Kill(pid, 0) != nil || strings.HasPrefix(state, "Z") {
			return
		}
	}
	t.Errorf("process %d, started by the hanging program, still lives", pid)
}

func TestRunGoesOnWhenTheProgramReturns(t *testing.T) {
	install(t, "rpicam-vid", "dies")
	got := &sink{}
	src := New(Options{Width: 96, Height: 64, Rate: 10})
	lostBy(t, src, got)
	t.Setenv("RPICAM_STANDIN", "works")
	ctx, cancel := context.WithCancel(t.Context())
	got.then = func(n int) {
		if n == 60 {
			cancel()
		}
	}
	if err := src.Run(ctx, got); err != nil || len(got.pictures) < 60 {
		t.Errorf("%d pictures, %v; want 20 of the first life and 40 of the second", len(got.pictures), err)
	}
}

func TestRunWithoutTheProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if lost := lostBy(t, New(Options{}), &sink{}); lost.Reason != media.CameraLost || !strings.Contains(lost.Error(), "not installed") {
		t.Errorf("lost: %v", lost)
	}
	if devices, err := List(t.Context()); err != nil || len(devices) != 0 {
		t.Errorf("List: %v, %v", devices, err)
	}
}

func TestRunFindsAModuleByItsPath(t *testing.T) {
	notes := install(t, "rpicam-vid", "dies")
	lostBy(t, New(Options{Address: "rpicam:/base/soc/i2c0mux/i2c@0/ov5647@36"}), &sink{})
	if arguments, _ := os.ReadFile(filepath.Join(notes, "arguments")); !strings.HasPrefix(string(arguments), "--camera 1 ") {
		t.Errorf("arguments %s, want camera 1", arguments)
	}
	if lost := lostBy(t, New(Options{Address: "rpicam:/base/none"}), &sink{}); !strings.Contains(lost.Error(), "no camera module /base/none") {
		t.Errorf("lost: %v", lost)
	}
}
