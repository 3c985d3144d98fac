// Package appliance is the recorder as a whole: configuration, cameras,
// timelines, and the servers in front of them. It is the only package that
// knows them all; each of them knows media and what design calls for.
package appliance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"hindsight/appliance/export"
	"hindsight/appliance/rtsp"
	"hindsight/appliance/snapshot"
	"hindsight/appliance/timeline"
	"hindsight/appliance/web"
	"hindsight/asr"
	"hindsight/frontend"
	"hindsight/media"
	"hindsight/store"
)

// commitEvery is the period of the commits. With what a unit spends in the
// encoder and a commit on its way to the disk, a power cut takes less than a second.
const commitEvery = 800 * time.Millisecond

// Options make an Appliance. Config and Log are needed.
type Options struct {
	Config  *Config
	Log     *slog.Logger
	Version string
	Clock   media.Clock // nil: the machine's

	hardware hardware      // tests
	patience time.Duration // tests: how long a source may take to end; 0: sourcePatience
	child    *asr.Setup    // tests: how a recogniser is started; nil: this program
	system   string        // tests: where the thermal zones are found; "": /sys
}

// Appliance records and serves. New makes it ready, Run runs it.
type Appliance struct {
	conf    *Config                // what the program was started with
	config  atomic.Pointer[Config] // with what was changed since
	change  sync.Mutex             // one change at a time
	log     *slog.Logger
	version string
	clock   media.Clock
	awake   func() time.Duration // see timeline.Options
	fold    func(string) string  // see store.Options
	hw      hardware
	started time.Duration // on Clock.Boot
	sources time.Duration // how long they may take to end
	child   *asr.Setup    // see Options
	system  string

	captions   *captioner
	lock       *os.File
	rtsp       *rtsp.Server
	web        *web.Server
	httpListen net.Listener
	socket     net.Listener

	mu      sync.RWMutex
	cameras []*camera
	former  []former
}

// New takes hold of the data directory and of the addresses and opens the
// timelines. Its error is one line that says what to do.
func New(o Options) (_ *Appliance, err error) {
	a := &Appliance{conf: o.Config, log: o.Log, version: o.Version, clock: o.Clock, hw: o.hardware,
		sources: cmp.Or(o.patience, sourcePatience), child: o.child, system: o.system}
	a.config.Store(o.Config)
	if a.clock == nil {
		a.clock, a.awake = media.SystemClock{}, awake()
	}
	if a.conf.Clock == "trusted" {
		a.clock = vouchedClock{a.clock}
	}
	a.started = a.clock.Boot()
	if a.fold, err = folder(); err != nil {
		return nil, err
	}
	if a.hw == nil {
		a.hw = newMachine(a.clock, a.log)
	}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	if a.lock, err = lockData(a.conf.Data); err != nil {
		return nil, err
	}
	if err := a.listen(); err != nil {
		return nil, err
	}
	if err := a.openCameras(); err != nil {
		return nil, err
	}
	captions, err := a.newCaptioner()
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	a.captions = captions
	a.mu.Unlock()
	if a.socket, err = listenSocket(a.conf.Data); err != nil {
		return nil, err
	}
	if err := a.makeWeb(); err != nil {
		return nil, err
	}
	return a, nil
}

// openCameras opens the stores and begins a run in each. In between the oldest
// goes if the disk is full: a run cannot begin where nothing can be written.
func (a *Appliance) openCameras() (err error) {
	var stores []*store.Bolt
	defer func() {
		for _, st := range stores {
			st.Close() //nolint:errcheck // the first error tells more
		}
	}()
	for _, c := range a.conf.Cameras {
		st, err := store.Open(filepath.Join(a.conf.Data, c.Name), store.Options{Log: a.log.With("camera", c.Name),
			Clock: a.clock, SegmentSpan: a.conf.Segment, KeepCaptions: a.conf.Captions.Keep, Fold: a.fold})
		if err != nil {
			return fmt.Errorf("camera %s: %w", c.Name, err)
		}
		stores = append(stores, st)
	}
	a.openFormer()
	r := a.retention()
	for i, st := range stores {
		r.shelves = append(r.shelves, shelf{a.conf.Cameras[i].Name, st})
	}
	r.sweep()
	for i, c := range a.conf.Cameras {
		cam, err := a.beginCamera(i, c, stores[0])
		if err != nil {
			return fmt.Errorf("camera %s: %w", c.Name, err)
		}
		stores = stores[1:]
		a.mu.Lock()
		a.cameras = append(a.cameras, cam)
		a.mu.Unlock()
	}
	return nil
}

// awake counts the time in which the machine does not sleep, as time.Since does on Linux.
func awake() func() time.Duration {
	start := time.Now()
	return func() time.Duration { return time.Since(start) }
}

// vouchedClock is a clock that an operator trusts.
type vouchedClock struct{ media.Clock }

func (c vouchedClock) Wall() (time.Time, bool) {
	t, _ := c.Clock.Wall()
	return t, true
}

// listen takes the addresses, so that one in use is an error before anything is recorded.
func (a *Appliance) listen() error {
	var err error
	if a.conf.HTTPAddress != "none" {
		if a.httpListen, err = web.Listen(a.conf.HTTPAddress); err != nil {
			return err
		}
	}
	if a.conf.RTSPAddress != "none" {
		a.rtsp, err = rtsp.New(rtsp.Options{Address: a.conf.RTSPAddress, Clock: a.clock, Log: a.log,
			Cameras: a.rtspTimeline, Captions: a.rtspCaptions, Names: a.names, MaxConns: a.conf.RTSPMaxConnections})
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			return fmt.Errorf("%w; stop it, or choose another with --rtsp-address", err)
		case err != nil:
			return fmt.Errorf("%w; choose another with --rtsp-address", err)
		}
	}
	return nil
}

// beginCamera begins a run in st, which is the camera's from then on.
func (a *Appliance) beginCamera(i int, c CameraConfig, st *store.Bolt) (*camera, error) {
	tl, err := timeline.New(timeline.Options{Camera: c.Name, Store: st, Clock: a.clock, Awake: a.awake, Log: a.log, Commit: commitEvery,
		Phase: time.Duration(i) * commitEvery / time.Duration(len(a.conf.Cameras)), TailBytes: a.conf.TailBytes})
	if err != nil {
		return nil, err
	}
	return newCamera(c, a.hw, a.clock, a.log.With("camera", c.Name), st, tl), nil
}

func (a *Appliance) makeWeb() error {
	o := web.Options{Log: a.log, Status: a.status, Export: a.export, Edge: a.exportEdge, Snapshot: a.snapshot, Preview: a.preview,
		Recognition: a.captions, Settings: a, Models: a.captions.keeper, Devices: webDevices, Level: a.level, Transcode: transcoder, Frontend: frontend.Files()}
	for _, c := range a.all() {
		o.Cameras = append(o.Cameras, web.Camera{Name: c.name, Timeline: c.tl})
	}
	var err error
	a.web, err = web.New(o)
	return err
}

// Run records and serves until ctx ends, or until a server fails. Then
// everything that was received is on disk.
func (a *Appliance) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var cameras, others sync.WaitGroup
	for _, c := range a.all() {
		cameras.Go(func() { c.run(ctx) })
	}
	others.Go(func() { a.retention().run(ctx) })
	others.Go(func() { a.announce(ctx) })
	var captions sync.WaitGroup
	captions.Go(func() { a.captions.run(ctx) })
	serveCtx, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	for _, l := range []net.Listener{a.httpListen, a.socket} {
		if l != nil {
			others.Go(func() {
				if err := a.web.Serve(serveCtx, l); err != nil {
					stop(err)
				}
			})
		}
	}
	<-ctx.Done()
	a.log.Info("stopping")
	a.awaitSources(&cameras)
	captions.Wait()
	err := a.closeTimelines()
	stopServing()
	others.Wait()
	a.close()
	if cause := context.Cause(ctx); err == nil && !errors.Is(cause, context.Canceled) {
		err = cause
	}
	return err
}

// sourcePatience is how long a device that hangs may hold up the end of the program.
const sourcePatience = 10 * time.Second

// awaitSources waits until the cameras have handed over all that they captured.
func (a *Appliance) awaitSources(cameras *sync.WaitGroup) {
	ended := make(chan struct{})
	go func() { cameras.Wait(); close(ended) }()
	late := time.NewTimer(a.sources)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
		a.log.Error("a device does not let go; the recording ends without it", "waited", a.sources)
	}
}

// closePatience is how long a disk that hangs may hold up the end of the
// program; what it has not taken by then it would not take later either.
const closePatience = 20 * time.Second

// closeTimelines commits what there is and ends the runs, of all cameras at once.
func (a *Appliance) closeTimelines() error {
	cameras := a.all()
	a.mu.Lock()
	a.cameras = nil
	a.mu.Unlock()
	results := make(chan error, len(cameras))
	for _, c := range cameras {
		go func() {
			err := c.tl.Close(media.Off)
			if err != nil {
				err = fmt.Errorf("camera %s: %w", c.name, err)
			}
			results <- err
		}()
	}
	patience := time.NewTimer(closePatience)
	defer patience.Stop()
	var errs []error
	for range cameras {
		select {
		case err := <-results:
			errs = append(errs, err)
		case <-patience.C:
			return errors.Join(append(errs, fmt.Errorf("the disk does not answer; what it had not taken within %v is lost", closePatience))...)
		}
	}
	return errors.Join(errs...)
}

// close gives back what New took; what is closed already stays so.
func (a *Appliance) close() {
	if err := errors.Join(a.closeTimelines(), a.closeFormer()); err != nil {
		a.log.Error("closing", "error", err)
	}
	if a.rtsp != nil {
		a.rtsp.Close()
	}
	for _, l := range []net.Listener{a.httpListen, a.socket} {
		if l != nil {
			l.Close() //nolint:errcheck // the servers have closed theirs
		}
	}
	if a.lock != nil {
		a.lock.Close() //nolint:errcheck // only held
	}
}

// all is the cameras there are.
func (a *Appliance) all() []*camera {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return append([]*camera(nil), a.cameras...)
}

// find is the camera of a name; nil: there is none.
func (a *Appliance) find(name string) *camera {
	for _, c := range a.all() {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (a *Appliance) names() []string {
	var names []string
	for _, c := range a.all() {
		names = append(names, c.name)
	}
	return names
}

func (a *Appliance) rtspTimeline(name string) (rtsp.Timeline, bool) {
	if c := a.find(name); c != nil {
		return rtsp.Of(c.tl), true
	}
	return nil, false
}

// rtspCaptions are those of the first language in which a camera is heard now,
// or, when it is in none, of the newest caption that is kept.
func (a *Appliance) rtspCaptions(name string) (rtsp.Captions, bool) {
	a.mu.RLock()
	captions := a.captions
	a.mu.RUnlock()
	c := a.find(name)
	if c == nil || captions == nil {
		return rtsp.Captions{}, false
	}
	l, ok := captions.spoken(name)
	if !ok {
		kept, _ := c.tl.Captions(timeline.CaptionQuery{Newest: true, Limit: 1}) // what cannot be read is nothing to offer
		if ok = len(kept) > 0; ok {
			l = kept[0].Language
		}
	}
	return rtsp.Captions{Language: l, Feed: func() rtsp.CaptionFeed { return c.tl.CaptionFeed() },
		Replay: func(from media.Position) rtsp.CaptionReplay {
			return c.tl.CaptionReplay(from, timeline.CaptionQuery{Language: l})
		}}, ok
}

func (a *Appliance) retention() *retention {
	r := &retention{log: a.log, free: func() (int64, int64, error) {
		d, err := diskOf(a.conf.Data)
		return d.free, a.config.Load().reserve(d), err
	}}
	for _, c := range a.all() {
		r.shelves = append(r.shelves, shelf{c.name, c.store})
	}
	for _, f := range a.former {
		r.shelves = append(r.shelves, shelf{f.camera, f.store})
	}
	return r
}

func (a *Appliance) export(ctx context.Context, name string, from, to media.Position) (*web.Movie, error) {
	if c := a.find(name); c != nil {
		return plan(ctx, name, a.version, c.tl, from, to)
	}
	return nil, fmt.Errorf("camera %s is closed", name)
}

// exportEdge is where an export begins that is asked to begin at p.
func (a *Appliance) exportEdge(ctx context.Context, name string, p media.Position) (media.Position, error) {
	if c := a.find(name); c != nil {
		return export.Edge(ctx, export.Of(c.tl), p, export.Options{})
	}
	return p, fmt.Errorf("camera %s is closed", name)
}

func (a *Appliance) snapshot(ctx context.Context, name string, p media.Position, width int) (*web.Still, error) {
	if c := a.find(name); c != nil {
		return still(ctx, c.tl, p, width)
	}
	return nil, fmt.Errorf("camera %s is closed", name)
}

func (a *Appliance) preview(ctx context.Context, name string, p media.Position) (*web.Preview, error) {
	if c := a.find(name); c != nil {
		return preview(ctx, c.tl, p)
	}
	return nil, fmt.Errorf("camera %s is closed", name)
}

// preview finds a key frame as web hands it out.
func preview(ctx context.Context, tl *timeline.Timeline, p media.Position) (*web.Preview, error) {
	f, err := snapshot.FindKey(ctx, snapshot.Of(tl), p)
	if err != nil {
		return nil, err
	}
	return &web.Preview{At: f.At, JPEG: func(ctx context.Context, width int) ([]byte, error) {
		m, err := f.JPEG(ctx, width)
		if err != nil {
			return nil, err
		}
		return m.JPEG, nil
	}}, nil
}

// still makes an image as web hands it out.
func still(ctx context.Context, tl *timeline.Timeline, p media.Position, width int) (*web.Still, error) {
	f, err := snapshot.Find(ctx, snapshot.Of(tl), p)
	if err != nil {
		return nil, err
	}
	m, err := f.JPEG(ctx, width)
	if err != nil {
		return nil, err
	}
	return &web.Still{JPEG: m.JPEG, At: f.At, Final: f.Final}, nil
}

// plan makes a file as web hands it out.
func plan(ctx context.Context, camera, version string, tl *timeline.Timeline, from, to media.Position) (*web.Movie, error) {
	m, err := export.Plan(ctx, export.Of(tl), from, to, export.Options{Camera: camera, Version: version, Captions: tl.Captions})
	if err != nil {
		return nil, err
	}
	return &web.Movie{Size: m.Size(), Start: m.Start, From: m.From, To: m.To, Length: m.Length, Gaps: m.Gaps, Next: m.Next, Write: m.Write}, nil
}
