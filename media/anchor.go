package media

import (
	"slices"
	"time"
)

// Anchor ties a media time of a run to a wall time.
type Anchor struct {
	Media   time.Duration
	Wall    time.Time // UTC
	Trusted bool      // the kernel said that the clock is synchronised, or an operator did
}

// Anchors are the anchors of one run in rising media time. The zero value maps nothing.
//
// If any anchor is trusted, only trusted ones count: the first one dates
// everything before it, each later one what follows it until the next. If none
// is, the untrusted ones count in the same way, with the difference that only
// the first is used for what lies before it and the last step does not move
// what came before.
type Anchors []Anchor

// Trusted reports whether the run's wall times can be relied upon.
func (a Anchors) Trusted() bool {
	for _, x := range a {
		if x.Trusted {
			return true
		}
	}
	return false
}

// counting returns the anchors that count.
func (a Anchors) counting() Anchors {
	if !a.Trusted() || !slices.ContainsFunc(a, func(x Anchor) bool { return !x.Trusted }) {
		return a
	}
	var t Anchors
	for _, x := range a {
		if x.Trusted {
			t = append(t, x)
		}
	}
	return t
}

// Wall is the wall time (UTC) of media time m; the zero time without anchors.
func (a Anchors) Wall(m time.Duration) time.Time {
	c := a.counting()
	if len(c) == 0 {
		return time.Time{}
	}
	use := c[0]
	for _, x := range c[1:] {
		if x.Media > m {
			break
		}
		use = x
	}
	return use.Wall.Add(m - use.Media)
}

// Media is the media time of wall time w. Where the wall clock was stepped
// back within the run and w exists twice, the later media time is meant; where
// it was stepped forward and w does not exist, the first media time after it.
func (a Anchors) Media(w time.Time) time.Duration {
	c := a.counting()
	if len(c) == 0 {
		return 0
	}
	for i := len(c) - 1; i > 0; i-- {
		if m := c[i].Media + w.Sub(c[i].Wall); m >= c[i].Media && (i == len(c)-1 || m < c[i+1].Media) {
			return m
		}
	}
	m := c[0].Media + w.Sub(c[0].Wall)
	if len(c) > 1 && m >= c[1].Media {
		return c[1].Media
	}
	return m
}
