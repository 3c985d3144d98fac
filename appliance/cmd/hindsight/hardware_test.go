//go:build hardware

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The whole program in a guest with a virtual camera (vivid), a sound card
// (snd-aloop) and a camera that gives MJPEG (v4l2loopback): both are recorded
// together, pulled and plugged in again.
//
// On the host the test puts itself and the program into the guest; in the guest
// it is run again and does what the name says.
func TestHardware(t *testing.T) {
	if os.Getenv("IN_GUEST") != "" {
		t.Run("camera and microphone", guestCameraAndMicrophone)
		t.Run("mjpeg camera", guestMJPEG)
		return
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	command := func(name string, args ...string) {
		t.Helper()
		cmd := exec.Command(name, args...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	command("go", "build", "-o", filepath.Join(dir, "hindsight"), ".")
	command("go", "test", "-c", "-tags", "hardware", "-o", filepath.Join(dir, "hindsight.test"), ".")
	command(tool(t, "ffmpeg", "ffmpeg"), "-v", "error", "-f", "lavfi", "-i", "testsrc=size=640x360:rate=15", "-t", "10",
		"-c:v", "mjpeg", "-q:v", "5", "-pix_fmt", "yuvj420p", filepath.Join(dir, "camera.avi"))
	command(tool(t, "sox", "sox"), "-n", "-r", "48000", "-c", "2", "-b", "16", filepath.Join(dir, "tone.wav"),
		"synth", "60", "sine", "440", "sine", "880", "gain", "-6")
	loopback, err := exec.Command(filepath.Join(root, "build/guest/loopback.sh")).Output()
	if err != nil {
		t.Fatalf("build/guest/loopback.sh: %v", err)
	}
	guest := exec.Command(filepath.Join(root, "build/guest/run.sh"),
		"-m", "vivid n_devs=1", "-m", "snd-aloop index=0 id=Loopback pcm_substreams=1",
		"-k", strings.TrimSpace(string(loopback))+" video_nr=10", "-t", "900",
		dir, "IN_GUEST=1 GUEST_PROGRAM=$PWD/hindsight ./hindsight.test -test.v -test.run '^TestHardware$'")
	out, err := guest.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestHardware/mjpeg_camera")) {
		t.Fatalf("in the guest: %v\n%s", err, out)
	}
}

// driver writes a device's name to bind or unbind of its driver.
func driver(t *testing.T, path, device string) {
	t.Helper()
	if err := os.WriteFile("/sys/bus/platform/drivers/"+path, []byte(device), 0); err != nil {
		t.Fatal(err)
	}
}

// background starts a program that ends with the test.
func background(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(name, args...)
	var log syncBuffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() //nolint:errcheck // it may have ended
		cmd.Wait()         //nolint:errcheck // killed
		if t.Failed() {
			t.Logf("%s: %s", name, log.String())
		}
	})
	return cmd
}

func guestCameraAndMicrophone(t *testing.T) {
	r := runProgram(t, "devices")
	t.Logf("devices:\n%s%s", r.out, r.err)
	if r.code != 0 || !strings.Contains(r.out, "vivid") || !strings.Contains(r.out, "Loopback") {
		t.Fatal("devices does not list the camera and the sound card")
	}
	play := func() *exec.Cmd {
		return background(t, "sh", "-c", "while aplay -q -D hw:Loopback,1,0 tone.wav; do :; done")
	}
	sound := play()
	data := filepath.Join(t.TempDir(), "data")
	s := serveIn(t, data, "--video", "auto", "--audio", "Loopback", "--size", "640x360", "--rate", "15")
	defer func() {
		if t.Failed() {
			t.Logf("serve:\n%s", s.log)
		}
	}()
	s.more("video", 60)
	s.more("audio", 200)

	driver(t, "vivid/unbind", "vivid.0")
	until(t, "the gap of the camera", func() bool { return s.gap("video", "camera lost", true) })
	s.more("audio", 50) // it goes on without the picture
	driver(t, "vivid/bind", "vivid.0")
	until(t, "the end of the camera's gap", func() bool { return s.gap("video", "camera lost", false) })
	s.more("video", 45)

	sound.Process.Kill() //nolint:errcheck // the loop; aplay ends with the card
	exec.Command("killall", "aplay").Run()
	unbound := make(chan error, 1)
	go func() { // it waits until the recorder lets go of the card
		unbound <- os.WriteFile("/sys/bus/platform/drivers/snd_aloop/unbind", []byte("snd_aloop.0"), 0)
	}()
	until(t, "the gap of the microphone", func() bool { return s.gap("audio", "microphone lost", true) })
	if err := <-unbound; err != nil {
		t.Fatal(err)
	}
	s.more("video", 45)
	driver(t, "snd_aloop/bind", "snd_aloop.0")
	play()
	until(t, "the end of the microphone's gap", func() bool { return s.gap("audio", "microphone lost", false) })
	s.more("audio", 100)
	s.stop()
	checkClean(t, data)
}

func guestMJPEG(t *testing.T) {
	feed := background(t, "ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", "camera.avi", "-c", "copy", "-f", "v4l2", "/dev/video10")
	data := filepath.Join(t.TempDir(), "data")
	s := serveIn(t, data, "--video", "/dev/video10", "--audio", "none", "--size", "640x360", "--rate", "15")
	defer func() {
		if t.Failed() {
			t.Logf("serve:\n%s", s.log)
		}
	}()
	s.more("video", 60)
	feed.Process.Signal(syscall.SIGSTOP) //nolint:errcheck // what follows shows it
	until(t, "the camera to be found frozen", func() bool { return s.gap("video", "frozen", true) || s.gap("video", "camera lost", true) })
	feed.Process.Signal(syscall.SIGCONT) //nolint:errcheck // what follows shows it
	s.more("video", 60)
	s.stop()
	checkClean(t, data)
	var frozen bool
	for _, g := range readTimeline(t, data).Gaps {
		frozen = frozen || g.Reason == "frozen" && g.Until != nil
	}
	if !frozen {
		t.Error("the frozen camera left no gap that says so")
	}
}
