package demo

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hindsight/appliance/capture"
	"hindsight/appliance/pattern"
	"hindsight/media"
)

var _ capture.Source = (*Source)(nil)

// fakeClock is moved by whoever waits for it.
type fakeClock struct {
	mu   sync.Mutex
	boot time.Duration
	wall time.Time // at boot 0
}

func (c *fakeClock) Boot() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.boot
}

func (c *fakeClock) Wall() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wall.Add(c.boot), true
}

func (c *fakeClock) wait(ctx context.Context, until time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boot = max(c.boot, until)
	return ctx.Err() == nil
}

func (c *fakeClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.boot += d
}

// collector keeps what it is given and ends the run after so many pictures or pieces.
type collector struct {
	stop     func()
	most     int
	pictures []media.Picture
	sounds   []media.Sound
	dropped  []string
	after    func(n int) // called with each picture or piece
}

func (c *collector) Picture(p media.Picture) {
	c.pictures = append(c.pictures, p)
	c.count(len(c.pictures))
}

func (c *collector) Sound(s media.Sound) {
	c.sounds = append(c.sounds, s)
	c.count(len(c.sounds))
}

func (c *collector) count(n int) {
	if c.after != nil {
		c.after(n)
	}
	if n == c.most {
		c.stop()
	}
}

func (c *collector) Coded(media.Track, media.Unit)          {}
func (c *collector) Dropped(_ media.Kind, why string)       { c.dropped = append(c.dropped, why) }
func (c *collector) frame(i int) (n, ms uint32, flash bool) { return read(c.pictures[i]) }

func read(p media.Picture) (n, ms uint32, flash bool) {
	n, ms, ok := pattern.ReadNumbers(p.Data, p.Width, p.Height, pattern.Square(p.Width))
	if !ok {
		return ^uint32(0), 0, false
	}
	return n, ms, pattern.ReadFlash(p.Data, p.Width, p.Height)
}

const start = 100*time.Second + 123456789

func collect(t *testing.T, o Options, most int, after func(clock *fakeClock, n int)) *collector {
	t.Helper()
	clock := &fakeClock{boot: start, wall: time.UnixMilli(1795860000000)}
	o.Clock, o.Wait, o.Zone = clock, clock.wait, time.UTC
	src, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := &collector{stop: cancel, most: most}
	if after != nil {
		c.after = func(n int) { after(clock, n) }
	}
	if err := src.Run(ctx, c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPicturesSayTheirNumberAndTime(t *testing.T) {
	for _, rate := range []int{5, 25, 30} {
		c := collect(t, Options{Width: 320, Height: 240, Rate: rate, Video: true}, 2*rate+4, nil)
		for i, p := range c.pictures {
			n, ms, flash := c.frame(i)
			if int(n) != i || flash != (i%rate < 3) {
				t.Fatalf("rate %d: picture %d says %d, flash %v", rate, i, n, flash)
			}
			if want := pattern.FrameAt(p.At-start, rate); want != int64(i) {
				t.Fatalf("rate %d: picture %d at %v would be number %d", rate, i, p.At, want)
			}
			if want := uint32(1795860000000 + p.At.Milliseconds()); ms != want {
				t.Fatalf("rate %d: picture %d has wall time %d, want %d", rate, i, ms, want)
			}
			if p.Format != media.FormatI420 || len(p.Data) != 320*240*3/2 {
				t.Fatalf("picture of %d bytes in format %d", len(p.Data), p.Format)
			}
		}
	}
}

func TestPicturesAreTheSameEachTimeAndMove(t *testing.T) {
	o := Options{Width: 640, Height: 360, Video: true}
	a, b := collect(t, o, 40, nil), collect(t, o, 40, nil)
	for i := range a.pictures {
		if !bytes.Equal(a.pictures[i].Data, b.pictures[i].Data) {
			t.Fatalf("picture %d differs from run to run", i)
		}
		if i > 0 && &a.pictures[i].Data[0] == &a.pictures[i-1].Data[0] {
			t.Fatal("two pictures share their bytes")
		}
	}
	if bytes.Equal(a.pictures[4].Data[:640*200], a.pictures[34].Data[:640*200]) {
		t.Error("nothing moves but the numbers")
	}
}

func TestMiddleIsNeverWhiteByItself(t *testing.T) {
	c := newCard(320, 180, 10, time.UTC)
	for n := range int64(200) {
		data := c.draw(n, time.UnixMilli(0))
		if got := pattern.ReadFlash(data, 320, 180); got != (n%10 < 3) {
			t.Fatalf("frame %d: flash %v", n, got)
		}
	}
}

func TestSizesThatCamerasHave(t *testing.T) {
	for _, z := range [][2]int{{80, 60}, {160, 120}, {176, 144}, {320, 240}, {640, 480}, {854, 480}, {1024, 768}, {1920, 1080}, {720, 1280}} {
		c := newCard(z[0], z[1], 30, time.UTC)
		data := c.draw(4242, time.UnixMilli(1<<40|77))
		n, ms, ok := pattern.ReadNumbers(data, z[0], z[1], pattern.Square(z[0]))
		if !ok || n != 4242 || ms != 77 {
			t.Errorf("%v: read %d %d %v", z, n, ms, ok)
		}
	}
}

func TestLateFramesAreSkippedAndNumbersStayTrue(t *testing.T) {
	c := collect(t, Options{Width: 80, Height: 60, Rate: 25, Video: true}, 20, func(clock *fakeClock, n int) {
		switch n {
		case 5:
			clock.move(4 * time.Second) // late, but not too late
		case 15:
			clock.move(10 * time.Second)
		}
	})
	for i := range 15 {
		if n, _, _ := c.frame(i); int(n) != i {
			t.Fatalf("picture %d says %d: a delay of 4 s must skip nothing", i, n)
		}
	}
	n, _, _ := c.frame(15)
	// Frame 4 was taken at 0.16 s; the clock then ran ahead by 4 and later by 10 s.
	if want := pattern.FrameAt(c.pictures[15].At-start, 25); int64(n) != want || n < 345 || n > 365 {
		t.Errorf("after 10 s of delay comes number %d at %v", n, c.pictures[15].At-start)
	}
	if len(c.dropped) != 1 {
		t.Errorf("dropped: %q", c.dropped)
	}
}

func TestSoundIsWholeAndOnTime(t *testing.T) {
	c := collect(t, Options{Audio: true}, 300, nil)
	want := make([]int16, 300*960*2)
	pattern.NewSound().Fill(want, 0)
	for i, s := range c.sounds {
		if s.Rate != 48000 || s.Channels != 2 || s.LostHere != 0 || len(s.Samples) != 1920 {
			t.Fatalf("piece %d: %d Hz, %d channels, %d lost, %d samples", i, s.Rate, s.Channels, s.LostHere, len(s.Samples))
		}
		if s.At != start+time.Duration(i)*20*time.Millisecond {
			t.Fatalf("piece %d at %v", i, s.At)
		}
		for k, v := range s.Samples {
			if v != want[1920*i+k] {
				t.Fatalf("piece %d: sample %d is %d, want %d", i, k, v, want[1920*i+k])
			}
		}
	}
}

func TestLateSoundIsSkippedAndCounted(t *testing.T) {
	c := collect(t, Options{Audio: true}, 20, func(clock *fakeClock, n int) {
		if n == 10 {
			clock.move(6 * time.Second)
		}
	})
	s := c.sounds[10]
	if s.LostHere == 0 || s.At != start+200*time.Millisecond+pattern.SampleTime(int64(s.LostHere)) {
		t.Errorf("after 6 s of delay: %d samples lost, at %v", s.LostHere, s.At-start)
	}
	if len(c.dropped) != 1 || c.sounds[11].LostHere != 0 {
		t.Errorf("dropped %q, then %d lost", c.dropped, c.sounds[11].LostHere)
	}
}

func TestClockThatIsSetShowsInThePicture(t *testing.T) {
	c := collect(t, Options{Width: 80, Height: 60, Rate: 10, Video: true}, 30, func(clock *fakeClock, n int) {
		clock.mu.Lock()
		defer clock.mu.Unlock()
		if n == 12 {
			clock.wall = clock.wall.Add(time.Hour)
		}
	})
	_, before, _ := c.frame(19)
	_, after, _ := c.frame(20)
	if after-before != 3600_100 {
		t.Errorf("the wall time goes on by %d ms at the second after the clock was set by an hour", after-before)
	}
}

func TestBothKindsRunTogetherOnTheRealClock(t *testing.T) {
	src, err := New(Options{Width: 80, Height: 60, Rate: 200, Clock: media.SystemClock{}, Video: true, Audio: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	c := &pair{stop: cancel}
	if err := src.Run(ctx, c); err != nil {
		t.Fatal(err)
	}
	if c.pictures < 3 || c.sounds < 3 {
		t.Errorf("%d pictures and %d pieces of sound", c.pictures, c.sounds)
	}
}

// A machine that stands still for seconds: nothing is missing, and sound does
// not run away from the pictures while both make up for it.
func TestSoundWaitsForLatePictures(t *testing.T) {
	clock := &fakeClock{boot: start, wall: time.UnixMilli(1795860000000)}
	src, err := New(Options{Width: 80, Height: 60, Rate: 10, Clock: clock, Wait: clock.wait, Video: true, Audio: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := &race{t: t, ctx: ctx, clock: clock, stop: cancel, heard: newProgress()}
	if err := src.Run(ctx, r); err != nil {
		t.Fatal(err)
	}
	if n := r.sounds.Load(); r.dropped.Load() != 0 || n < 85*5 {
		t.Errorf("with 100 pictures come %d pieces of sound, %d are dropped", n, r.dropped.Load())
	}
}

// race compares how far pictures and sound are, and ends the run at picture 100.
// Pictures, which drive the clock, stay within a second of the sound.
type race struct {
	t                         *testing.T
	ctx                       context.Context
	clock                     *fakeClock
	stop                      func()
	heard                     *progress
	pictures, sounds, dropped atomic.Int64
}

func (r *race) Picture(media.Picture) {
	n := r.pictures.Add(1)
	r.heard.wait(r.ctx, pattern.FrameTime(n, 10)-time.Second)
	switch n {
	case 10:
		r.clock.move(4 * time.Second)
	case 100:
		r.stop()
	}
}

func (r *race) Sound(s media.Sound) {
	r.sounds.Add(1)
	until := pattern.FrameTime(r.pictures.Load(), 10)
	if over := s.At - start - until; over > ahead {
		r.t.Errorf("sound is %v ahead of the pictures", over)
	}
	r.heard.reach(s.At - start)
}

func (r *race) Coded(media.Track, media.Unit) {}
func (r *race) Dropped(media.Kind, string)    { r.dropped.Add(1) }

// pair ends the run when both kinds have come.
type pair struct {
	mu               sync.Mutex
	stop             func()
	pictures, sounds int
}

func (p *pair) Picture(media.Picture)         { p.add(1, 0) }
func (p *pair) Sound(media.Sound)             { p.add(0, 1) }
func (p *pair) Coded(media.Track, media.Unit) {}
func (p *pair) Dropped(media.Kind, string)    {}

func (p *pair) add(v, a int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pictures, p.sounds = p.pictures+v, p.sounds+a
	if p.pictures >= 3 && p.sounds >= 3 {
		p.stop()
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	clock := media.SystemClock{}
	for _, o := range []Options{
		{Video: true},
		{Clock: clock},
		{Clock: clock, Video: true, Width: 321, Height: 240},
		{Clock: clock, Video: true, Width: 320},
		{Clock: clock, Video: true, Rate: 500},
		{Clock: clock, Video: true, Rate: -1},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestNameAndKinds(t *testing.T) {
	src, err := New(Options{Clock: media.SystemClock{}, Video: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := src.String(); got != "demo 1280x720 at 30" {
		t.Error(got)
	}
	if k := src.Kinds(); len(k) != 1 || k[0] != media.Video {
		t.Error(k)
	}
}

// BenchmarkDraw is the cost of one picture of 1280x720; it is to stay well under 1 ms.
func BenchmarkDraw(b *testing.B) {
	c := newCard(1280, 720, 30, time.UTC)
	b.ReportAllocs()
	for n := int64(0); b.Loop(); n++ {
		c.draw(n, time.UnixMilli(1795860000000+n*33))
	}
}
