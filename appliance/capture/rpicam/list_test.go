package rpicam

import (
	"context"
	"fmt"
	"testing"

	"hindsight/media"
)

var listings = []struct {
	name, text string
	want       string // modules, short
}{
	{"two modules", listing, "0 imx708_wide 4608x2592 3 modes /base/soc/i2c0mux/i2c@1/imx708@1a; 1 ov5647 2592x1944 2 modes /base/soc/i2c0mux/i2c@0/ov5647@36; "},
	{"before 2022", "0 : imx219 [3280x2464] (/base/soc/i2c0mux/i2c@1/imx219@10)\n    Modes: 'SRGGB10_CSI2P' : 640x480 [206.65 fps - (1000, 752)/1280x960 crop]\n", "0 imx219 3280x2464 1 modes /base/soc/i2c0mux/i2c@1/imx219@10; "},
	{"none", "No cameras available!\n", ""},
	{"nothing", "", ""},
	{"modes of nobody", "  640x480 [30 fps - x]\n", ""},
	{"no rate", "0 : a [1x1] (/b)\n 640x480 [0 fps]\n 0x480 [3 fps]\n", "0 a 1x1 0 modes /b; "},
	{"cut off", listing[:120], "0 imx708_wide 4608x2592 0 modes /base/soc/i2c0mux/i2c@1/imx708@1a; "},
}

func short(modules []module) (s string) {
	for _, m := range modules {
		s += fmt.Sprintf("%d %s %dx%d %d modes %s; ", m.index, m.name, m.width, m.height, len(m.modes), m.path)
	}
	return s
}

func TestParseList(t *testing.T) {
	for _, c := range listings {
		if got := short(parseList([]byte(c.text))); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}

func FuzzParseList(f *testing.F) {
	for _, c := range listings {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, m := range parseList(text) {
			if m.name == "" || m.path == "" || m.index < 0 {
				t.Errorf("module %+v", m)
			}
			for _, o := range m.offered() {
				if o.Width <= 0 || o.Height <= 0 || len(o.Rates) != 1 || o.Rates[0] <= 0 {
					t.Errorf("mode %+v", o)
				}
			}
		}
	})
}

func TestList(t *testing.T) {
	install(t, "rpicam-vid", "works")
	devices, err := List(t.Context())
	if err != nil || len(devices) != 2 {
		t.Fatalf("%+v, %v; want two", devices, err)
	}
	d := devices[0]
	if d.Kind != media.Video || d.Name != "imx708_wide" || d.Address != "rpicam" || !d.Default || d.Driver != "rpicam" ||
		d.Stable != "rpicam:/base/soc/i2c0mux/i2c@1/imx708@1a" {
		t.Errorf("first: %+v", d)
	}
	if s := fmt.Sprint(d.Modes); s != "[{H264 640 480 [120.13] 0} {H264 1280 720 [120.13] 0} {H264 1920 1080 [56.03] 0}]" {
		t.Errorf("modes %s", s)
	}
	if d := devices[1]; d.Address != "rpicam:1" || d.Default {
		t.Errorf("second: %+v", d)
	}
}

func TestListEndsWithItsContext(t *testing.T) {
	install(t, "rpicam-vid", "hangs")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := List(ctx); err == nil {
		t.Error("a program that hangs gave a list")
	}
}
