package appliance

import (
	"strings"
	"testing"
)

// addresses are how they are configured and shown.
var addresses = []struct{ in, want string }{
	{"", ""},
	{"auto", "auto"},
	{"/dev/video0", "/dev/video0"},
	{"usb-0000:00:14.0-1", "usb-0000:00:14.0-1"},
	{"rtsp://h/p", "rtsp://h/p"},
	{"rtsp://h", "rtsp://h/"},
	{"rtsp://u:p@h:554/p?a=b", "rtsp://h:554/p?a=b"},
	{"rtsp://u@h", "rtsp://h/"},
	{"rtsp://u:a@b@h/p", "rtsp://h/p"},
	{"rtsp://u:a/b@h/p", "rtsp://h/p"},
	{"rtsp://u:1@2/b@h/p", "rtsp://h/p"},
	{"rtsp://h/p@x", "rtsp://h/p@x"},
	{"rtsp://h:554/p@x", "rtsp://…"},
	{"rtsp://u:12/34@h/p", "rtsp://…"},
	{"rtsp://u:a%40b@[2001:db8::1]:5/p", "rtsp://[2001:db8::1]:5/p"},
	{"rtsp://h/user=admin&password=s3cret&channel=1", "rtsp://h/user=***&password=***&channel=1"},
	{"rtsp://u:p@h/live?token=s3cret&subtype=1", "rtsp://h/live?token=***&subtype=1"},
	{"http://u:p@h/x?password=s3cret", "http://h/…"},
	{"http://h?key=s3cret", "http://h/…"},
	{"://", "://"},
}

func TestRedact(t *testing.T) {
	for _, c := range addresses {
		if got := redact(c.in); got != c.want {
			t.Errorf("redact(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

// FuzzRedact: whatever the password is made of, what is shown does not have it.
func FuzzRedact(f *testing.F) {
	for _, s := range []string{"p", "a@b", "a/b", "1@2/b", "12/34", "a:b", "%", "%zz", "#", "?x=", "[", "]", "://", " ", "é", ""} {
		f.Add("rtsp", "user", s, "h:554", "/live")
		f.Add("http", "user", s, "[::1]", "?a=b")
	}
	f.Fuzz(func(t *testing.T, scheme, user, password, host, path string) {
		const secret = "S3CRET"
		if strings.ContainsAny(scheme, ":/") || strings.Contains(user, "/") || !plainHost.MatchString(host) || strings.Contains(scheme+user+host+path, secret) {
			return
		}
		shown := redact(scheme + "://" + user + ":" + password + secret + "@" + host + path)
		if strings.Contains(shown, secret) {
			t.Errorf("%s://%s:%s%s@%s%s is shown as %s", scheme, user, password, secret, host, path, shown)
		}
	})
}
