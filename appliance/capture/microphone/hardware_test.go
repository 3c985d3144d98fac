//go:build hardware

package microphone

import (
	"testing"
	"time"

	"hindsight/build/guest"
)

// TestHardware runs the tests of guest_test.go in a guest with a sound card
// whose other end programs play into (snd-aloop).
func TestHardware(t *testing.T) {
	folder := t.TempDir()
	binary := guest.Binary(t, folder, "microphone.test")
	guest.Run(t, guest.Options{
		Modules: []string{"snd-aloop index=0 id=Loopback pcm_substreams=1"},
		Folder:  folder,
		Command: "./" + binary + " -test.v -test.run ^TestGuest -test.timeout 4m",
		Limit:   5 * time.Minute,
	})
}
