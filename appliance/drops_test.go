package appliance

import (
	"context"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

// One reason is logged at once and then once a minute; reasons beyond the bound share one.
func TestDrops(t *testing.T) {
	clock := &fakeClock{boot: time.Hour}
	var log countingHandler
	d := newDrops(clock, slog.New(&log))
	for range 100 {
		d.add(media.Video, "broken")
	}
	if log.n != 1 {
		t.Errorf("logged %d times in the first minute, want 1", log.n)
	}
	clock.move(time.Minute)
	d.add(media.Video, "broken")
	if log.n != 2 {
		t.Errorf("logged %d times after a minute, want 2", log.n)
	}
	if got, want := d.list(), []Drop{{media.Video, "broken", 101}}; !reflect.DeepEqual(got, want) {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	for i := range 1000 {
		d.add(media.Audio, string(rune('a'+i)))
	}
	var total int64
	for _, x := range d.list() {
		total += x.Count
	}
	if n := len(d.list()); n != maxDropReasons+1 || total != 1101 {
		t.Errorf("%d reasons with %d drops, want %d with 1101", n, total, maxDropReasons+1)
	}
}

// Reasons that differ in figures only are one reason, and one log line a minute.
func TestDropsFigures(t *testing.T) {
	for _, c := range []struct{ why, want string }{
		{"the encoder is too slow", "the encoder is too slow"},
		{"picture of 1h2m3.5s is not later than the one of 1h2m3.6s before it", "picture of # is not later than the one of # before it"},
		{"jpeg: of 640x480 from a camera set to 1280x720", "jpeg: of # from a camera set to #"},
		{"jpeg: 12 extraneous bytes before marker 0xd9", "jpeg: # extraneous bytes before marker #"},
		{"3 frames (2 late)", "# frames (# late)"},
		{"H.264: openh264 says 5: no", "H.264: openh264 says #: no"},
	} {
		var log countingHandler
		d := newDrops(&fakeClock{boot: time.Hour}, slog.New(&log))
		d.add(media.Video, c.why)
		d.add(media.Video, strings.ReplaceAll(c.why, "3", "33"))
		if got := d.list(); len(got) != 1 || got[0].Reason != c.want || got[0].Count != 2 || log.n != 1 {
			t.Errorf("%q is %+v in %d log lines, want %q twice in one", c.why, got, log.n, c.want)
		}
	}
}

// Drops that last are told; one now and then is not, nor is what has stopped.
func TestDropsLasting(t *testing.T) {
	clock := &fakeClock{boot: time.Hour}
	d := newDrops(clock, quiet)
	told := func(when, want string) {
		t.Helper()
		if got := d.lasting(); got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	for range 20 {
		d.add(media.Audio, "now and then")
		clock.move(dropPause)
	}
	told("with pauses", "")
	for range 30 {
		d.add(media.Video, "too slow")
		told("at the start", "")
		clock.move(2 * time.Second)
	}
	for range 31 {
		d.add(media.Video, "too slow")
		clock.move(2 * time.Second)
	}
	told("after two minutes", "video has been dropped for 2 min: too slow")
	clock.move(dropPause)
	told("when it has stopped", "")
}

type countingHandler struct {
	slog.Handler
	n int
}

func (h *countingHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h *countingHandler) Handle(context.Context, slog.Record) error {
	h.n++
	return nil
}
func (h *countingHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
