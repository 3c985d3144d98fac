package pull

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"hindsight/appliance/capture"
	"hindsight/media"
)

// gstCamera is a camera by GStreamer's RTSP server, which we did not write.
type gstCamera struct {
	cmd   *exec.Cmd
	stdin io.Closer
	port  string
}

// startGst runs testdata/gst-camera.py; port 0 takes a free one.
func startGst(t *testing.T, port, video, audio string, creds ...string) *gstCamera {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", append([]string{"testdata/gst-camera.py", port, video, audio}, creds...)...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("needs the package python3: %v", err)
	}
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	c := &gstCamera{cmd, stdin, ""}
	if _, err := fmt.Sscanf(line, "ready %s", &c.port); err != nil {
		cmd.Wait() //nolint:errcheck // its words say why
		t.Fatalf("needs the packages python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good "+
			"gstreamer1.0-plugins-bad gstreamer1.0-libav: %s", stderr.String())
	}
	t.Cleanup(c.stop)
	return c
}

func (c *gstCamera) stop() {
	c.cmd.Process.Kill() //nolint:errcheck // it may be gone
	c.cmd.Wait()         //nolint:errcheck // it was killed
	c.stdin.Close()
}

func (c *gstCamera) address(creds string) string {
	return "rtsp://" + creds + "127.0.0.1:" + c.port + "/cam"
}

// checkTrack tells of a track whose decoding times do not rise or whose pace is not that of period.
func checkTrack(t *testing.T, units []unit, codec media.Codec, period time.Duration) {
	t.Helper()
	for i, u := range units {
		if u.Codec != codec || u.Offset != 0 || len(u.Payload) == 0 || u.Flags&media.Lost != 0 {
			t.Fatalf("unit %d: %v, offset %v, %d bytes, flags %d", i, u.Codec, u.Offset, len(u.Payload), u.Flags)
		}
		if i > 0 && u.DTS <= units[i-1].DTS {
			t.Fatalf("%v unit %d: from %v to %v", codec, i, units[i-1].DTS, u.DTS)
		}
	}
	span := units[len(units)-1].DTS - units[0].DTS
	want := time.Duration(len(units)-1) * period
	if off := span - want; off.Abs() > want/15 { // it may be making up for sender reports
		t.Errorf("%d units of %v span %v, want %v", len(units), codec, span, want)
	}
}

func TestGStreamerCodecs(t *testing.T) {
	tests := []struct {
		video, audio string
		v, a         media.Codec
		over         Transport
		period       time.Duration // of sound
	}{
		{"h264", "opus", media.H264, media.Opus, TCP, 20 * time.Millisecond},
		{"mjpeg", "aac", media.MJPEG, media.AAC, UDP, time.Second * 1024 / 48000},
		{"h264", "pcma", media.H264, media.PCMA, UDP, 0},
		{"h264", "pcmu", media.H264, media.PCMU, TCP, 0},
	}
	for _, tt := range tests {
		t.Run(tt.video+" "+tt.audio+" "+string(tt.over), func(t *testing.T) {
			cam := startGst(t, "0", tt.video, tt.audio)
			p := startPull(t, Options{Address: cam.address(""), Transport: tt.over})
			p.wait("three seconds", func() bool {
				return len(p.basket.of(media.Video)) >= 45 && len(p.basket.of(media.Audio)) >= 15
			})
			p.cancel()
			if err := p.end(); err != nil {
				t.Fatal(err)
			}
			v, a := p.basket.of(media.Video), p.basket.of(media.Audio)
			if tt.period == 0 {
				tt.period = a[0].Duration(a[0].Payload)
			}
			checkTrack(t, v, tt.v, time.Second/15)
			checkTrack(t, a, tt.a, tt.period)
			if v[0].Width != 320 || v[0].Height != 240 || !v[0].IsKey() {
				t.Errorf("the first picture is %+v", v[0].Track)
			}
			if tt.v == media.MJPEG {
				if _, err := jpeg.Decode(bytes.NewReader(v[10].Payload)); err != nil {
					t.Error(err)
				}
			}
			if len(p.basket.dropped) != 0 {
				t.Errorf("dropped %q", p.basket.dropped)
			}
		})
	}
}

func TestGStreamerStoppedAndStartedAgain(t *testing.T) {
	cam := startGst(t, "0", "h264", "opus")
	var before time.Duration
	for round := range 2 {
		p := startPull(t, Options{Address: cam.address("")})
		p.wait("pictures", func() bool { return len(p.basket.of(media.Video)) >= 20 })
		if v := p.basket.of(media.Video); v[0].DTS <= before || !v[0].IsKey() {
			t.Errorf("round %d begins at %v, the one before ended at %v; key frame: %v", round, v[0].DTS, before, v[0].IsKey())
		}
		cam.stop()
		var lost *capture.Lost
		if err := p.end(); !errors.As(err, &lost) || lost.Reason != media.CameraLost {
			t.Fatalf("ended with %v", err)
		}
		v := p.basket.of(media.Video)
		before = v[len(v)-1].DTS
		gone := startPull(t, Options{Address: cam.address("")})
		if err := gone.end(); err == nil || !strings.Contains(err.Error(), "refuses connections") {
			t.Fatalf("while it is stopped: %v", err)
		}
		if round == 0 {
			cam = startGst(t, cam.port, "h264", "opus")
		}
	}
}

func TestGStreamerDigest(t *testing.T) {
	cam := startGst(t, "0", "h264", "none", "kim", "p@ss w0rd")
	p := startPull(t, Options{Address: cam.address("kim:p%40ss%20w0rd@")})
	p.wait("pictures", func() bool { return len(p.basket.of(media.Video)) >= 5 })
	checkLost(t, withCredentials("127.0.0.1:"+cam.port), TCP, "refuses the user name or password in the address")
}
