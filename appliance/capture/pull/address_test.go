package pull

import (
	"strings"
	"testing"
)

func TestAddressesAreShownWithoutCredentials(t *testing.T) {
	for in, want := range map[string]string{
		"rtsp://cam/":                                      "rtsp://cam/",
		"rtsp://cam:8554/live/ch0?channel=1":               "rtsp://cam:8554/live/ch0?channel=1",
		"rtsp://u:p@cam/live":                              "rtsp://cam/live",
		"rtsps://u@cam:322/live":                           "rtsps://cam:322/live",
		"rtsp://u:p%40ss@[fe80::1]:554/x":                  "rtsp://[fe80::1]:554/x",
		"rtsp://cam/user=admin&password=tl_Jw&channel=1":   "rtsp://cam/user=***&password=***&channel=1",
		"rtsp://cam/s?channel=2&token=abcdef&subtype=1":    "rtsp://cam/s?channel=2&token=***&subtype=1",
		"rtsp://cam/user=admin_password=x_channel=1/0.sdp": "rtsp://cam/user=***/0.sdp",
		"rtsp://u:p@ss@cam/live":                           "rtsp://cam/live",
		"rtsp://cam":                                       "rtsp://cam/",
	} {
		a, err := parseAddress(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if a.show != want {
			t.Errorf("%s is shown as %s, want %s", in, a.show, want)
		}
	}
}

func TestAddressesThatCannotBe(t *testing.T) {
	for _, in := range []string{"", "cam", "http://u:hunter2@cam/", "rtsp://", "rtsp:///path", "rtsp://u:hunter2#x@cam/", "rtsp://u:hunter2%zz@cam/", "rtsp://u:hunter2@cam:port/", "rtsp://u:hunter2@ca m/", "rtsp://u:hunter2@cam/\x7f"} {
		_, err := parseAddress(in)
		if err == nil {
			t.Errorf("%q was taken", in)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: said %q", in, err)
		}
	}
}

func TestSafe(t *testing.T) {
	a, err := parseAddress("rtsp://kim:p%40ss%2Fword@cam/x?key=abc%20def")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"kim is not known", "got p@ss/word", "at rtsp://kim:p%40ss%2Fword@cam/x", "key abc def", "key abc%20def", "key abc+def"} {
		if got := a.safe(text); !strings.HasPrefix(got, "(not shown") {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := a.safe("two\r\nlines\x00 \xff"); got != "two  lines  ?" {
		t.Errorf("became %q", got)
	}
	if got := a.safe(strings.Repeat("ä", 500)); len([]rune(got)) != 201 {
		t.Errorf("%d runes are left", len([]rune(got)))
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"rtsp://cam/", "rtsp://u:p@cam:554/x?y=1", "rtsp://u:hunter2%23@cam/user=hunter2", "rtsps://[::1]/", "rtsp://%zz:x@cam"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := parseAddress(s)
		if err != nil {
			if err.Error() == "" || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: said %q", s, err)
			}
			return
		}
		pass, _ := a.url.User.Password()
		if a.url.User == nil || len(pass) < 4 || strings.Contains(strings.Replace(s, a.url.User.String(), "", 1), pass) {
			return // no password, or it stands elsewhere in the address too
		}
		if strings.Contains(a.show, pass) || !strings.HasPrefix(a.safe("x "+pass+" y"), "(not shown") {
			t.Errorf("%q is shown as %q", s, a.show)
		}
	})
}
