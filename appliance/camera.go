package appliance

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"hindsight/appliance/capture"
	"hindsight/appliance/capture/demo"
	"hindsight/appliance/encode"
	"hindsight/appliance/timeline"
	"hindsight/media"
	"hindsight/store"
)

// How often auto looks again for a device that is not there. A microphone is
// only seen by a new process, so looking is not free.
const (
	lookAgain     = 10 * time.Second
	lookAgainLong = 30 * time.Second
)

// camera is one supervised camera: its timeline and the sources that fill it.
type camera struct {
	name  string
	hw    hardware
	clock media.Clock
	log   *slog.Logger
	store store.Store
	tl    *timeline.Timeline
	drops *drops
	ends  *ends
	loud  *loudness
	again func(ctx context.Context, d time.Duration) bool // waits before auto looks again; tests

	mu        sync.Mutex
	conf      CameraConfig // see config
	renew     func()       // ends the sources, which then begin anew as conf has it; nil: they do not run
	units     []*unit
	demo      bool // nothing was found and the demo source stands in
	decisions map[decisionKey]encode.Decision
	reduced   string // why less is recorded than the camera gives; empty: all of it is
}

type decisionKey struct {
	width, height int
	format        media.Format
}

// unit is one source of the camera: what the status shows and health judges.
type unit struct {
	name     string // video, audio or both
	super    *supervisor
	optional bool // auto has never found it, so nobody misses it
	mu       sync.Mutex
	rec      *recorder
}

func newCamera(conf CameraConfig, hw hardware, clock media.Clock, log *slog.Logger, st store.Store, tl *timeline.Timeline) *camera {
	return &camera{name: conf.Name, conf: conf, hw: hw, clock: clock, log: log, store: st, tl: tl,
		drops: newDrops(clock, log), ends: &ends{at: map[media.Kind]time.Duration{}}, loud: &loudness{clock: clock}, again: sleep,
		decisions: map[decisionKey]encode.Decision{}}
}

// config is what the camera records, as it is configured now.
func (c *camera) config() CameraConfig {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conf
}

// reconfigure has the sources begin anew with another configuration, which takes a moment.
func (c *camera) reconfigure(conf CameraConfig) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conf = conf
	clear(c.decisions)
	c.reduced = ""
	if c.renew != nil {
		c.renew()
	}
}

// run records until ctx ends. Everything received by then has been appended.
func (c *camera) run(ctx context.Context) {
	for ctx.Err() == nil {
		sources, stop := context.WithCancel(ctx)
		c.mu.Lock()
		c.units, c.renew = nil, stop
		c.mu.Unlock()
		c.runSources(sources)
		stop()
		if end := max(c.ends.get(media.Video), c.ends.get(media.Audio)); ctx.Err() == nil && end > 0 {
			c.tl.Lose(0, end, media.Paused, "the settings of the camera were changed")
		}
	}
}

// runSources records with the configuration there is until ctx ends.
func (c *camera) runSources(ctx context.Context) {
	if conf := c.config(); conf.Video == "auto" && conf.Audio == "auto" {
		c.standIn(ctx)
	}
	var wg sync.WaitGroup
	for _, u := range c.plan() {
		wg.Add(1)
		c.add(u)
		go func() {
			defer wg.Done()
			u.super.run(ctx)
		}()
	}
	wg.Wait()
}

// standIn records the demo source for as long as there is neither camera nor microphone.
func (c *camera) standIn(ctx context.Context) {
	if ctx.Err() != nil || anyDevice(ctx, c.hw) {
		return
	}
	c.log.Warn("no camera and no microphone found: recording the demo source until there is one")
	demoCtx, stop := context.WithCancel(ctx)
	var looking sync.WaitGroup
	looking.Go(func() {
		defer stop()
		for c.again(demoCtx, lookAgain) {
			if anyDevice(demoCtx, c.hw) {
				c.log.Info("a device was found: it is recorded instead of the demo source")
				return
			}
		}
	})
	u := c.unit("both", []media.Kind{media.Video, media.Audio}, false, func(context.Context) (capture.Source, error) {
		return c.openDemo(demoCtx, true, true)
	})
	c.mu.Lock()
	c.demo, c.units = true, []*unit{u}
	c.mu.Unlock()
	u.super.run(demoCtx)
	stop()
	looking.Wait()
	if end := max(c.ends.get(media.Video), c.ends.get(media.Audio)); ctx.Err() == nil && end > 0 {
		c.tl.Lose(0, end, media.CameraLost, "the demo source has made room for a device")
	}
	c.mu.Lock()
	c.demo, c.units = false, nil
	c.mu.Unlock()
}

// plan makes the units that the configuration asks for.
func (c *camera) plan() []*unit {
	conf := c.config()
	video, audio := conf.Video, conf.Audio
	both := []media.Kind{media.Video, media.Audio}
	switch {
	case strings.Contains(video, "://") && audio == "auto":
		return []*unit{c.unit("both", both, false, func(context.Context) (capture.Source, error) {
			return c.hw.Camera(video, conf)
		})}
	case video == "demo" && (audio == "demo" || audio == "auto"):
		return []*unit{c.unit("both", both, false, func(ctx context.Context) (capture.Source, error) {
			return c.openDemo(ctx, true, true)
		})}
	}
	var units []*unit
	if video != "none" {
		units = append(units, c.unit("video", []media.Kind{media.Video}, video == "auto", c.chooseVideo))
	}
	if audio != "none" {
		units = append(units, c.unit("audio", []media.Kind{media.Audio}, audio == "auto", c.chooseAudio))
	}
	return units
}

func (c *camera) chooseVideo(ctx context.Context) (capture.Source, error) {
	conf := c.config()
	switch conf.Video {
	case "auto":
		return autoCamera(ctx, c.hw, conf)
	case "demo":
		return c.openDemo(ctx, true, false)
	}
	return c.hw.Camera(conf.Video, conf)
}

func (c *camera) chooseAudio(ctx context.Context) (capture.Source, error) {
	switch name := c.config().Audio; name {
	case "auto":
		return autoMicrophone(ctx, c.hw)
	case "demo":
		return c.openDemo(ctx, false, true)
	default:
		return c.hw.Microphone(name)
	}
}

// openDemo measures the encoder first, so that the recording begins with frame 0.
func (c *camera) openDemo(ctx context.Context, video, audio bool) (capture.Source, error) {
	conf := c.config()
	if video {
		p := media.Picture{Format: media.FormatI420, Width: conf.Width, Height: conf.Height}
		if _, err := c.decide(ctx, p); err != nil {
			return nil, err
		}
	}
	return c.hw.Demo(conf, video, audio)
}

// unit makes a supervised source.
func (c *camera) unit(name string, kinds []media.Kind, optional bool, choose func(context.Context) (capture.Source, error)) *unit {
	u := &unit{name: name, optional: optional}
	u.super = &supervisor{kinds: kinds, choose: choose, clock: c.clock, log: c.log, wait: u.wait}
	u.super.sink = func(ctx context.Context, src capture.Source) (sink, func()) { return c.record(ctx, u, src) }
	u.super.lose = func(lost *capture.Lost) { c.lose(u, lost) }
	return u
}

// wait is the supervisor's pause. Looking for a device that was never there takes its time.
func (u *unit) wait(ctx context.Context, d time.Duration) bool {
	if u.missing() {
		d = max(d, lookAgain)
		if u.name == "audio" {
			d = lookAgainLong
		}
	}
	return sleep(ctx, d)
}

// missing reports whether the unit is an optional one that nothing was ever heard or seen of.
func (u *unit) missing() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.optional
}

// record makes the recorder for one run of a source.
func (c *camera) record(ctx context.Context, u *unit, src capture.Source) (sink, func()) {
	r := &recorder{conf: c.config(), tl: c.tl, drops: c.drops, log: c.log, decide: c.decide, ends: c.ends, loud: c.loud}
	r.onBegin = func() {
		u.mu.Lock()
		u.optional = false
		u.mu.Unlock()
		u.super.running()
		c.log.Info("recording", "source", src.String())
	}
	_, r.patient = src.(*demo.Source) // it makes up for being held up, so that no frame is missing
	r.start(ctx)
	u.mu.Lock()
	u.rec = r
	u.mu.Unlock()
	return r, r.close
}

// lose begins the gaps of a source that was lost: one of each kind that it gave,
// where the last unit of that kind ends, so that each ends with its own next unit.
func (c *camera) lose(u *unit, lost *capture.Lost) {
	if u.missing() {
		return
	}
	var last time.Duration
	for _, k := range u.super.kinds {
		last = max(last, c.ends.get(k))
	}
	if last == 0 && len(u.super.kinds) > 1 { // nothing says yet what it would give
		c.tl.Lose(0, 0, lost.Reason, oneLine(lost.Err))
		return
	}
	for _, k := range u.super.kinds {
		end := c.ends.get(k)
		if end == 0 && last > 0 {
			continue // a camera without sound lost none
		}
		if last-end < together {
			end = last
		}
		c.tl.Lose(k, end, lost.Reason, oneLine(lost.Err))
	}
}

// decide measures the encoder for pictures like p, once.
func (c *camera) decide(ctx context.Context, p media.Picture) (encode.Decision, error) {
	rate := float64(c.config().Rate)
	key := decisionKey{p.Width, p.Height, p.Format}
	c.mu.Lock()
	d, ok := c.decisions[key]
	c.mu.Unlock()
	if !ok {
		var err error
		if d, err = encode.Measure(ctx, p.Width, p.Height, rate, p.Format); err != nil {
			return d, fmt.Errorf("measuring the encoder: %w", err)
		}
		c.log.Info("video", "decision", d.Why)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.decisions[key], c.reduced = d, ""
	if d.Untouched || d.Width < p.Width&^1 || d.Height < p.Height&^1 || d.Rate < rate {
		c.reduced = d.Why
	}
	return d, nil
}

// isDemo reports whether the camera's sound is the demo source's.
func (c *camera) isDemo() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.demo || c.conf.Audio == "demo" || c.conf.Video == "demo" && c.conf.Audio == "auto"
}

func (c *camera) add(u *unit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.units = append(c.units, u)
}

// list is the units there are now.
func (c *camera) list() []*unit {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]*unit(nil), c.units...)
}
