package rtsp

import (
	"strings"
	"testing"

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
	{"/cam/timeline", address{"cam", "timeline"}, ""},
	{"/cam/timeline/", address{"cam", "timeline"}, ""},
	{"/cam/at/20261124T101500Z", address{"cam", "at/20261124T101500Z"}, ""},
	{"/cam/at/3.61250-4.0", address{"cam", "at/3.61250-4.0"}, ""},
	{"/cam//timeline", address{"cam", "timeline"}, ""},
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
		case x.bad == "" && (err != nil || got != x.want):
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
		b, err := parseAddress("/" + a.camera + "/" + a.rest)
		if err != nil || a != b {
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

var ranges = []struct {
	header []string
	ok     bool
}{
	{nil, true},
	{[]string{"npt=0.000-"}, true},
	{[]string{"npt=now-"}, true},
	{[]string{"NPT = 0-120"}, true},
	{[]string{"npt=0-;time=19970123T143720Z"}, true},
	{[]string{"clock=20261124T101500Z-"}, false},
	{[]string{"smpte=0:10:00-"}, false},
	{[]string{"npt"}, false},
	{[]string{""}, false},
	{[]string{"npt=0-", "npt=1-"}, false},
}

func TestPlayRange(t *testing.T) {
	for _, x := range ranges {
		got, err := playRange(x.header)
		if x.ok != (err == nil) || x.ok && got != "npt=now-" {
			t.Errorf("%q: %q, %v; want it accepted: %v", x.header, got, err, x.ok)
		}
		if err != nil && answer(err).StatusCode != base.StatusInvalidRange {
			t.Errorf("%q: status %d, want 457", x.header, answer(err).StatusCode)
		}
	}
}

// FuzzPlayRange: no Range of a client brings anything but an answer or a refusal in one line.
func FuzzPlayRange(f *testing.F) {
	for _, x := range ranges {
		f.Add(strings.Join(x.header, ""))
	}
	f.Fuzz(func(t *testing.T, h string) {
		if _, err := playRange(base.HeaderValue{h}); err != nil {
			checkStatusLine(t, err.(*refusal))
		}
	})
}
