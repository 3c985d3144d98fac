package timeline

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

const ms = time.Millisecond

// moment is media time as second() stamps it.
func moment(s float64) time.Duration { return time.Duration(s*1000)*ms + ms }

// place of a cursor: how its first units look.
type opening struct {
	video, audio time.Duration // of the first of each; 0: none
	run          media.Run
}

// open reads the first n items and notes the first of each kind.
func opened(t *testing.T, r *rig, c *Cursor, n int) (o opening) {
	t.Helper()
	defer c.Close()
	for range n {
		i := next(t, c)
		if o.run == 0 {
			o.run = i.Run
		}
		switch {
		case i.Unit.Track == r.video.ID && o.video == 0:
			o.video = i.DTS
			if !i.IsKey() {
				t.Errorf("the first picture, at %v, is no key frame", i.DTS)
			}
		case i.Unit.Track == r.audio.ID && o.audio == 0:
			o.audio = i.DTS
		}
	}
	return o
}

// tails are places that the same recording can be read from.
var tails = []struct {
	name string
	span time.Duration
}{{"from the store", 1}, {"from tail and store", 2500 * ms}, {"from the tail", time.Hour}}

func TestAt(t *testing.T) {
	for _, tail := range tails {
		t.Run(tail.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.TailSpan = tail.span }).both()
			r.seconds(0, 12)
			for _, c := range []struct {
				name string
				run  media.Run
				at   time.Duration
				want opening
			}{
				{"before the first run", 0, 0, opening{moment(0), moment(0), 1}},
				{"before the first unit", 1, 0, opening{moment(0), moment(0), 1}},
				{"on a key frame", 1, moment(5), opening{moment(5), moment(5), 1}},
				{"just before a key frame", 1, moment(5) - 1, opening{moment(4), moment(4), 1}},
				{"behind a key frame", 1, moment(5.7), opening{moment(5), moment(5), 1}},
				{"in the last second", 1, moment(11.95), opening{moment(11), moment(11), 1}},
			} {
				cur, err := r.At(media.Position{Run: c.run, Time: c.at}, Selection{})
				must(t, err)
				if got := opened(t, r, cur, 6); got != c.want {
					t.Errorf("%s: begins with %+v, want %+v", c.name, got, c.want)
				}
			}
		})
	}
}

// TestAtSound: the first sound is the one that sounds when the key frame is shown.
func TestAtSound(t *testing.T) {
	for _, tail := range tails {
		t.Run(tail.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.TailSpan = tail.span }).both()
			for n := range 10 {
				for i := range 10 { // sound 300 ms ahead in commit order, and 60 ms out of step
					r.a(moment(float64(n)+float64(i)/10) + 360*ms)
					if i%2 == 0 {
						r.v(moment(float64(n)+float64(i)/10), media.Flags(1^min(i, 1)))
					}
				}
				r.clock.pass(time.Second)
				r.commit()
			}
			c, err := r.At(media.Position{Run: 1, Time: moment(6.5)}, Selection{})
			must(t, err)
			// The key frame is at 6.0; pieces of 100 ms begin at 5.86, 5.96, 6.06.
			if got, want := opened(t, r, c, 8), (opening{moment(6), moment(5.96), 1}); got != want {
				t.Errorf("begins with %+v, want %+v", got, want)
			}
		})
	}
}

func TestAtOneKindOnly(t *testing.T) {
	for _, tail := range tails {
		t.Run(tail.name, func(t *testing.T) {
			span := func(o *Options) { o.TailSpan = tail.span }
			sound := newRig(t, span)
			sound.useAudio()
			sound.seconds(0, 6)
			picture := newRig(t, span)
			picture.useVideo()
			picture.seconds(0, 6)
			at := media.Position{Run: 1, Time: moment(3.57)}
			for _, c := range []struct {
				name string
				r    *rig
				s    Selection
				want opening
			}{
				{"only sound recorded", sound, Selection{}, opening{0, moment(3.5), 1}},
				{"only sound asked for", sound, Selection{Kinds: []media.Kind{media.Audio}}, opening{0, moment(3.5), 1}},
				{"only picture recorded", picture, Selection{}, opening{moment(3), 0, 1}},
			} {
				cur, err := c.r.At(at, c.s)
				must(t, err)
				if got := opened(t, c.r, cur, 4); got != c.want {
					t.Errorf("%s: begins with %+v, want %+v", c.name, got, c.want)
				}
			}
		})
	}
}

// TestAtSlowPicture: one picture every 7 s, every third a key frame.
func TestAtSlowPicture(t *testing.T) {
	for _, tail := range tails {
		t.Run(tail.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.TailSpan = tail.span }).both()
			for n := range 60 {
				if n%7 == 0 {
					r.v(moment(float64(n)), media.Flags(1^min(n%21, 1)))
				}
				r.a(moment(float64(n)))
				r.clock.pass(time.Second)
				r.commit()
			}
			for at, want := range map[float64]float64{20.5: 0, 21: 21, 41.9: 21, 42: 42, 55: 42} {
				c, err := r.At(media.Position{Run: 1, Time: moment(at)}, Selection{Kinds: []media.Kind{media.Video}})
				must(t, err)
				if i := next(t, c); i.DTS != moment(want) || !i.IsKey() {
					t.Errorf("at %v s: the picture of %v, want that of %v s", at, i.DTS, want)
				}
				c.Close()
			}
			if got := len(r.Map().Spans); got != 1 {
				t.Errorf("a picture every 7 s makes %d spans, want 1", got)
			}
		})
	}
}

// TestAtGap: a moment without recording goes on at the next one with.
func TestAtGap(t *testing.T) {
	for _, tail := range tails {
		t.Run(tail.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.TailSpan = tail.span }).both()
			r.seconds(0, 4)
			r.Lose(0, moment(4), media.Paused, "")
			r.clock.pass(10 * time.Second)
			r.Regain(0, moment(14))
			// the picture comes back without a key frame, which follows in second 15
			for i := range 5 {
				r.v(moment(14+float64(i)/5), 0)
				r.a(moment(14 + float64(i)/5))
			}
			r.seconds(15, 20)
			c, err := r.At(media.Position{Run: 1, Time: moment(9)}, Selection{})
			must(t, err)
			if got, want := opened(t, r, c, 12), (opening{moment(15), moment(14), 1}); got != want {
				t.Errorf("in the gap: begins with %+v, want %+v", got, want)
			}
			c, err = r.At(media.Position{Run: 1, Time: moment(3.9)}, Selection{})
			must(t, err)
			if got, want := opened(t, r, c, 12), (opening{moment(3), moment(3), 1}); got != want {
				t.Errorf("before the gap: begins with %+v, want %+v", got, want)
			}
		})
	}
}

// TestAtPictureLost: sound goes on while the camera is away; nobody waits for the old picture.
func TestAtPictureLost(t *testing.T) {
	for _, tail := range tails {
		t.Run(tail.name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.TailSpan = tail.span }).both()
			r.seconds(0, 3)
			r.Lose(media.Video, moment(3), media.CameraLost, "pulled")
			video := r.video
			r.video = media.Track{}
			r.seconds(3, 9)
			r.video = video
			r.Regain(media.Video, moment(9))
			r.seconds(9, 12)
			c, err := r.At(media.Position{Run: 1, Time: moment(6.25)}, Selection{})
			must(t, err)
			if got, want := opened(t, r, c, 40), (opening{moment(9), moment(6.2), 1}); got != want {
				t.Errorf("begins with %+v, want %+v", got, want)
			}
			m := r.Map()
			if len(m.Spans) != 1 || len(m.Holes) != 1 || m.Holes[0].Kind != media.Video || m.Holes[0].Reason != media.CameraLost {
				t.Errorf("map %+v", m)
			}
		})
	}
}

func TestAtTheEndIsLive(t *testing.T) {
	r := newRig(t, nil).both()
	r.seconds(0, 3)
	for _, p := range []media.Position{{Run: 1, Time: time.Hour}, {Run: 7}} {
		c, err := r.At(p, Selection{})
		must(t, err)
		if got, want := opened(t, r, c, 4), (opening{moment(2), moment(2), 1}); got != want {
			t.Errorf("at %v: begins with %+v, want %+v", p, got, want)
		}
	}
}

func TestLive(t *testing.T) {
	r := newRig(t, nil).both()
	c := r.Live(Selection{})
	defer c.Close()
	r.a(moment(0))
	r.v(moment(0), 0) // cannot be decoded
	r.v(moment(0.2), media.Key)
	var got []key
	for range 2 {
		got = append(got, keyOf(next(t, c)))
	}
	if want := []key{{1, r.audio.ID, moment(0)}, {1, r.video.ID, moment(0.2)}}; !slices.Equal(got, want) {
		t.Errorf("the first units: %v, want %v", got, want)
	}
	if !c.Live() {
		t.Error("a cursor that has read everything is not live")
	}
	late := r.Live(Selection{Kinds: []media.Kind{media.Audio}})
	defer late.Close()
	r.a(moment(0.3))
	if i := next(t, late); i.DTS != moment(0.3) {
		t.Errorf("sound alone begins at %v, want the next unit", i.DTS)
	}
	r.Lose(media.Video, moment(0.4), media.CameraLost, "")
	r.a(moment(0.4))
	away := r.Live(Selection{})
	defer away.Close()
	r.a(moment(0.5))
	if i := next(t, away); i.DTS != moment(0.5) {
		t.Errorf("with the camera lost live begins at %v, want the next unit", i.DTS)
	}
}

// TestLiveKeyStays: the newest key frame is kept for who comes, though it is
// older than the tail keeps.
func TestLiveKeyStays(t *testing.T) {
	r := newRig(t, func(o *Options) { o.TailSpan = time.Second })
	r.useVideo()
	for n := range 60 {
		r.v(moment(float64(n)), media.Flags(1^min(n%30, 1)))
		r.clock.pass(time.Second)
		r.commit()
	}
	c := r.Live(Selection{})
	defer c.Close()
	if i := next(t, c); i.DTS != moment(30) || !i.IsKey() {
		t.Errorf("live begins at %v, want the key frame of second 30", i.DTS)
	}
}

func TestNextWaitsAndEnds(t *testing.T) {
	r := newRig(t, nil).both()
	r.seconds(0, 2)
	read := func(c *Cursor, ctx context.Context) chan error {
		done := make(chan error, 1)
		go func() {
			for {
				if _, err := c.Next(ctx); err != nil {
					done <- err
					return
				}
			}
		}()
		return done
	}
	cancelled, cancel := context.WithCancel(context.Background())
	byCtx := read(r.Live(Selection{}), cancelled)
	closed := r.Live(Selection{})
	byClose := read(closed, deadline(t))
	byEnd := read(r.Live(Selection{}), deadline(t))
	if n := r.Status().Cursors; n != 3 {
		t.Errorf("%d cursors, want 3", n)
	}
	cancel()
	if err := <-byCtx; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	closed.Close()
	closed.Close()
	if err := <-byClose; !errors.Is(err, ErrEnd) {
		t.Errorf("closed: %v, want ErrEnd", err)
	}
	must(t, r.Close(media.Off))
	if err := <-byEnd; !errors.Is(err, ErrEnd) {
		t.Errorf("the timeline ended: %v, want ErrEnd", err)
	}
	if n := r.Status().Cursors; n != 2 {
		t.Errorf("%d cursors, want 2", n)
	}
}

// NextNow yields all that has arrived, on disk or not, and then ends instead of waiting.
func TestNextNow(t *testing.T) {
	for _, tail := range tails {
		r := newRig(t, func(o *Options) { o.TailSpan = tail.span }).both()
		r.seconds(0, 3)
		c, err := r.At(media.Position{Run: 1}, Selection{Kinds: []media.Kind{media.Video}})
		if err != nil {
			t.Fatal(err)
		}
		all := 15
		for n := range 2 { // what arrives later is yielded then
			for range all {
				if _, err := c.NextNow(t.Context()); err != nil {
					t.Fatalf("%s: %v", tail.name, err)
				}
			}
			if _, err := c.NextNow(t.Context()); !errors.Is(err, ErrEnd) {
				t.Errorf("%s: at the live end: %v", tail.name, err)
			}
			r.v(moment(float64(3+n)), media.Key)
			all = 1
		}
		c.Close()
	}
}

func TestSelection(t *testing.T) {
	r := newRig(t, nil).both()
	r.seconds(0, 4)
	count := func(s Selection) (n int) {
		c, err := r.At(media.Position{Run: 1}, s)
		must(t, err)
		defer c.Close()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		for {
			i, err := c.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if n++; i.DTS >= moment(3) && (s.Keys || i.DTS >= moment(3.8)) {
				return n
			}
		}
	}
	if n := count(Selection{Kinds: []media.Kind{media.Video}}); n != 20 {
		t.Errorf("pictures: %d, want 20", n)
	}
	if n := count(Selection{Kinds: []media.Kind{media.Audio}}); n != 39 {
		t.Errorf("sound: %d, want 39", n)
	}
	if n := count(Selection{Keys: true}); n != 4 {
		t.Errorf("key frames: %d, want 4", n)
	}
}

func TestJumps(t *testing.T) {
	for _, tail := range tails {
		t.Run(tail.name, func(t *testing.T) {
			span := func(o *Options) { o.TailSpan = tail.span }
			r := newRig(t, span).both()
			r.seconds(0, 3)
			must(t, r.Close(media.Off))
			r = r.reopen(span).both()
			r.seconds(0, 2)
			r.Lose(media.Video, moment(2), media.CameraLost, "")
			r.Lose(media.Audio, moment(2), media.MicrophoneLost, "")
			r.clock.pass(3 * time.Second)
			r.Regain(media.Audio, moment(5))
			r.Regain(media.Video, moment(5))
			r.seconds(5, 8)
			r.Lose(media.Audio, moment(8), media.MicrophoneLost, "") // the picture goes on: no jump
			audio := r.audio
			r.audio = media.Track{}
			r.seconds(8, 10)
			r.audio = audio
			r.Regain(media.Audio, moment(10))
			r.seconds(10, 11)
			c, err := r.At(media.Position{Run: 1}, Selection{})
			must(t, err)
			defer c.Close()
			var jumps []media.Position
			for i := next(t, c); i.Run == 1 || i.DTS < moment(10.9); i = next(t, c) {
				if i.Jump {
					jumps = append(jumps, media.Position{Run: i.Run, Time: i.DTS})
				}
			}
			if want := []media.Position{{Run: 2, Time: moment(0)}, {Run: 2, Time: moment(5)}}; !slices.Equal(jumps, want) {
				t.Errorf("jumps at %v, want %v", jumps, want)
			}
		})
	}
}

func TestDamagedBlocksArePassedOver(t *testing.T) {
	r := newRig(t, func(o *Options) { o.TailSpan = 1 }).both()
	r.seconds(0, 30)
	bad := store.Ref{Run: 1, Segment: 1, Block: 4} // second 3
	r.mem.OnRead(func(ref store.Ref) error {
		if ref == bad {
			return errors.New("checksum")
		}
		return nil
	})
	r.mem.Lose(store.Ref{Run: 1, Segment: 1, Block: 7}) // second 6
	for n := uint32(1); n <= 10; n++ {                  // seconds 10 to 19
		r.mem.Lose(store.Ref{Run: 1, Segment: 2, Block: n})
	}
	c, err := r.At(media.Position{Run: 1}, Selection{})
	must(t, err)
	defer c.Close()
	var jumps []time.Duration
	seen := map[time.Duration]bool{}
	for i := next(t, c); i.DTS < moment(25); i = next(t, c) {
		if i.Jump {
			jumps = append(jumps, i.DTS)
		}
		seen[i.DTS] = true
	}
	if want := []time.Duration{moment(4), moment(7), moment(20)}; !slices.Equal(jumps, want) {
		t.Errorf("jumps at %v, want %v", jumps, want)
	}
	if len(seen) != 10*(25-12) || c.Skipped() != 3 {
		t.Errorf("%d moments seen, %d skipped; want 130 and 3", len(seen), c.Skipped())
	}
	var holes []time.Duration
	for _, h := range r.Map().Holes {
		if h.Kind != 0 || h.Reason != media.Damaged {
			t.Errorf("hole %+v", h)
		}
		holes = append(holes, h.From.Time, h.Until.Time)
	}
	want := []time.Duration{moment(3), moment(4), moment(6), moment(7), moment(10), moment(20)}
	if !slices.Equal(holes, want) {
		t.Errorf("holes %v, want %v", holes, want)
	}
}

// TestRetentionUnderACursor: what a cursor stands in is deleted.
func TestRetentionUnderACursor(t *testing.T) {
	r := newRig(t, func(o *Options) { o.TailSpan, o.CacheBytes = 1, 1 }).both()
	r.seconds(0, 35)
	c, err := r.At(media.Position{Run: 1}, Selection{})
	must(t, err)
	defer c.Close()
	for range 20 {
		next(t, c)
	}
	for range 2 {
		_, err := r.mem.DropOldest()
		must(t, err)
	}
	last := Item{}
	for i := next(t, c); ; i = next(t, c) {
		if i.Jump {
			if last.DTS >= moment(2) || i.DTS != moment(20) {
				t.Errorf("from %v the cursor jumps to %v, want to second 20", last.DTS, i.DTS)
			}
			break
		}
		last = i
	}
}

// TestStuckCursor: a live cursor that does not read until all it wanted was deleted.
func TestStuckCursor(t *testing.T) {
	r := newRig(t, func(o *Options) { o.TailSpan = 1 }).both()
	r.seconds(0, 2)
	c := r.Live(Selection{})
	defer c.Close()
	r.seconds(2, 35)
	if i := next(t, c); i.DTS != moment(1) || i.Jump {
		t.Errorf("goes on at %v (jump %v), want second 1", i.DTS, i.Jump)
	}
	fresh := r.Live(Selection{})
	defer fresh.Close()
	r.seconds(35, 60)
	for range 5 {
		_, err := r.mem.DropOldest()
		must(t, err)
	}
	i := next(t, c)
	for ; i.DTS < moment(2); i = next(t, c) { // the block in its hands stays
	}
	if i.DTS != moment(50) || !i.Jump {
		t.Errorf("goes on at %v (jump %v), want a jump to second 50", i.DTS, i.Jump)
	}
	if i := next(t, fresh); i.DTS != moment(50) {
		t.Errorf("a cursor that never read begins at %v, want second 50", i.DTS)
	}
}
