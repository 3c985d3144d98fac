package camera

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// dies lets a camera give one frame and go.
func dies(f *fake) *fake {
	n := 0
	f.next = func() (frame, error) {
		if n++; n%2 == 1 {
			return frame{data: make([]byte, 16)}, nil
		}
		return frame{}, unix.ENODEV
	}
	return f
}

// TestFind plugs cameras in and out between two runs and looks which one the
// second run takes.
func TestFind(t *testing.T) {
	a := func(n int) *fake { return dies(webcamAt(n, "A", "usb-1")) }
	b := func(n int) *fake { return dies(webcamAt(n, "B", "usb-2")) }
	serial := func(f *fake, id string) *fake { f.id.byID = id; return f }
	for _, c := range []struct {
		name          string
		address       string
		first, second *fakes
		want          [2]string // "name path" taken, or a part of the error
	}{
		{"auto takes the first", "auto", plug(a(0), b(2)), plug(a(0), b(2)), [2]string{"A /dev/video0", "A /dev/video0"}},
		{"again under another number", "/dev/video0", plug(a(0)), plug(b(0), a(1)), [2]string{"A /dev/video0", "A /dev/video1"}},
		{"another under its number", "/dev/video0", plug(a(0)), plug(b(0)), [2]string{"A /dev/video0", "A (bus:usb-1) is not plugged in"}},
		{"auto, the same one first", "auto", plug(a(1)), plug(b(0), a(3)), [2]string{"A /dev/video1", "A /dev/video3"}},
		{"auto takes another in its place", "auto", plug(a(0)), plug(b(0)), [2]string{"A /dev/video0", "B /dev/video0"}},
		{"by bus", "bus:usb-2", plug(a(0), b(1)), plug(b(0), a(1)), [2]string{"B /dev/video1", "B /dev/video0"}},
		{"by bus, another camera in that place", "bus:usb-2", plug(b(0)), plug(dies(webcamAt(0, "C", "usb-2"))), [2]string{"B /dev/video0", "C /dev/video0"}},
		{"by serial number at another place", "auto", plug(serial(a(0), "/dev/v4l/by-id/A")),
			plug(b(0), serial(dies(webcamAt(1, "A", "usb-7")), "/dev/v4l/by-id/A")), [2]string{"A /dev/video0", "A /dev/video1"}},
		{"two of a kind with one serial number", "/dev/video1",
			plug(serial(a(0), "/dev/v4l/by-id/A"), serial(dies(webcamAt(1, "A", "usb-2")), "/dev/v4l/by-id/A")),
			plug(serial(dies(webcamAt(0, "A", "usb-2")), "/dev/v4l/by-id/A"), serial(a(1), "/dev/v4l/by-id/A")),
			[2]string{"A /dev/video1", "A /dev/video0"}},
		{"none", "auto", plug(), plug(), [2]string{"no camera that can be used is plugged in", "no camera that can be used is plugged in"}},
		{"no such bus", "bus:usb-9", plug(a(0)), plug(a(0)), [2]string{"no camera bus:usb-9 is plugged in", "no camera bus:usb-9 is plugged in"}},
		{"no such node", "/dev/video7", plug(a(0)), plug(a(0)), [2]string{"no such camera is plugged in", "no such camera is plugged in"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := New(Options{Address: c.address})
			for i, machine := range []*fakes{c.first, c.second} {
				src.system = machine
				lost := lostBy(t, src, &sink{})
				got := lost.Error()
				for _, f := range machine.nodes {
					if len(f.started) > 0 {
						got = fmt.Sprintf("%s %s", f.id.name, f.id.path)
						f.started = nil
					}
				}
				if !strings.Contains(got, c.want[i]) {
					t.Errorf("run %d took %q, want %q", i, got, c.want[i])
				}
				if n := machine.opened(); n != 0 {
					t.Errorf("run %d left %d handles open", i, n)
				}
			}
		})
	}
}

func TestFindPassesOverWhatCannotBeUsed(t *testing.T) {
	busy := webcamAt(0, "busy", "usb-1")
	busy.tryErr = fmt.Errorf("set: %w", unix.EBUSY)
	meta := webcamAt(1, "metadata", "usb-2")
	meta.openErr = fmt.Errorf("open: Not a video capture device")
	odd := webcamAt(2, "infrared", "usb-3")
	odd.modes = nil
	isp := webcamAt(3, "bcm2835-isp-capture0", "platform:isp")
	good := dies(webcamAt(4, "good", "usb-4"))
	src := New(Options{})
	src.system = plug(busy, meta, odd, isp, good)
	lostBy(t, src, &sink{})
	if len(good.started) != 1 {
		t.Error("auto did not take the one that can be used")
	}
	src = New(Options{})
	src.system = plug(busy, meta, odd, isp)
	if lost := lostBy(t, src, &sink{}); !strings.Contains(lost.Error(), "another program uses the camera") {
		t.Errorf("only a busy one is left: %v", lost)
	}
}
