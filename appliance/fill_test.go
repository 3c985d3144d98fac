package appliance

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/store"
)

var fillEnd = time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC)

func fillIn(dir string) FillOptions {
	return FillOptions{Data: dir, Camera: "cam", For: 25 * time.Second, End: fillEnd, Segment: 10 * time.Second, Log: slog.New(slog.DiscardHandler)}
}

// filledSpan is the only span of a filled recording that breaks no rule.
func filledSpan(t *testing.T, data string) (span timeline.Span, until time.Duration, segments int) {
	t.Helper()
	report, err := Check(data)
	if err != nil || !report.Clean {
		t.Fatalf("%v\n%s", err, strings.Join(report.Lines(), "\n"))
	}
	st, err := store.Open(filepath.Join(data, "cam"), store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	tl, err := timeline.New(timeline.Options{Camera: "cam", Store: st, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer tl.Close("")
	m := tl.Map()
	if len(m.Spans) != 1 || len(m.Holes) != 1 || m.Holes[0].Reason != "off" {
		t.Fatalf("spans %+v, holes %+v", m.Spans, m.Holes)
	}
	return m.Spans[0], m.Length(), m.Runs[0].Segments
}

// A filled recording keeps every rule and is of the length, and from the time, that was asked for.
func TestFill(t *testing.T) {
	dir := t.TempDir()
	if err := Fill(t.Context(), fillIn(dir)); err != nil {
		t.Fatal(err)
	}
	span, length, segments := filledSpan(t, dir)
	// A block of 800 ms begins with a key frame every 4 s: segments of 10 s are cut after 12 and 24.
	if length.Round(time.Millisecond) != 25*time.Second || !span.Wall.Equal(fillEnd.Add(-25*time.Second)) || !span.Trusted || segments != 3 {
		t.Errorf("%v from %v, trusted %v, in %d segments", length, span.Wall, span.Trusted, segments)
	}
	if err := Fill(t.Context(), fillIn(dir)); err == nil || !strings.Contains(err.Error(), "holds a recording already; name another") {
		t.Errorf("filled twice: %v", err)
	}
	other := fillIn(dir)
	other.Camera = "other"
	if err := Fill(t.Context(), other); err != nil {
		t.Errorf("another camera: %v", err)
	}
}

// Interrupted, it leaves what was committed, and nothing broken.
func TestFillInterrupted(t *testing.T) {
	o := fillIn(t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	o.For = time.Hour
	o.Progress = func(done time.Duration) {
		if done == 8*time.Second {
			stop()
		}
	}
	if err := Fill(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v, want that it was interrupted", err)
	}
	// What was appended for the next block may be there or not.
	if _, length, _ := filledSpan(t, o.Data); length < 8*time.Second || length > 9*time.Second {
		t.Errorf("%v are left, want about 8 s", length)
	}
}

func TestFillRefuses(t *testing.T) {
	locked := t.TempDir()
	lock, err := lockData(locked)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	cases := []struct {
		name string
		edit func(*FillOptions)
		want string
	}{
		{"somebody records there", func(o *FillOptions) { o.Data = locked }, "is being recorded to by process"},
		{"no camera's name", func(o *FillOptions) { o.Camera = "At" }, `"At"`},
		{"too large", func(o *FillOptions) { o.For, o.FrameBytes = 400*24*time.Hour, MostFillFrame }, "choose a shorter --for"},
		{"no picture", func(o *FillOptions) { o.FrameBytes = -1 }, "pictures of -1 bytes"},
	}
	for _, c := range cases {
		o := fillIn(t.TempDir())
		c.edit(&o)
		if err := Fill(t.Context(), o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
