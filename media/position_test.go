package media

import (
	"math"
	"strings"
	"testing"
	"time"
)

// positions are texts and what they mean; run 0: refused.
var positions = []struct {
	in   string
	run  Run
	time time.Duration
}{
	{"3.61250", 3, 61250 * time.Millisecond},
	{"1.0", 1, 0},
	{"4294967295.8796093022207", math.MaxUint32, 8796093022207 * time.Millisecond},
	{"0.5", 0, 0},
	{"4294967296.0", 0, 0},
	{"1.8796093022208", 0, 0}, // 2^43 ms, 278 years
	{"1", 0, 0},
	{"1.", 0, 0},
	{".5", 0, 0},
	{"", 0, 0},
	{".", 0, 0},
	{"1.5.6", 0, 0},
	{"-1.5", 0, 0},
	{"1.-5", 0, 0},
	{"+1.5", 0, 0},
	{"1.+5", 0, 0},
	{" 1.5", 0, 0},
	{"1.5 ", 0, 0},
	{"0x1.5", 0, 0},
	{"1.1e3", 0, 0},
	{"1_0.5", 0, 0},
	{"one.two", 0, 0},
}

func TestParsePosition(t *testing.T) {
	for _, c := range positions {
		p, err := ParsePosition(c.in)
		if c.run == 0 {
			if err == nil {
				t.Errorf("%q: %v, want an error", c.in, p)
			} else if !strings.Contains(err.Error(), "RUN.MILLISECONDS") {
				t.Errorf("%q: the error %q does not say what to write", c.in, err)
			}
			continue
		}
		if err != nil || p != (Position{c.run, c.time}) {
			t.Errorf("%q: %+v, %v; want run %d at %v", c.in, p, err, c.run, c.time)
		}
	}
}

func TestPositionString(t *testing.T) {
	for _, c := range []struct {
		p    Position
		want string
	}{
		{Position{3, 61250 * time.Millisecond}, "3.61250"},
		{Position{3, 61250*time.Millisecond + 999_999}, "3.61250"}, // rounded down
		{Position{1, 0}, "1.0"},
	} {
		if got := c.p.String(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.p, got, c.want)
		}
	}
}

func TestPositionBefore(t *testing.T) {
	for _, c := range []struct {
		a, b Position
		want bool
	}{
		{Position{1, 5}, Position{1, 6}, true},
		{Position{1, 6}, Position{1, 6}, false},
		{Position{1, 7}, Position{1, 6}, false},
		{Position{1, 7}, Position{2, 6}, true},
		{Position{2, 6}, Position{1, 7}, false},
	} {
		if got := c.a.Before(c.b); got != c.want {
			t.Errorf("%v before %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func FuzzParsePosition(f *testing.F) {
	for _, c := range positions {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePosition(s)
		if err != nil {
			if p != (Position{}) {
				t.Errorf("%q: an error and %v", s, p)
			}
			return
		}
		if p.Run == 0 || p.Time < 0 {
			t.Errorf("%q: %+v", s, p)
		}
		if again, err := ParsePosition(p.String()); err != nil || again != p {
			t.Errorf("%q is %v, which reads as %v, %v", s, p, again, err)
		}
	})
}
