package camera

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/blackjack/webcam"
)

func TestChoose(t *testing.T) {
	m := func(f fourcc, w, h int, rates ...float64) mode {
		x := mode{format: f, width: w, height: h}
		for _, r := range rates {
			x.rates = append(x.rates, span{r, r})
		}
		return x
	}
	hd := wanted{1280, 720, 30}
	for _, c := range []struct {
		name  string
		modes []mode
		want  wanted
		got   string
		exact bool
	}{
		{"H.264 before MJPEG before YUYV", []mode{m(formatYUYV, 1280, 720, 30), m(formatMJPG, 1280, 720, 30), m(formatH264, 1280, 720, 30)}, hd, "H264 1280x720@30", true},
		{"MJPEG that fits before H.264 that does not", []mode{m(formatH264, 1920, 1080, 30), m(formatMJPG, 1280, 720, 30)}, hd, "MJPG 1280x720@30", true},
		{"an ordinary webcam", []mode{m(formatYUYV, 640, 480, 30), m(formatYUYV, 1280, 720, 10), m(formatMJPG, 640, 480, 30), m(formatMJPG, 1280, 720, 30, 15)}, hd, "MJPG 1280x720@30", true},
		{"NTSC's rate is the rate", []mode{m(formatMJPG, 1280, 720, 29.97, 60)}, hd, "MJPG 1280x720@29.97", true},
		{"nearest size", []mode{m(formatMJPG, 640, 480, 30), m(formatMJPG, 1024, 576, 30), m(formatMJPG, 1920, 1080, 30)}, hd, "MJPG 1024x576@30", false},
		{"nearest rate", []mode{m(formatMJPG, 1280, 720, 5, 15, 25)}, hd, "MJPG 1280x720@25", false},
		{"a rate in a range", []mode{{format: formatYUYV, width: 1280, height: 720, rates: []span{{5, 60}}}}, hd, "YUYV 1280x720@30", true},
		{"rates not said", []mode{m(formatMJPG, 1280, 720)}, hd, "MJPG 1280x720@30", true},
		{"raw at a tenth of the rate, or less of it", []mode{m(formatYUYV, 1280, 720, 5), m(formatYUYV, 640, 360, 30)}, hd, "YUYV 640x360@30", false},
		{"same pixels in another shape", []mode{m(formatMJPG, 1440, 640, 30), m(formatMJPG, 1344, 756, 30)}, hd, "MJPG 1344x756@30", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			best, exact, err := choose(c.modes, c.want)
			got := fmt.Sprintf("%v %dx%d@%v", best.format, best.width, best.height, best.rate)
			if err != nil || got != c.got || exact != c.exact {
				t.Errorf("chose %s, exact %t, %v; want %s, %t", got, exact, err, c.got, c.exact)
			}
		})
	}
	if _, _, err := choose(nil, hd); err == nil {
		t.Error("no mode at all is no error")
	}
}

func TestWithin(t *testing.T) {
	want := []wanted{{width: 1280, height: 720}}
	for _, c := range []struct {
		name string
		size webcam.FrameSize
		got  string
	}{
		{"one size", webcam.FrameSize{MinWidth: 640, MaxWidth: 640, MinHeight: 480, MaxHeight: 480}, "640x480"},
		{"no bounds", webcam.FrameSize{}, "1280x720"},
		{"in steps", webcam.FrameSize{MinWidth: 32, MaxWidth: 1000, StepWidth: 16, MinHeight: 32, MaxHeight: 1000, StepHeight: 50}, "992x682"},
	} {
		if got := within(c.size, want)[0]; fmt.Sprintf("%dx%d", got.width, got.height) != c.got {
			t.Errorf("%s: %dx%d, want %s", c.name, got.width, got.height, c.got)
		}
	}
}

func TestAppendRate(t *testing.T) {
	for _, c := range []struct {
		rate webcam.FrameRate
		want []span
	}{
		{webcam.FrameRate{MinNumerator: 1001, MaxNumerator: 1001, MinDenominator: 30000, MaxDenominator: 30000}, []span{{30000.0 / 1001, 30000.0 / 1001}}},
		// intervals from 1/60 to 1/5 of a second
		{webcam.FrameRate{MinNumerator: 1, MaxNumerator: 1, MinDenominator: 60, MaxDenominator: 5, StepNumerator: 1, StepDenominator: 60}, []span{{5, 60}}},
		{webcam.FrameRate{MinNumerator: 0, MaxNumerator: 1, MinDenominator: 30, MaxDenominator: 30}, nil},
	} {
		if got := appendRate(nil, c.rate); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%v: %v, want %v", c.rate, got, c.want)
		}
	}
}
