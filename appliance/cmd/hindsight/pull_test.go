package main

import (
	"bufio"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// gstreamerCamera is an IP camera by GStreamer's RTSP server, which we did not
// write, with digest authentication. Port 0 takes a free one.
func gstreamerCamera(t *testing.T, port, user, password string) (string, *exec.Cmd) {
	t.Helper()
	cmd := exec.Command("/usr/bin/python3", "../../capture/pull/testdata/gst-camera.py", port, "h264", "opus", user, password)
	in, err := cmd.StdinPipe() // it serves until this closes
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log syncBuffer
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatalf("needs Debian's package python3: %v", err)
	}
	t.Cleanup(func() {
		in.Close()         //nolint:errcheck // it may have ended
		cmd.Process.Kill() //nolint:errcheck // likewise
	})
	line, _ := bufio.NewReader(out).ReadString('\n')
	if _, err := fmt.Sscanf(line, "ready %s", &port); err != nil {
		t.Fatalf("needs Debian's packages python3-gi and gir1.2-gst-rtsp-server-1.0: %s", log.String())
	}
	return port, cmd
}

// An IP camera is pulled, stopped and restarted: a gap with its reason, the
// recording goes on by itself, and the password shows nowhere.
func TestPullStoppedAndRestarted(t *testing.T) {
	const user, password = "viewer", "s3cret-w0rd"
	port, camera := gstreamerCamera(t, "0", user, password)
	data := filepath.Join(t.TempDir(), "data")
	s := serveIn(t, data, "--video", "rtsp://"+user+":"+password+"@127.0.0.1:"+port+"/cam")
	s.more("video", 45)
	s.more("audio", 150)
	camera.Process.Kill() //nolint:errcheck // it runs
	camera.Wait()         //nolint:errcheck // killed
	until(t, "the gap", func() bool { return s.gap("all", "camera lost", true) })
	if code := s.get("/healthz", nil); code != 503 {
		t.Errorf("healthz is %d without the camera, want 503", code)
	}
	gstreamerCamera(t, port, user, password)
	until(t, "the end of the gap", func() bool { return s.gap("all", "camera lost", false) })
	s.more("video", 45)
	s.more("audio", 150)
	if code := s.get("/healthz", nil); code != 200 {
		t.Errorf("healthz is %d with the camera back, want 200", code)
	}
	var said strings.Builder
	for _, path := range []string{"/api/v1/status", "/api/v1/timeline", "/metrics", "/healthz"} {
		said.WriteString(s.text(path))
	}
	s.stop()
	said.WriteString(s.log.String())
	if strings.Contains(said.String(), password) || strings.Contains(said.String(), user+":") {
		t.Error("the camera's password shows in the API, the metrics or the log")
	}
	checkClean(t, data)
	tl := readTimeline(t, data)
	if len(tl.Tracks) != 2 {
		t.Errorf("%d tracks, want 2: the camera's return makes no new ones", len(tl.Tracks))
	}
	var lost int
	for _, g := range tl.Gaps {
		if g.Reason == "camera lost" {
			lost++
		}
	}
	if lost != 1 {
		t.Errorf("%d gaps of a lost camera, want 1: %+v", lost, tl.Gaps)
	}
}
