package rpicam

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The test binary is also the stand-in: under the name rpicam-vid, in a folder
// that PATH names, it does what RPICAM_STANDIN says.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "rpicam-vid", "libcamera-vid", "sleeper":
		os.Exit(standIn(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// install puts the stand-in into PATH and returns a folder for its notes.
func install(t *testing.T, name, behaviour string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, n := range []string{name, "sleeper"} {
		if err := os.Symlink(self, filepath.Join(dir, n)); err != nil {
			t.Fatal(err)
		}
	}
	video, err := filepath.Abs("testdata/camera.h264")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	t.Setenv("RPICAM_STANDIN", behaviour)
	t.Setenv("RPICAM_VIDEO", video)
	t.Setenv("RPICAM_NOTES", dir)
	return dir
}

func note(name, text string) {
	path := filepath.Join(os.Getenv("RPICAM_NOTES"), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		panic(err)
	}
}

const listing = `Available cameras
-----------------
0 : imx708_wide [4608x2592 10-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx708@1a)
    Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]
                             2304x1296 [56.03 fps - (0, 0)/4608x2592 crop]
                             4608x2592 [14.35 fps - (0, 0)/4608x2592 crop]

1 : ov5647 [2592x1944 10-bit GBRG] (/base/soc/i2c0mux/i2c@0/ov5647@36)
    Modes: 'SGBRG10_CSI2P' : 640x480 [58.92 fps - (16, 0)/2560x1920 crop] 1296x972 [43.25 fps - (0, 0)/2592x1944 crop]
`

// standIn behaves like the Pi's program: it works, dies, hangs or has no camera.
func standIn(args []string) int {
	select {
	case <-time.After(10 * time.Minute): // whatever happens, it does not stay
		return 1
	case status := <-behave(args):
		return status
	}
}

func behave(args []string) <-chan int {
	status := make(chan int, 1)
	go func() {
		defer close(status)
		switch behaviour := os.Getenv("RPICAM_STANDIN"); {
		case filepath.Base(os.Args[0]) == "sleeper":
			<-make(chan int)
		case len(args) == 1 && args[0] == "--list-cameras":
			status <- list(behaviour)
		default:
			note("arguments", strings.Join(args, " "))
			status <- film(behaviour)
		}
	}()
	return status
}

func list(behaviour string) int {
	switch behaviour {
	case "no camera":
		fmt.Println("No cameras available!")
	case "hangs":
		<-make(chan int)
	default:
		fmt.Print(listing)
	}
	return 0
}

// film writes the committed video, 20 pictures, over and over.
func film(behaviour string) int {
	fmt.Fprintln(os.Stderr, "[0:00:01.5] INFO Camera camera_manager.cpp:297 libcamera v0.3")
	if behaviour == "no camera" {
		fmt.Fprintln(os.Stderr, "ERROR: *** no cameras available ***")
		return 255
	}
	video, err := os.ReadFile(os.Getenv("RPICAM_VIDEO"))
	if err != nil {
		panic(err)
	}
	for {
		if _, err := os.Stdout.Write(video); err != nil {
			return 1
		}
		switch behaviour {
		case "dies":
			fmt.Fprintln(os.Stderr, "ERROR: *** failed to start camera ***")
			return 255
		case "hangs":
			hang()
		case "garbage":
			for range 1 << 10 {
				if _, err := os.Stdout.Write(make([]byte, 1<<14)); err != nil {
					return 1
				}
			}
		}
	}
}

// hang starts a process of its own and waits for ever.
func hang() {
	sleeper := exec.Command(filepath.Join(os.Getenv("RPICAM_NOTES"), "sleeper"))
	if err := sleeper.Start(); err != nil {
		panic(err)
	}
	note("sleeper.pid", fmt.Sprint(sleeper.Process.Pid))
	<-make(chan int)
}
