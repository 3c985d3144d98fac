package media

import (
	"testing"
	"time"
)

func TestSystemClock(t *testing.T) {
	var c Clock = SystemClock{}
	last := c.Boot()
	if last <= 0 {
		t.Errorf("the machine started in %v", -last)
	}
	for range 1000 {
		now := c.Boot()
		if now < last {
			t.Fatalf("the clock went back from %v to %v", last, now)
		}
		last = now
	}
	before := time.Now()
	wall, _ := c.Wall()
	if after := time.Now(); wall.Before(before.Round(0)) || wall.After(after.Round(0)) || wall.Location() != time.UTC {
		t.Errorf("the wall clock says %v between %v and %v", wall, before, after)
	}
}
