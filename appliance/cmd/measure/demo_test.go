package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"hindsight/appliance/capture/demo"
	"hindsight/media"
)

// instant is a clock that is moved by whoever waits for it, so that a run takes
// no longer than drawing and encoding.
type instant struct {
	mu   sync.Mutex
	boot time.Duration
}

func (c *instant) Boot() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.boot
}

func (c *instant) Wall() (time.Time, bool) { return time.UnixMilli(runStart).Add(c.Boot()), true }

func (c *instant) wait(ctx context.Context, until time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boot = max(c.boot, until)
	return ctx.Err() == nil
}

// writerSink writes so many pictures and pieces of sound to files.
type writerSink struct {
	to   io.Writer
	left int
	stop func()
}

func (s *writerSink) Picture(p media.Picture)       { s.put(p.Data) }
func (s *writerSink) Sound(p media.Sound)           { s.put(toBytes(p.Samples)) }
func (s *writerSink) Coded(media.Track, media.Unit) {}
func (s *writerSink) Dropped(media.Kind, string)    {}

func (s *writerSink) put(b []byte) {
	if s.left--; s.left < 0 {
		s.stop()
		return
	}
	if _, err := s.to.Write(b); err != nil {
		s.stop()
	}
}

func play(t *testing.T, o demo.Options, to io.Writer, count int) {
	t.Helper()
	clock := &instant{boot: 77 * time.Second}
	o.Width, o.Height, o.Rate, o.Clock, o.Wait = 640, 360, 30, clock, clock.wait
	src, err := demo.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := src.Run(ctx, &writerSink{to: to, left: count, stop: cancel}); err != nil {
		t.Fatal(err)
	}
}

// TestDemoSource measures what the demo source really gives.
func TestDemoSource(t *testing.T) {
	const seconds = 17
	dir := t.TempDir()
	var sound bytes.Buffer
	play(t, demo.Options{Audio: true}, &sound, seconds*50)
	pcm, out := filepath.Join(dir, "sound.s16"), filepath.Join(dir, "demo.mp4")
	if err := os.WriteFile(pcm, sound.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "640x360", "-r", "30", "-i", "pipe:0",
		"-f", "s16le", "-ar", "48000", "-ac", "2", "-i", pcm, "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "800k", "-c:a", "libopus", out)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatalf("needs the package ffmpeg: %v", err)
	}
	play(t, demo.Options{Video: true}, stdin, seconds*30)
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, errs.String())
	}
	r, code, said := report(t, out, "-no-gaps", "-max-offset", "2ms", "-frames", "510", "-words", "30ms")
	if code != 0 {
		t.Errorf("exit %d: %s", code, said)
	}
	if r.Words.Found != 2 || r.Words.Words[0].Text != "날씨" || r.Words.Words[1].Text != "음악" || r.Sync.Pairs != seconds-1 {
		t.Errorf("words %+v, sync %+v", r.Words, r.Sync)
	}
	if wall := r.Frames.WallError; wall < -1.1 || wall > 1.1 {
		t.Errorf("wall time and time stamps part by %v ms", wall)
	}
}
