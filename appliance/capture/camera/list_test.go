package camera

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hindsight/media"
)

func TestListOffersWhatCanCapture(t *testing.T) {
	busy := webcamAt(0, "busy", "usb-1")
	busy.tryErr = fmt.Errorf("set: %w", unix.EBUSY)
	meta := webcamAt(1, "metadata", "usb-2")
	meta.openErr = fmt.Errorf("open: Not a video capture device")
	other := webcamAt(2, "vbi", "usb-2")
	other.tryErr = unix.EINVAL
	gone := webcamAt(3, "gone", "usb-5")
	gone.openErr = fmt.Errorf("open: %w", unix.ENODEV)
	good := webcamAt(10, "good", "usb-4")
	good.id.byID = "/dev/v4l/by-id/usb-good"
	good.modes = []mode{
		{format: formatYUYV, width: 640, height: 480, rates: []span{{5, 30}}},
		{format: formatMJPG, width: 1280, height: 720, rates: []span{{30, 30}, {15, 15}, {29.97002997, 29.97002997}}},
		{format: formatMJPG, width: 640, height: 480},
	}
	machine := plug(busy, meta, other, gone, good)
	got := list(machine, time.Minute)
	if len(got) != 2 {
		t.Fatalf("%d devices, want 2: %+v", len(got), got)
	}
	if got[0].Address != "/dev/video0" || !strings.Contains(got[0].Problem, "another program") || got[0].Default {
		t.Errorf("the busy one: %+v", got[0])
	}
	g := got[1]
	if g.Kind != media.Video || g.Name != "good" || g.Address != "/dev/video10" || g.Stable != "/dev/v4l/by-id/usb-good" ||
		g.Driver != "v4l2" || !g.Default || g.Problem != "" {
		t.Errorf("the good one: %+v", g)
	}
	want := "[{MJPG 640 480 [] 0} {MJPG 1280 720 [30 29.97 15] 0} {YUYV 640 480 [30 5] 0}]"
	if s := fmt.Sprint(g.Modes); s != want {
		t.Errorf("modes %s, want %s", s, want)
	}
	if machine.opened() != 0 {
		t.Error("List left a node open")
	}
}

func TestListDoesNotWaitForADriverThatHangs(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	got := list(&hanging{plug(webcamAt(0, "A", "usb-1"), webcamAt(1, "B", "usb-2")), release}, 50*time.Millisecond)
	if len(got) != 2 || !strings.Contains(got[0].Problem, "does not answer") || got[1].Name != "B" || !got[1].Default {
		t.Errorf("got %+v", got)
	}
}

// hanging never opens /dev/video0.
type hanging struct {
	*fakes
	release chan struct{}
}

func (h *hanging) Open(path string) (device, error) {
	if path == "/dev/video0" {
		<-h.release
	}
	return h.fakes.Open(path)
}
