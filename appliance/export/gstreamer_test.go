package export

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestGStreamer: its demuxer honours edit lists in a way of its own.
func TestGStreamer(t *testing.T) {
	f := &fake{}
	f.put(1, base, 0, time.Hour, h264Clip(t, "13"), opusClip(t, "13"))
	f.span(1, base, base+13*time.Second, "")
	_, file := save(t, f, at(1, base+1500*time.Millisecond), at(1, base+11500*time.Millisecond), Options{})
	dir := t.TempDir()
	video, audio := filepath.Join(dir, "video"), filepath.Join(dir, "audio")
	tool(t, "gstreamer1.0-tools gstreamer1.0-plugins-good gstreamer1.0-libav", "gst-launch-1.0", "-q",
		"filesrc", "location="+file, "!", "qtdemux", "name=d",
		"d.video_0", "!", "queue", "!", "avdec_h264", "!", "videoconvert", "!", "video/x-raw,format=GRAY8", "!", "filesink", "location="+video,
		"d.audio_0", "!", "queue", "!", "opusdec", "!", "audioconvert", "!", "audioresample", "!", "audio/x-raw,format=S16LE,rate=48000,channels=1", "!", "filesink", "location="+audio)
	pictures, err := os.ReadFile(video)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := painted(string(pictures)), sequence(45, 300); !slices.Equal(got, want) {
		t.Errorf("frames %v", got)
	}
	samples, err := os.ReadFile(audio)
	if err != nil {
		t.Fatal(err)
	}
	every(t, loud(string(samples)), 0.5, 10)
}
