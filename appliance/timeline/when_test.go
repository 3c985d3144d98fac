package timeline

import (
	"strings"
	"testing"
	"time"
)

var seoul = time.FixedZone("KST", 9*3600)

// whenNow is 19:15:30.5 on 24 November 2026 in Seoul.
var whenNow = time.Date(2026, 11, 24, 19, 15, 30, 500_000_000, seoul)

// whens are texts and the UTC they mean; empty: refused.
var whens = []struct{ in, want string }{
	{"2026-11-24T10:15:00Z", "2026-11-24T10:15:00Z"},
	{"2026-11-24T10:15:00.25Z", "2026-11-24T10:15:00.25Z"},
	{"2026-11-24T10:15:00.123456789+02:00", "2026-11-24T08:15:00.123456789Z"},
	{"2026-02-29T10:15:00Z", ""},
	{"2026-11-24 10:15:00", ""},
	{"2026-11-24", ""},
	{"10:15", "2026-11-24T01:15:00Z"},
	{"10:15:59", "2026-11-24T01:15:59Z"},
	{"00:00", "2026-11-23T15:00:00Z"},
	{"23:59:59", "2026-11-24T14:59:59Z"}, // later today
	{"24:00", ""},
	{"10:60", ""},
	{"9:15", ""},
	{"10:15:5", ""},
	{"10:15:59.5", ""},
	{"-90s", "2026-11-24T10:14:00.5Z"},
	{"-2h", "2026-11-24T08:15:30.5Z"},
	{"-1h30m", "2026-11-24T08:45:30.5Z"},
	{"-1.5h", "2026-11-24T08:45:30.5Z"},
	{"-0s", "2026-11-24T10:15:30.5Z"},
	{"-2", ""},
	{"-2d", ""},
	{"--2h", ""},
	{"-", ""},
	{"90s", ""},
	{"+90s", ""},
	{"", ""},
	{"now", ""},
	{" 10:15", ""},
}

func TestParseTime(t *testing.T) {
	for _, c := range whens {
		got, err := ParseTime(c.in, whenNow)
		if c.want == "" {
			if err == nil {
				t.Errorf("%q: %v, want an error", c.in, got)
			} else if !strings.Contains(err.Error(), "-90s") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%q: the error %q does not say what to write", c.in, err)
			}
			continue
		}
		if err != nil || got.Format(time.RFC3339Nano) != c.want {
			t.Errorf("%q: %v, %v; want %v", c.in, got.Format(time.RFC3339Nano), err, c.want)
		}
	}
}

func FuzzParseTime(f *testing.F) {
	for _, c := range whens {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseTime(s, whenNow)
		if err != nil {
			return
		}
		if got.Location() != time.UTC {
			t.Errorf("%q: %v is not UTC", s, got)
		}
		if strings.HasPrefix(s, "-") && got.After(whenNow) {
			t.Errorf("%q back from now is %v, later than now", s, got)
		}
		if y := got.Year(); y < 0 || y > 9999 {
			return // RFC 3339 has no such year
		}
		if again, err := ParseTime(got.Format(time.RFC3339Nano), whenNow); err != nil || !again.Equal(got) {
			t.Errorf("%q is %v, which reads as %v, %v", s, got, again, err)
		}
	})
}
