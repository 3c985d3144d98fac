package encode

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

func TestDecide(t *testing.T) {
	const ms = time.Millisecond
	cases := []struct {
		name          string
		width, height int
		rate          float64
		format        media.Format
		cost          time.Duration
		want          Decision // without Cost, Load and Why
		why           string
	}{
		{"H.264 whatever it would cost", 1920, 1080, 30, media.FormatH264, time.Second, Decision{Width: 1920, Height: 1080, Rate: 30}, "makes H.264 itself"},
		{"MJPEG with ease", 1280, 720, 30, media.FormatMJPEG, 6 * ms, Decision{Width: 1280, Height: 720, Rate: 30}, "takes 18 % of one core"},
		{"MJPEG, just a third to spare", 1280, 720, 25, media.FormatMJPEG, 26666 * time.Microsecond, Decision{Width: 1280, Height: 720, Rate: 25}, "takes 67 %"},
		{"MJPEG, less than a third to spare", 1280, 720, 25, media.FormatMJPEG, 27 * ms, Decision{Width: 1280, Height: 720, Rate: 25, Untouched: true}, "JPEG images are recorded as they come"},
		{"MJPEG, hopeless", 1920, 1080, 60, media.FormatMJPEG, 500 * ms, Decision{Width: 1920, Height: 1080, Rate: 60, Untouched: true}, "3000 %"},
		{"YUYV with ease", 640, 480, 30, media.FormatYUYV, 4 * ms, Decision{Width: 640, Height: 480, Rate: 30}, "12 %"},
		{"YUYV, three quarters", 1280, 720, 30, media.FormatYUYV, 30 * ms, Decision{Width: 960, Height: 540, Rate: 30}, "960x540 at 30/s is recorded"},
		{"YUYV, half", 1280, 720, 30, media.FormatYUYV, 60 * ms, Decision{Width: 640, Height: 360, Rate: 30}, "640x360 at 30/s is recorded"},
		{"YUYV, half at half the rate", 1280, 720, 30, media.FormatYUYV, 100 * ms, Decision{Width: 640, Height: 360, Rate: 15}, "640x360 at 15/s is recorded"},
		{"YUYV, quarter at half the rate", 1280, 720, 30, media.FormatYUYV, 250 * ms, Decision{Width: 320, Height: 180, Rate: 15}, "320x180 at 15/s is recorded"},
		{"YUYV, hopeless", 1280, 720, 30, media.FormatYUYV, time.Second, Decision{Width: 320, Height: 180, Rate: 15}, "pictures will be dropped"},
		{"raw of odd shape stays even", 1366, 768, 30, media.FormatI420, 60 * ms, Decision{Width: 682, Height: 384, Rate: 30}, "is recorded"},
	}
	for _, c := range cases {
		got := Decide(c.width, c.height, c.rate, c.format, c.cost)
		if !strings.Contains(got.Why, c.why) {
			t.Errorf("%s: says %q, want %q in it", c.name, got.Why, c.why)
		}
		if got.Load > maxLoad != strings.Contains(got.Why, "dropped") {
			t.Errorf("%s: load %.2f, says %q", c.name, got.Load, got.Why)
		}
		got.Cost, got.Load, got.Why = 0, 0, ""
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestDecisionBecomesOptions(t *testing.T) {
	full := Decide(1280, 720, 30, media.FormatMJPEG, time.Millisecond).Options(30, 1_000_000)
	if full != (VideoOptions{Rate: 30, Bitrate: 1_000_000, Width: 1280, Height: 720}) {
		t.Errorf("%+v", full)
	}
	less := Decide(1280, 720, 30, media.FormatYUYV, 100*time.Millisecond).Options(30, 0)
	if less != (VideoOptions{Rate: 30, Width: 640, Height: 360, Keep: 15}) {
		t.Errorf("%+v", less)
	}
	if kept := Decide(1280, 720, 30, media.FormatMJPEG, time.Second).Options(30, 0); !kept.Untouched {
		t.Errorf("%+v", kept)
	}
}

func TestWhenMeasuringIsClear(t *testing.T) {
	took := func(n int, d time.Duration) []time.Duration {
		out := make([]time.Duration, n)
		for i := range out {
			out[i] = d
		}
		return out
	}
	const ms = time.Millisecond
	for _, c := range []struct {
		name  string
		took  []time.Duration
		spent time.Duration
		want  bool
	}{
		{"nothing yet", nil, 0, false},
		{"nothing yet, and late", nil, 5 * time.Second, false},
		{"fast, but few", took(14, ms), 14 * ms, false},
		{"fast", took(15, ms), 15 * ms, true},
		{"slow", took(15, 60*ms), 900 * ms, true},
		{"near the limit", took(60, 20*ms), 1200 * ms, false},
		{"near the limit, many", took(90, 20*ms), 1800 * ms, true},
		{"time is up", took(3, 700*ms), 2100 * ms, true},
	} {
		if got := isClear(c.took, 30, c.spent); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if got := typical([]time.Duration{9 * time.Second, 2, 1, 3, 2}); got != 2 {
		t.Errorf("typical is %v, want 2: one interruption does not count", got)
	}
}

func TestMeasure(t *testing.T) {
	for _, f := range []media.Format{media.FormatMJPEG, media.FormatYUYV, media.FormatI420, media.FormatH264} {
		d, err := Measure(t.Context(), 64, 48, 1, f) // any machine can do that
		if err != nil || d.Width != 64 || d.Height != 48 || d.Rate != 1 || d.Untouched || d.Why == "" {
			t.Errorf("format %d: %+v, %v", f, d, err)
		}
		if (d.Cost > 0) != (f != media.FormatH264) {
			t.Errorf("format %d costs %v", f, d.Cost)
		}
	}
	if _, err := Measure(t.Context(), 64, 48, 1, 77); err == nil {
		t.Error("an unknown format is measured")
	}
	if _, err := Measure(t.Context(), 0, 0, 1, media.FormatMJPEG); err == nil {
		t.Error("no size is measured")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Measure(ended, 64, 48, 1, media.FormatMJPEG); !errors.Is(err, context.Canceled) {
		t.Errorf("measuring goes on after the end: %v", err)
	}
}
