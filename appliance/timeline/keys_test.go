package timeline

import (
	"errors"
	"slices"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

func TestKeySteps(t *testing.T) {
	for _, tail := range tails {
		t.Run(tail.name, func(t *testing.T) {
			span := func(o *Options) { o.TailSpan = tail.span }
			r := newRig(t, span).both()
			r.seconds(0, 5)
			must(t, r.Close(media.Off))
			r = r.reopen(span).both()
			r.seconds(0, 5)
			r.mem.OnRead(func(ref store.Ref) error {
				if ref == (store.Ref{Run: 1, Segment: 1, Block: 3}) { // second 2
					return errors.New("checksum")
				}
				return nil
			})
			ctx := deadline(t)
			c, err := r.At(media.Position{Run: 2, Time: moment(1.5)}, Selection{})
			must(t, err)
			defer c.Close()
			walk := func(step func() (Item, error)) (got []media.Position) {
				for {
					i, err := step()
					if errors.Is(err, ErrEnd) {
						return got
					}
					must(t, err)
					if !i.IsKey() || i.Unit.Track != r.video.ID || !i.Jump {
						t.Errorf("%+v is no key frame to jump to", i)
					}
					got = append(got, media.Position{Run: i.Run, Time: i.DTS})
				}
			}
			at := func(run media.Run, s float64) media.Position { return media.Position{Run: run, Time: moment(s)} }
			back := walk(func() (Item, error) { return c.PrevKey(ctx) })
			if want := []media.Position{at(2, 0), at(1, 4), at(1, 3), at(1, 1), at(1, 0)}; !slices.Equal(back, want) {
				t.Errorf("back: %v, want %v", back, want)
			}
			forth := walk(func() (Item, error) { return c.NextKey(ctx) })
			want := []media.Position{at(1, 1), at(1, 3), at(1, 4), at(2, 0), at(2, 1), at(2, 2), at(2, 3), at(2, 4)}
			if !slices.Equal(forth, want) {
				t.Errorf("forth: %v, want %v", forth, want)
			}
			if i := next(t, c); i.Jump || i.DTS != moment(4) || i.Unit.Track != r.audio.ID {
				t.Errorf("after the last key frame comes %+v", i)
			}
			if i, err := c.PrevKey(ctx); err != nil || i.DTS != moment(4) || i.Run != 2 {
				t.Errorf("the key frame before that sound: %v, %v", i.DTS, err)
			}
		})
	}
}

// TestKeyStepsOfAStuckCursor: its place has left the tail.
func TestKeyStepsOfAStuckCursor(t *testing.T) {
	r := newRig(t, func(o *Options) { o.TailSpan = time.Second }).both()
	r.seconds(0, 3)
	c, d, e := r.Live(Selection{}), r.Live(Selection{}), r.Live(Selection{})
	defer c.Close()
	defer d.Close()
	defer e.Close()
	next(t, e)
	for range 4 {
		next(t, c)
	}
	r.seconds(3, 20)
	ctx := deadline(t)
	for _, want := range []float64{2, 1} {
		if i, err := c.PrevKey(ctx); err != nil || i.DTS != moment(want) {
			t.Errorf("back to %v, %v; want second %v", i.DTS, err, want)
		}
	}
	if i, err := e.PrevKey(ctx); err != nil || i.DTS != moment(1) {
		t.Errorf("from the key frame of second 2 back to %v, %v; want second 1", i.DTS, err)
	}
	if i, err := d.NextKey(ctx); err != nil || i.DTS != moment(3) {
		t.Errorf("on to %v, %v; want second 3", i.DTS, err)
	}
}
