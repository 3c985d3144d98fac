package camera

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"hindsight/appliance/capture"
	"hindsight/media"
)

// run is one Run of a source: a goroutine that captures, and one that watches it.
type run struct {
	source *Source
	sink   capture.Sink

	calls    atomic.Int64 // counts calls into the driver that returned
	gate     sync.Mutex   // held while a frame is handed over
	closed   bool         // under gate: Run has returned, nothing may be handed over
	lastBoot atomic.Int64 // when the last frame arrived, Clock.Boot
}

func (r *run) last() time.Duration { return time.Duration(r.lastBoot.Load()) }

// watch waits for done. It gives up, and reports false, when no call into the
// driver returned for limit, or when ctx has ended a moment ago. After that
// nothing reaches the sink.
func (r *run) watch(ctx context.Context, done <-chan struct{}, limit time.Duration) bool {
	seen := r.calls.Load()
	tick := time.NewTicker(limit)
	defer tick.Stop()
	end := ctx.Done()
	for {
		select {
		case <-done:
			return true
		case <-end:
			end = nil
			tick.Reset(min(limit, endPatience))
			seen = r.calls.Load()
			continue
		case <-tick.C:
		}
		now := r.calls.Load()
		if now != seen && end != nil {
			seen = now
			continue
		}
		if !r.gate.TryLock() {
			continue // not in the driver but in the sink
		}
		r.closed = true
		r.gate.Unlock()
		return false
	}
}

// capture finds the camera, opens it and hands over its frames.
func (r *run) capture(ctx context.Context) error {
	s := r.source
	d, id, err := s.find(r)
	if err != nil {
		return s.lost(0, media.CameraLost, err)
	}
	defer d.Close()
	want := wanted{s.options.Width, s.options.Height, s.options.Rate}
	m, exact, err := choose(d.Modes(want), want)
	if err != nil {
		return s.lost(0, media.CameraLost, fmt.Errorf("%s: %w", id.path, err))
	}
	got, err := d.Start(m)
	if err != nil {
		return s.lost(0, media.CameraLost, fmt.Errorf("%s: %w", id.path, explain(err)))
	}
	s.remember(id)
	r.say(id, want, got, exact)
	return r.frames(ctx, d, got)
}

// say logs what was opened, louder if it is not what was asked for.
func (r *run) say(id identity, want wanted, got layout, exact bool) {
	level, text := slog.LevelInfo, "camera opened"
	if !exact || got.width != want.width || got.height != want.height {
		level, text = slog.LevelWarn, "camera opened, not as asked: it lacks that size or rate"
	}
	r.source.options.Log.Log(context.Background(), level, text,
		"device", id.path, "name", id.name, "stable", id.stable(), "format", got.format.String(),
		"size", fmt.Sprintf("%dx%d", got.width, got.height), "rate", got.rate,
		"asked", fmt.Sprintf("%dx%d", want.width, want.height), "asked_rate", want.rate)
}

// frames hands over frames until ctx ends or the camera fails.
func (r *run) frames(ctx context.Context, d device, l layout) error {
	s := r.source
	clocks := bridge{boot: s.options.Clock.Boot, driver: s.system.Now}
	stamps := newStamps(l.rate)
	waited, limit := time.Duration(0), firstFrame
	for ctx.Err() == nil {
		f, err := d.Next()
		r.calls.Add(1)
		var idle *idleError
		if errors.As(err, &idle) {
			if waited += idle.waited; waited >= limit {
				return s.lost(r.last(), media.Frozen, fmt.Errorf("no new frame for %v", waited))
			}
			continue
		}
		if err != nil {
			return s.lost(r.last(), media.CameraLost, explain(err))
		}
		waited, limit = 0, frozenAfter
		clocks.measure()
		f.arrived, f.stamp = clocks.turn(f.arrived), clocks.turn(f.stamp)
		r.lastBoot.Store(int64(f.arrived))
		at, missing := stamps.next(f)
		p, why := l.picture(f)
		p.At = at
		if !r.hand(p, why, missing) {
			return nil
		}
	}
	return nil
}

// hand gives a picture to the sink, or counts why it is none; false: Run has returned.
func (r *run) hand(p media.Picture, why string, missing int) bool {
	r.gate.Lock()
	defer r.gate.Unlock()
	if r.closed {
		return false
	}
	for range missing {
		r.sink.Dropped(media.Video, "lost between the camera and the driver")
	}
	if why != "" {
		r.sink.Dropped(media.Video, why)
	} else {
		r.sink.Picture(p)
	}
	return true
}

// explain says what the bare numbers of the kernel mean here.
func explain(err error) error {
	switch {
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO):
		return fmt.Errorf("the camera was unplugged (%w)", err)
	case errors.Is(err, unix.ENOENT):
		return fmt.Errorf("no such camera is plugged in (%w)", err)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("another program uses the camera (%w)", err)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("no right to open the camera: add the user to the group video (%w)", err)
	case errors.Is(err, unix.ENOSPC):
		return fmt.Errorf("the USB bus has no bandwidth left: plug the camera elsewhere or ask for a smaller size (%w)", err)
	case errors.Is(err, unix.EIO), errors.Is(err, unix.EPROTO):
		return fmt.Errorf("the camera or its cable is faulty (%w)", err)
	}
	return err
}
