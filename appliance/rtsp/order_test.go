package rtsp

import (
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
)

func npt(d time.Duration) point { return point{given: true, npt: d} }

func clock(t time.Time) point { return point{given: true, wall: t} }

var ranges = []struct {
	header string
	want   *span // nil: 457
}{
	{"npt=0.000-", &span{from: npt(0)}},
	{"npt=now-", &span{now: true}},
	{"NPT = 0-120", &span{from: npt(0), to: npt(2 * time.Minute)}},
	{"npt=0-;time=19970123T143720Z", &span{from: npt(0)}},
	{"npt=1:02:03.5-", &span{from: npt(time.Hour + 2*time.Minute + 3500*time.Millisecond)}},
	{"npt=60.123456789123-", &span{from: npt(time.Minute + 123456789)}},
	{"npt=-5", &span{to: npt(5 * time.Second)}},
	{"npt=4004504100-4004504160.5", &span{clock: true, from: point{true, 4004504100 * time.Second, epoch}, to: point{true, 4004504160*time.Second + 5e8, epoch.Add(60500 * time.Millisecond)}}},
	{"clock=20261124T101500Z-", &span{clock: true, from: clock(epoch)}},
	{"clock=20261124T101500.250Z-20261124T101600Z", &span{clock: true, from: clock(epoch.Add(250 * time.Millisecond)), to: clock(epoch.Add(time.Minute))}},
	{"clock=19000101T000010.5Z-19000101T000042Z", &span{dated: true, from: npt(10500 * time.Millisecond), to: npt(42 * time.Second)}}, // rtspsrc with onvif-mode
	{"clock=20261124T101600Z-20261124T101500Z", &span{clock: true, from: clock(epoch.Add(time.Minute)), to: clock(epoch)}},            // backward
	{"clock=-20261124T101600Z", nil},
	{"clock=now-", nil},
	{"clock=20261124T1015Z-", nil},
	{"smpte=0:10:00-", nil},
	{"npt", nil}, {"", nil}, {"npt=", nil}, {"npt=-", nil}, {"npt=5", nil}, {"npt=1-2-3", nil}, {"npt=x-", nil}, {"npt=1e3-", nil},
	{"npt=1:60:00-", nil}, {"npt=0:00:60-", nil}, {"npt=1:2-", nil}, {"npt=+1-", nil}, {"npt=.5-", nil}, {"npt=99999999999-", nil},
}

func request(headers ...string) *base.Request {
	r := &base.Request{Method: base.Play, Header: base.Header{}}
	for _, h := range headers {
		name, v, _ := strings.Cut(h, ": ")
		r.Header[name] = append(r.Header[name], v)
	}
	return r
}

func TestParseRange(t *testing.T) {
	for _, x := range ranges {
		o, err := parseOrder(request("Range: " + x.header))
		switch {
		case x.want == nil && (err == nil || answer(err).StatusCode != base.StatusInvalidRange):
			t.Errorf("%q: %+v, %v; want 457", x.header, o.rng, err)
		case x.want != nil && (err != nil || !reflect.DeepEqual(o.rng, x.want)):
			t.Errorf("%q: %+v, %v; want %+v", x.header, o.rng, err, x.want)
		}
	}
	if _, err := parseOrder(request("Range: npt=0-", "Range: npt=1-")); err == nil || answer(err).StatusCode != base.StatusInvalidRange {
		t.Errorf("two ranges: %v, want 457", err)
	}
}

func TestParseOrder(t *testing.T) {
	f := func(x float64) *float64 { return &x }
	for _, x := range []struct {
		headers []string
		want    order
		status  int // of the refusal
	}{
		{nil, order{}, 0},
		{[]string{"Scale: 2.0"}, order{scale: f(2)}, 0},
		{[]string{"Scale: 0.01", "Speed: 1e9"}, order{scale: f(.25), speed: f(16)}, 0},
		{[]string{"Scale: 99"}, order{scale: f(16)}, 0},
		{[]string{"Scale: -0.5"}, order{scale: f(-1)}, 0},
		{[]string{"Scale: -99"}, order{scale: f(-16)}, 0},
		{[]string{"Scale: 0"}, order{}, 400}, {[]string{"Scale: x"}, order{}, 400}, {[]string{"Scale: NaN"}, order{}, 400},
		{[]string{"Scale: Inf"}, order{}, 400}, {[]string{"Scale: 1", "Scale: 2"}, order{}, 400},
		{[]string{"Speed: -1"}, order{}, 400}, {[]string{"Speed: 0"}, order{}, 400},
		{[]string{"Require: onvif-replay", "CSeq: 300"}, order{onvif: true, cseq: 44}, 0},
		{[]string{"Require: Onvif-Replay, "}, order{onvif: true}, 0},
		{[]string{"Require: implicit-play"}, order{}, 551},
		{[]string{"Require: onvif-replay, x"}, order{}, 551},
		{[]string{"Rate-Control: no"}, order{onvif: true, rate: "no"}, 0},
		{[]string{"Rate-Control: YES"}, order{onvif: true, rate: "yes"}, 0},
		{[]string{"Rate-Control: maybe"}, order{}, 400},
		{[]string{"Immediate: yes"}, order{}, 0}, {[]string{"Immediate: now"}, order{}, 400},
		{[]string{"Frames: all"}, order{frames: &choice{}}, 0},
		{[]string{"Frames: predicted"}, order{frames: &choice{refers: true}}, 0},
		{[]string{"Frames: Intra"}, order{frames: &choice{keys: true}}, 0},
		{[]string{"Frames: intra/4000"}, order{frames: &choice{keys: true, apart: 4 * time.Second}}, 0},
		{[]string{"Frames: intra/-1"}, order{}, 400}, {[]string{"Frames: intra/"}, order{}, 400}, {[]string{"Frames: none"}, order{}, 400},
		{[]string{"Frames: predicted/5"}, order{}, 400},
	} {
		o, err := parseOrder(request(x.headers...))
		switch {
		case x.status == 0 && (err != nil || !reflect.DeepEqual(o, x.want)):
			t.Errorf("%q: %+v, %v; want %+v", x.headers, o, err, x.want)
		case x.status != 0 && (err == nil || int(answer(err).StatusCode) != x.status):
			t.Errorf("%q: %+v, %v; want %d", x.headers, o, err, x.status)
		}
	}
	_, err := parseOrder(request("Require: x\x01y"))
	if got := answer(err).Header["Unsupported"]; len(got) != 1 || got[0] != "x?y" {
		t.Errorf("Unsupported: %q", got)
	}
}

// FuzzOrder: whatever headers a client sends bring what can be played, or a refusal in one line.
func FuzzOrder(f *testing.F) {
	for _, x := range ranges {
		f.Add("Range", x.header)
	}
	for _, v := range []string{"1", "-1", "0", "1e400", "-0", "NaN", "0x1p-2", "1_0"} {
		f.Add("Scale", v)
		f.Add("Speed", v)
	}
	f.Add("Frames", "intra/4000")
	f.Add("Require", "onvif-replay")
	f.Add("Rate-Control", "no")
	f.Fuzz(func(t *testing.T, name, value string) {
		r := &base.Request{Header: base.Header{http.CanonicalHeaderKey(name): base.HeaderValue{value}}}
		o, err := parseOrder(r)
		if err != nil {
			checkStatusLine(t, err.(*refusal))
			return
		}
		m := plainManner().with(o)
		if s := math.Abs(m.scale); s < slowest || s > fastest || m.scale < 0 && m.scale > -1 || m.speed < slowest || m.speed > fastest {
			t.Errorf("%s: %q: %+v", name, value, m)
		}
		if o.rng != nil {
			for _, p := range []point{o.rng.from, o.rng.to} {
				if p.npt < 0 {
					t.Errorf("%q: npt %v", value, p.npt)
				}
			}
		}
	})
}

func TestTexts(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0.000", 1499999: "0.001", 1500000: "0.002", time.Hour: "3600.000", time.Second/30*1001 + 7: "33.367"} {
		if got := nptText(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
	for x, want := range map[float64]string{1: "1.0", -16: "-16.0", .25: "0.25", 1.0 / 3: "0.333"} {
		if got := rateText(x); got != want {
			t.Errorf("%v: %s, want %s", x, got, want)
		}
	}
}
