// Package timeline puts the tail in memory and the store on disk behind one
// cursor. Live is nothing but the end of the timeline.
//
// One goroutine per track appends; a committer of its own writes a block a
// second; any number of cursors read. Nothing a reader does, or does not do,
// delays an append.
package timeline

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// ErrClosed says that the timeline was closed, or is only read.
var ErrClosed = errors.New("timeline: not recording")

// ErrEnd is what a cursor says at the end of a window, or at the end of a
// timeline that nobody records.
var ErrEnd = errors.New("timeline: end")

// Options make a Timeline.
type Options struct {
	Camera     string
	Store      store.Store
	Clock      media.Clock
	Log        *slog.Logger
	ReadOnly   bool          // never begins a run; the end of the store is ErrEnd
	Commit     time.Duration // a block per this; 0: one second
	Phase      time.Duration // shifts the commits within the second, so that cameras take turns
	TailBytes  int64         // most the tail may hold when the disk refuses; 0: 64 MiB
	TailSpan   time.Duration // what the tail keeps of what is already committed; 0: 10 s
	CacheBytes int64         // most that blocks read from the store may take, shared by all cursors; 0: 16 MiB

	// AnchorEvery is how often the wall clock is compared with the anchors; 0: one minute, below 0: never.
	AnchorEvery time.Duration
	// Awake is the time since the machine started without the time it slept
	// (CLOCK_MONOTONIC), from any origin; the difference to Clock.Boot tells that it slept. nil: time.Since, when
	// Clock is media.SystemClock; else sleep is not looked for.
	Awake func() time.Duration
}

// Timeline is one camera's timeline, while it is recorded and after.
type Timeline struct {
	o      Options
	log    *slog.Logger
	run    media.Run     // being recorded, or the last one kept when only read
	born   time.Duration // Clock.Boot of media time 0
	floor  time.Time     // end of the runs before; an untrusted run is dated no earlier
	cache  *cache
	past   *past
	harm   damage
	spoken spoken

	pressing sync.Mutex                    // Record, Stop, Delete
	marks    atomic.Pointer[chan struct{}] // closed and replaced when marks change

	cursors atomic.Int64
	tracks  atomic.Pointer[trackSet]
	making  sync.Mutex                    // one goroutine at a time replaces tracks
	wake    atomic.Pointer[chan struct{}] // closed and replaced at every append
	dates   atomic.Pointer[dates]         // of the run being recorded; nil when only read
	shape   atomic.Pointer[outline]       // what is missing in the run being recorded

	mu      sync.RWMutex // guards what follows; held for moments only, never over a wait
	tail    tail
	heads   heads
	out     outage
	gaps    []*gapState
	gate    gate
	at      time.Duration // Block.At of the newest block
	anchors media.Anchors // of the run being recorded
	fresh   media.Anchors // those not yet committed
	seen    sighting      // what the last look at the wall clock said
	slept   time.Duration // Clock.Boot minus Awake at the last look
	counts  counts
	ended   bool
	why     media.Reason // of the end

	sync    chan syncRequest
	done    chan struct{} // closed when the timeline ends
	workers sync.WaitGroup
}

// New opens the timeline and, unless ReadOnly, begins a new run.
func New(o Options) (*Timeline, error) {
	o.setDefaults()
	t := &Timeline{
		o: o, log: o.Log.With("camera", o.Camera), cache: newCache(o.Store, o.CacheBytes),
		sync: make(chan syncRequest), done: make(chan struct{}),
	}
	t.tail = newTail()
	t.heads = heads{}
	wake := make(chan struct{})
	t.wake.Store(&wake)
	quiet := make(chan struct{})
	t.spoken.wake.Store(&quiet)
	calm := make(chan struct{})
	t.marks.Store(&calm)
	t.shape.Store(&outline{})
	t.tracks.Store(newTrackSet(o.Store.Tracks()))
	t.past = newPast(o.Store, &t.harm, t.kind)
	old := t.past.runs()
	if n := len(old); n > 0 {
		t.run, t.floor = old[n-1].info.Run, old[n-1].wallEnd()
	}
	if o.ReadOnly {
		return t, nil
	}
	if err := t.begin(); err != nil {
		return nil, fmt.Errorf("timeline: camera %s: begin a run: %w", o.Camera, err)
	}
	t.takeUp()
	t.workers.Go(t.commitLoop)
	if o.AnchorEvery > 0 {
		t.workers.Go(t.clockLoop)
	}
	return t, nil
}

func (o *Options) setDefaults() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = media.SystemClock{}
	}
	o.Commit = cmp.Or(o.Commit, time.Second)
	o.TailBytes = cmp.Or(o.TailBytes, 64<<20)
	o.TailSpan = cmp.Or(o.TailSpan, 10*time.Second)
	o.CacheBytes = cmp.Or(o.CacheBytes, 16<<20)
	o.AnchorEvery = cmp.Or(o.AnchorEvery, time.Minute)
	if _, system := o.Clock.(media.SystemClock); system && o.Awake == nil {
		start := time.Now()
		o.Awake = func() time.Duration { return time.Since(start) }
	}
}

// begin begins the run that this process records.
func (t *Timeline) begin() error {
	boot, now := t.look()
	t.born = boot
	a := media.Anchor{Wall: now.wall, Trusted: now.trusted}
	if !a.Trusted && a.Wall.Before(t.floor) {
		a.Wall = t.floor
	}
	run, err := t.o.Store.BeginRun(a)
	if err != nil {
		return err
	}
	t.run, t.anchors = run, media.Anchors{a}
	t.seen = now
	t.date()
	t.slept = t.sleeping(boot)
	return nil
}

// Run is the run being recorded, or the last one of a timeline that is only read.
func (t *Timeline) Run() media.Run { return t.run }

// Media turns a stamp on Clock.Boot into media time of the run being recorded.
// What was captured before the run began gets 0 or less and is refused by Append.
func (t *Timeline) Media(boot time.Duration) time.Duration { return boot - t.born }

// Close commits everything with the reason why the run ends, ends all cursors
// with ErrEnd and closes the store.
func (t *Timeline) Close(why media.Reason) error {
	t.mu.Lock()
	if t.ended {
		t.mu.Unlock()
		return nil
	}
	t.ended, t.why = true, why
	t.mu.Unlock()
	close(t.done)
	t.workers.Wait()
	var err error
	if !t.o.ReadOnly {
		if err = t.commitAll(why); err != nil {
			err = fmt.Errorf("timeline: camera %s: what was received last is lost: %w", t.o.Camera, err)
		}
	}
	return errors.Join(err, t.o.Store.Close())
}
