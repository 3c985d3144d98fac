//go:build long

package main

import (
	"testing"
	"time"
)

// TestLongCaptions: an hour (or LONG) of the demo source, the recogniser killed every five minutes.
func TestLongCaptions(t *testing.T) {
	long := longFor(t)
	if long == longDefault {
		long = time.Hour
	}
	captionsOfDemo(t, long, min(5*time.Minute, long/4))
}
