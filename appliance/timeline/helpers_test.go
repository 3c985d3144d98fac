package timeline

import (
	"context"
	"encoding/binary"
	"log/slog"
	"sync"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// epoch is the wall time at which the tests' clocks begin.
var epoch = time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC)

// fakeClock goes only when it is told to.
type fakeClock struct {
	mu      sync.Mutex
	boot    time.Duration
	wall    time.Time
	asleep  time.Duration
	trusted bool
}

func newClock() *fakeClock {
	return &fakeClock{boot: time.Hour, wall: epoch, trusted: true}
}

func (c *fakeClock) Boot() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.boot
}

func (c *fakeClock) Wall() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall, c.trusted
}

func (c *fakeClock) awake() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.boot - c.asleep
}

// pass lets time go by.
func (c *fakeClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boot += d
	c.wall = c.wall.Add(d)
}

// step sets the wall clock without time going by.
func (c *fakeClock) step(by time.Duration, trusted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall = c.wall.Add(by)
	c.trusted = trusted
}

func (c *fakeClock) sleep(d time.Duration) {
	c.pass(d)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asleep += d
}

// rig is a timeline that records on a fake clock and commits only when told to.
type rig struct {
	*Timeline
	t     testing.TB
	clock *fakeClock
	mem   *store.Memory
	video media.Track
	audio media.Track
}

var (
	videoTrack = media.Track{Kind: media.Video, Codec: media.H264, ClockRate: 90000, Width: 1280, Height: 720}
	audioTrack = media.Track{Kind: media.Audio, Codec: media.PCMA, ClockRate: 8000, Channels: 1}
)

func options(clock *fakeClock, s store.Store) Options {
	return Options{
		Camera: "cam", Store: s, Clock: clock, Log: slog.New(slog.DiscardHandler),
		Commit: time.Hour, AnchorEvery: -1,
	}
}

// newRig records on an empty Memory; edit may change the options.
func newRig(t testing.TB, edit func(*Options)) *rig {
	t.Helper()
	m := store.NewMemory()
	m.SegmentBlocks = 10
	return rigOn(t, newClock(), m, edit)
}

func rigOn(t testing.TB, clock *fakeClock, m *store.Memory, edit func(*Options)) *rig {
	t.Helper()
	r := rigOver(t, clock, m, edit)
	r.mem = m
	return r
}

func rigOver(t testing.TB, clock *fakeClock, s store.Store, edit func(*Options)) *rig {
	t.Helper()
	o := options(clock, s)
	if edit != nil {
		edit(&o)
	}
	tl, err := New(o)
	must(t, err)
	tl.cache.part = 100 // so that every block comes in parts
	r := &rig{Timeline: tl, t: t, clock: clock}
	t.Cleanup(func() { r.Close(media.Off) })
	return r
}

// reopen is the next process on the same disk: after Close, or as after a kill.
func (r *rig) reopen(edit func(*Options)) *rig {
	r.t.Helper()
	return rigOn(r.t, r.clock, r.mem.Reopen(), edit)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (r *rig) useVideo() {
	r.t.Helper()
	var err error
	r.video, err = r.Track(videoTrack)
	must(r.t, err)
}

func (r *rig) useAudio() {
	r.t.Helper()
	var err error
	r.audio, err = r.Track(audioTrack)
	must(r.t, err)
}

func (r *rig) both() *rig {
	r.t.Helper()
	r.useVideo()
	r.useAudio()
	return r
}

// v appends a picture of 100 bytes that tells its time.
func (r *rig) v(at time.Duration, f media.Flags) {
	r.t.Helper()
	must(r.t, r.Append(media.Unit{Track: r.video.ID, DTS: at, Flags: f, Payload: stamp(at, 100)}))
}

// a appends sound of 100 ms (800 samples).
func (r *rig) a(at time.Duration) {
	r.t.Helper()
	must(r.t, r.Append(media.Unit{Track: r.audio.ID, DTS: at, Flags: media.Key, Payload: stamp(at, 800)}))
}

func stamp(at time.Duration, n int) []byte {
	return binary.BigEndian.AppendUint64(make([]byte, 0, n), uint64(at))[:n]
}

// second appends second n and lets it go by: 5 pictures, the first a key frame,
// and 10 pieces of sound, of the tracks in use. Every time is 1 ms later, since nothing stands at 0.
func (r *rig) second(n int) {
	r.t.Helper()
	for i := range 10 {
		at := time.Duration(n)*time.Second + time.Duration(i)*100*time.Millisecond + time.Millisecond
		if r.video.ID != 0 && i%2 == 0 {
			f := media.Flags(0)
			if i == 0 {
				f = media.Key
			}
			r.v(at, f)
		}
		if r.audio.ID != 0 {
			r.a(at)
		}
	}
	r.clock.pass(time.Second)
}

// seconds appends and commits the seconds from until to.
func (r *rig) seconds(from, to int) {
	r.t.Helper()
	for n := from; n < to; n++ {
		r.second(n)
		r.commit()
	}
}

func (r *rig) commit() {
	r.t.Helper()
	must(r.t, r.Sync(deadline(r.t)))
}

// deadline bounds a hang; no test depends on it otherwise.
func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// next is the next item, which must be there.
func next(t testing.TB, c *Cursor) Item {
	t.Helper()
	i, err := c.Next(deadline(t))
	must(t, err)
	return i
}

// key is what tells one unit from another.
type key struct {
	run   media.Run
	track uint16
	dts   time.Duration
}

func keyOf(i Item) key { return key{i.Run, i.Unit.Track, i.DTS} }
