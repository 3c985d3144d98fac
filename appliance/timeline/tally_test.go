package timeline

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// TestTallyCaptions over two runs, the first of which has its clock set.
func TestTallyCaptions(t *testing.T) {
	r := newRig(t, nil).both()
	r.seconds(0, 5)
	r.clock.step(time.Minute, true)
	r.checkClock()
	r.seconds(5, 10)
	for _, at := range []time.Duration{0, 1999 * ms, 2 * time.Second, 7 * time.Second, 8 * time.Second} {
		r.say(at, "one")
	}
	must(t, r.Close(media.Off))
	r.clock.pass(30 * time.Second)
	second := rigOn(t, r.clock, r.mem.Reopen(), nil).both()
	second.seconds(0, 2)
	late := second.say(time.Second, "late")
	lateWall, _ := second.Wall(late.Position())
	at := func(seconds int) time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }
	for _, c := range []struct {
		what        string
		from, until time.Time
		bins        int
		want        []int
	}{
		{"before the clock was set", at(0), at(4), 4, []int{1, 1, 1, 0}},
		{"one bin", at(0), at(4), 1, []int{3}},
		{"behind it", at(66), at(70), 4, []int{0, 1, 1, 0}},
		{"the end does not count", at(66), at(68), 2, []int{0, 1}},
		{"the beginning does", at(67), at(69), 1, []int{2}},
		{"between", at(20), at(60), 3, []int{0, 0, 0}},
		{"the next run", lateWall, lateWall.Add(time.Millisecond), 1, []int{1}},
		{"all", at(-1000), at(1000), 2, []int{0, 6}},
		{"before everything", at(-1000), at(-1), 2, []int{0, 0}},
		{"far away", at(0).AddDate(5000, 0, 0), at(0).AddDate(5001, 0, 0), 2, []int{0, 0}},
		{"long ago", time.Time{}, time.Time{}.AddDate(1, 0, 0), 2, []int{0, 0}},
	} {
		got, err := second.TallyCaptions(c.from, c.until, c.bins)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", c.what, got, err, c.want)
		}
	}
}

// brokenStarts is a store of which some captions cannot be read.
type brokenStarts struct{ store.Store }

func (b brokenStarts) CaptionStarts(fn func(media.Run, []time.Duration)) error {
	return errors.Join(b.Store.CaptionStarts(fn), store.ErrDamaged)
}

func TestTallyOfDamagedCaptions(t *testing.T) {
	r := newRig(t, nil).both()
	r.seconds(0, 2)
	r.say(0, "one")
	r.o.Store = brokenStarts{r.o.Store}
	got, err := r.TallyCaptions(epoch, epoch.Add(time.Second), 1)
	if !errors.Is(err, store.ErrDamaged) || !reflect.DeepEqual(got, []int{1}) {
		t.Errorf("%v, %v", got, err)
	}
}
