//go:build hardware

package camera

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"hindsight/build/guest"
)

// TestHardware runs the tests of guest_test.go in a guest with two vivid
// cameras (raw pictures) and one that ffmpeg feeds (MJPEG, H.264).
func TestHardware(t *testing.T) {
	folder := t.TempDir()
	binary := guest.Binary(t, folder, "camera.test")
	clip(t, folder, "clip.avi", "-c:v", "mjpeg", "-q:v", "5", "-pix_fmt", "yuvj420p")
	clip(t, folder, "clip.h264", "-c:v", "libx264", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-g", "15")
	guest.Run(t, guest.Options{
		Modules: []string{"vivid n_devs=2", "videodev"},
		Files:   []string{guest.Loopback(t) + " video_nr=20,21 card_label=fed,fed-too"},
		Folder:  folder,
		Command: "./" + binary + " -test.v -test.run ^TestGuest -test.timeout 5m",
		Limit:   6 * time.Minute,
	})
}

// clip makes ten seconds of test picture, 640x360 at 15 frames a second.
func clip(t *testing.T, folder, name string, codec ...string) {
	t.Helper()
	args := append([]string{"-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=640x360:rate=15", "-t", "10"}, codec...)
	cmd := exec.CommandContext(t.Context(), "ffmpeg", append(args, filepath.Join(folder, name))...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg (Debian package ffmpeg): %v: %s", err, out)
	}
}
