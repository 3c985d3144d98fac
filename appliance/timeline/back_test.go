package timeline

import (
	"testing"
	"time"

	"hindsight/media"
)

// So long ago is by media time as far as the run goes back, whatever the clock
// did, and by wall time beyond; before everything it is the beginning.
func TestBack(t *testing.T) {
	r := newRig(t, nil).both()
	r.seconds(0, 20)
	must(t, r.Close(media.Off))
	r.clock.pass(time.Minute)
	r = r.reopen(nil).both()
	r.seconds(0, 30)
	r.clock.step(-time.Hour, true)
	for _, x := range []struct {
		back time.Duration
		want media.Position
	}{
		{0, media.Position{Run: 2, Time: 30 * time.Second}},
		{10 * time.Second, media.Position{Run: 2, Time: 20 * time.Second}},
		{29 * time.Second, media.Position{Run: 2, Time: time.Second}},
		{60 * time.Second, media.Position{Run: 2, Time: time.Millisecond}}, // between the runs: the next that was recorded
		{100 * time.Second, media.Position{Run: 1, Time: 10 * time.Second}},
		{1000 * time.Hour, media.Position{Run: 1, Time: time.Millisecond}},
	} {
		if got := r.Back(r.clock.Boot(), x.back); got != x.want {
			t.Errorf("%v ago: %v, want %v", x.back, got, x.want)
		}
	}
	must(t, r.Close(media.Off))
	ro := r.reopen(func(o *Options) { o.ReadOnly = true }) // its now is the newest unit, at 29.901 s
	if got, want := ro.Back(0, 10*time.Second), (media.Position{Run: 2, Time: 19901 * time.Millisecond}); got != want {
		t.Errorf("of what is only read: %v, want %v", got, want)
	}
}
