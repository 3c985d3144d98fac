package appliance

import (
	"errors"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// fakeShelf holds segments of 100 bytes; the last one is being written.
type fakeShelf struct {
	name     string
	segments []time.Time
	disk     *int64
	dropped  *[]string
	err      error
	pinned   int64
}

func (f *fakeShelf) NextDrop() (media.Position, bool) {
	return media.Position{Run: 1}, len(f.segments) > 1
}

func (f *fakeShelf) Anchors(media.Run) media.Anchors {
	if len(f.segments) == 0 {
		return nil
	}
	return media.Anchors{{Wall: f.segments[0], Trusted: true}}
}

func (f *fakeShelf) PinnedBytes() int64 { return f.pinned }

func (f *fakeShelf) DropOldest() (int64, error) {
	if f.err != nil {
		return 0, f.err
	}
	if len(f.segments) < 2 {
		return 0, store.ErrNoBlock
	}
	*f.dropped = append(*f.dropped, f.name+f.segments[0].Format("15"))
	f.segments = f.segments[1:]
	*f.disk += 100
	return 100, nil
}

// The oldest segment of all cameras goes first, and only as many as are needed.
func TestRetentionSweep(t *testing.T) {
	at := func(hours ...int) (ts []time.Time) {
		for _, h := range hours {
			ts = append(ts, time.Date(2026, 1, 1, h, 0, 0, 0, time.UTC))
		}
		return ts
	}
	for _, c := range []struct {
		name string
		a, b []time.Time
		errA error
		free int64
		want []string
	}{
		{name: "enough", a: at(1, 2), b: at(3, 4), free: 1000},
		{name: "one", a: at(1, 5), b: at(3, 4), free: 950, want: []string{"a01"}},
		{name: "oldest of all", a: at(1, 4, 6), b: at(2, 3, 7), free: 600, want: []string{"a01", "b02", "b03", "a04"}},
		{name: "the live ones stay", a: at(1), b: at(2, 3), free: 0, want: []string{"b02"}},
		{name: "one that cannot be deleted does not fill the disk", a: at(1, 2), errA: errors.New("no"), b: at(3, 4, 5), free: 0, want: []string{"b03", "b04"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			free := c.free
			var dropped []string
			r := &retention{log: quiet, free: func() (int64, int64, error) { return free, 1000, nil },
				shelves: []shelf{
					{"a", &fakeShelf{"a", c.a, &free, &dropped, c.errA, 0}},
					{"b", &fakeShelf{"b", c.b, &free, &dropped, nil, 0}},
				}}
			r.sweep()
			if !reflect.DeepEqual(dropped, c.want) {
				t.Errorf("dropped %v, want %v", dropped, c.want)
			}
		})
	}
}

// One event is one line: what a sweep deleted, that nothing is left, that a
// segment cannot be deleted; not again every ten seconds.
func TestRetentionLog(t *testing.T) {
	hour := func(h int) time.Time { return time.Date(2026, 1, 1, h, 0, 0, 0, time.UTC) }
	free := int64(0)
	var dropped []string
	var log countingHandler
	r := &retention{log: slog.New(&log), free: func() (int64, int64, error) { return free, 1000, nil },
		shelves: []shelf{
			{"a", &fakeShelf{"a", []time.Time{hour(1), hour(2)}, &free, &dropped, errors.New("no"), 0}},
			{"b", &fakeShelf{"b", []time.Time{hour(3), hour(4), hour(5)}, &free, &dropped, nil, 0}},
		}}
	r.sweep()
	if log.n != 3 {
		t.Errorf("%d lines for two segments deleted, one that cannot be, and a full disk; want 3", log.n)
	}
	r.sweep()
	if log.n != 3 {
		t.Errorf("%d lines after another sweep, want no more than 3", log.n)
	}
}

// Pins that fill the disk are told of as what they are.
func TestPinsThatFillTheDiskAreTold(t *testing.T) {
	hour := func(h int) time.Time { return time.Date(2026, 1, 1, h, 0, 0, 0, time.UTC) }
	free := int64(0)
	var dropped []string
	a := &fakeShelf{"a", []time.Time{hour(1), hour(2)}, &free, &dropped, nil, 7 << 30}
	r := &retention{log: quiet, free: func() (int64, int64, error) { return free, 1000, nil }, shelves: []shelf{{"a", a}}}
	if why, pinned := r.problem(disk{free: 500}, 1000); why != "" || pinned != 7<<30 {
		t.Errorf("while something can go: %q, %d pinned", why, pinned)
	}
	r.sweep()
	if why, _ := r.problem(disk{free: 500}, 1000); !strings.Contains(why, "pins hold 7") {
		t.Errorf("when nothing is left to go: %q, want it to tell of the pins", why)
	}
	if why, _ := r.problem(disk{free: 1000}, 1000); why != "" {
		t.Errorf("with room again: %q", why)
	}
}

func TestReserve(t *testing.T) {
	c := DefaultConfig()
	for _, x := range []struct{ total, want int64 }{
		{10 << 30, 2 << 30},               // 10 % is less than 2 GiB
		{100 << 30, 100 << 30 / 100 * 10}, // 10 %
	} {
		if got := c.reserve(disk{total: x.total}); got != x.want {
			t.Errorf("reserve of a disk of %s is %d, want %d", formatBytes(x.total), got, x.want)
		}
	}
}

func TestDaysThatFit(t *testing.T) {
	const day = 24 * 60 * 60
	if got := daysThatFit(3000*day, 1000*day, 500*day, 1000); got != 2.5 {
		t.Errorf("%v days, want 2.5", got)
	}
	if got := daysThatFit(10, 1000, 0, 1); got != 0 {
		t.Errorf("%v days with nothing to spare, want 0", got)
	}
}

func TestRateOf(t *testing.T) {
	conf := CameraConfig{Video: "auto", Audio: "none", VideoBitrate: 8_000_000}
	if got := rateOf(nil, conf); got < 1_000_000 || got > 1_100_000 {
		t.Errorf("with nothing recorded %v bytes a second, want what is configured and some", got)
	}
	runs := []store.RunInfo{{First: 0, Last: 100 * time.Second, FileBytes: 5000}, {First: 9, Last: 8}}
	if got := rateOf(runs, conf); got != 50 {
		t.Errorf("measured %v bytes a second, want 50", got)
	}
}

// A second holder is refused by the first one's id; one that died holds nothing.
func TestLockData(t *testing.T) {
	dir := t.TempDir() + "/new/data"
	f, err := lockData(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockData(dir); err == nil || !strings.Contains(err.Error(), "process") || strings.Contains(err.Error(), "\n") {
		t.Errorf("second lock: %v; want one line that names the process", err)
	}
	f.Close()
	f, err = lockData(dir)
	if err != nil {
		t.Fatalf("after the holder closed: %v", err)
	}
	f.Close()
}

func TestLockDataRefused(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, file + "/below", "/proc/hindsight"} {
		_, err := lockData(dir)
		if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "--data") {
			t.Errorf("lockData(%s): %v; want an error that names it and --data", dir, err)
		}
	}
}
