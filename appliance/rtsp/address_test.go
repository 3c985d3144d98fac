package rtsp

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"

	"hindsight/media"
)

var addresses = []struct {
	path string
	want address
	bad  string // part of the error
}{
	{"/cam", address{camera: "cam"}, ""},
	{"/cam/", address{camera: "cam"}, ""},
	{"cam", address{camera: "cam"}, ""},
	{"/front-door2", address{camera: "front-door2"}, ""},
	{"/cam/timeline", address{camera: "cam", place: history}, ""},
	{"/cam/timeline/", address{camera: "cam", place: history}, ""},
	{"/cam/at/20261124T101500Z", address{camera: "cam", place: window, text: "20261124T101500Z", from: moment{wall: epoch}}, ""},
	{"/cam/at/3.61250-4.0", address{
		camera: "cam", place: window, text: "3.61250-4.0", from: moment{pos: at(3, 61250*time.Millisecond)}, to: &moment{pos: at(4, 0)},
	}, ""},
	{"/cam//timeline", address{camera: "cam", place: history}, ""},
	{"/cam/at/20261124t101500.25z", address{camera: "cam", place: window, text: "20261124t101500.25z", from: moment{wall: epoch.Add(250 * time.Millisecond)}}, ""},
	{"/cam/at/-90s", address{camera: "cam", place: window, text: "-90s", from: moment{back: 90 * time.Second}}, ""},
	{"/cam/at/-1h30m--90s", address{camera: "cam", place: window, text: "-1h30m--90s", from: moment{back: 90 * time.Minute}, to: &moment{back: 90 * time.Second}}, ""},
	{"/cam/at/-2h-20261124T101500Z", address{camera: "cam", place: window, text: "-2h-20261124T101500Z", from: moment{back: 2 * time.Hour}, to: &moment{wall: epoch}}, ""},
	{"/cam/at", address{}, "there is no /cam/at"},
	{"/cam/at/", address{}, "there is no /cam/at"},
	{"/cam/live", address{}, "there is no /cam/live, only /cam, /cam/timeline"},
	{"/cam/timeline/x", address{}, "there is no"},
	{"/cam/at/yesterday", address{}, "is no time: want 20261124T101500Z"},
	{"/cam/at/2026-11-24T10:15:00Z", address{}, "is no time"},
	{"/cam/at/20261124T101500", address{}, "is no time"},
	{"/cam/at/20261324T101500Z", address{}, "is no time"},
	{"/cam/at/20261124T101500.Z", address{}, "is no time"},
	{"/cam/at/20261124T101500.1234567890Z", address{}, "is no time"},
	{"/cam/at/0.5", address{}, "is no time"},
	{"/cam/at/1.-5", address{}, "is no time"},
	{"/cam/at/1.5-", address{}, "is no time"},
	{"/cam/at/+1.5", address{}, "is no time"},
	{"/cam/at/-", address{}, "is no time"},
	{"/cam/at/--5s", address{}, "is no time"},
	{"/cam/at/-5", address{}, "is no time"},
	{"/cam/at/-5s-1.0-2.0", address{}, "is no time"},
	{"/cam/at/99999999999.0", address{}, "is no time"},
	{"/cam/at/1.99999999999999999999", address{}, "is no time"},
	{"", address{}, "names no camera"},
	{"/", address{}, "names no camera"},
	{"//", address{}, "names no camera"},
	{"//cam", address{}, "names no camera"},
	{"/Cam", address{}, "use 1 to 32 of"},
	{"/timeline", address{}, "a word that addresses use"},
	{"/at/1.0", address{}, "a word that addresses use"},
	{"/cam\r\nX: y", address{}, "use 1 to 32 of"},
	{"/" + strings.Repeat("a", 33), address{}, "use 1 to 32 of"},
	{"/../cam", address{}, "use 1 to 32 of"},
}

func TestParseAddress(t *testing.T) {
	for _, x := range addresses {
		got, err := parseAddress(x.path)
		switch {
		case x.bad == "" && (err != nil || !reflect.DeepEqual(got, x.want)):
			t.Errorf("%q: %+v, %v; want %+v", x.path, got, err, x.want)
		case x.bad != "" && (err == nil || !strings.Contains(err.Error(), x.bad)):
			t.Errorf("%q: error %v, want one with %q", x.path, err, x.bad)
		}
	}
}

// FuzzParseAddress: what is accepted names a camera, and writing it gives the same address again.
func FuzzParseAddress(f *testing.F) {
	for _, x := range addresses {
		f.Add(x.path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		a, err := parseAddress(path)
		if err != nil {
			checkStatusLine(t, refuse(base.StatusNotFound, "%v", err))
			return
		}
		if err := media.CheckCamera(a.camera); err != nil {
			t.Errorf("%q: accepted, but %v", path, err)
		}
		b, err := parseAddress("/" + a.camera + [...]string{"", "/timeline", "/at/" + a.text}[a.place])
		if err != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%q: %+v, written and read again %+v, %v", path, a, b, err)
		}
	})
}

// checkStatusLine: whatever a client asked for, the answer is one line that clients can read.
func checkStatusLine(t *testing.T, r *refusal) {
	t.Helper()
	b, err := r.response().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(b), "\r\n")
	if len(line) > 255 {
		t.Errorf("a status line of %d bytes", len(line))
	}
	for _, c := range []byte(line) {
		if c < ' ' || c > '~' {
			t.Errorf("byte %#x in the status line %q", c, line)
		}
	}
}

func TestRefusal(t *testing.T) {
	r := refuse(base.StatusNotFound, "no camera %s\r\nX-Bad: 1\x00 날씨 %s", "x", strings.Repeat("long ", 100))
	checkStatusLine(t, r)
	got := r.response()
	if !strings.HasPrefix(got.StatusMessage, "no camera x??X-Bad: 1? ?? long") || !strings.HasSuffix(got.StatusMessage, "...") {
		t.Errorf("status line %q", got.StatusMessage)
	}
	if string(got.Body) != r.text+"\n" {
		t.Errorf("the body is not the whole sentence: %q", got.Body)
	}
}
