//go:build guest

package camera

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"hindsight/appliance/capture"
	"hindsight/media"
)

// These run as root in the guest of hardware_test.go and nowhere else.

const (
	first, second = "bus:platform:vivid-000", "bus:platform:vivid-001"
	fed, fedToo   = "/dev/video20", "/dev/video21"
	patience      = time.Minute
)

// recording is a Run that goes on beside the test.
type recording struct {
	t    *testing.T
	got  *sink
	done chan error
	stop context.CancelFunc
}

// record starts a source and waits for n pictures, unless it is lost before.
func record(t *testing.T, src *Source, n int) *recording {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	came := make(chan struct{})
	r := &recording{t, &sink{}, make(chan error, 1), cancel}
	r.got.then = func(have int) {
		if have == n {
			close(came)
		}
	}
	go func() { r.done <- src.Run(ctx, r.got) }()
	select {
	case <-came:
	case err := <-r.done:
		t.Fatalf("the source ended: %v", err)
	case <-time.After(patience):
		t.Fatalf("only %d of %d pictures came", r.got.have(), n)
	}
	return r
}

func (s *sink) have() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pictures)
}

// pictures ends the recording and returns what came.
func (r *recording) pictures() []media.Picture {
	r.t.Helper()
	r.stop()
	select {
	case err := <-r.done:
		if err != nil {
			r.t.Fatalf("the source ended: %v", err)
		}
	case <-time.After(patience):
		r.t.Fatal("the source does not end")
	}
	return r.got.pictures
}

// lost waits until the source is lost.
func (r *recording) lost() *capture.Lost {
	r.t.Helper()
	select {
	case err := <-r.done:
		var lost *capture.Lost
		if !errors.As(err, &lost) {
			r.t.Fatalf("the source ended: %v", err)
		}
		last := r.got.pictures[len(r.got.pictures)-1].At
		if lost.Since < last || lost.Since > last+2*time.Second {
			r.t.Errorf("lost since %v, the last picture is of %v", lost.Since, last)
		}
		return lost
	case <-time.After(patience):
		r.t.Fatal("the source is not lost")
		return nil
	}
}

// back runs a source again and again, as its supervisor does, until it records.
func back(t *testing.T, src *Source) []media.Picture {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		ctx, cancel := context.WithCancel(t.Context())
		got := &sink{then: func(n int) {
			if n == 10 {
				cancel()
			}
		}}
		err := src.Run(ctx, got)
		cancel()
		if err == nil {
			return got.pictures
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("it does not record again")
	return nil
}

func control(t *testing.T, node, set string) {
	t.Helper()
	if out, err := exec.Command("v4l2-ctl", "-d", node, "-c", set).CombinedOutput(); err != nil {
		t.Fatalf("v4l2-ctl -c %s: %v: %s", set, err, out)
	}
}

// driver takes both cameras of vivid away (unbind) and brings them back (bind).
func driver(t *testing.T, action string) {
	t.Helper()
	if err := os.WriteFile("/sys/bus/platform/drivers/vivid/"+action, []byte("vivid.0"), 0o200); err != nil {
		t.Fatal(err)
	}
}

// node is where a camera is now.
func node(t *testing.T, stable string) string {
	t.Helper()
	for _, d := range List() {
		if d.Stable == stable {
			return d.Address
		}
	}
	t.Fatalf("no camera %s", stable)
	return ""
}

func raw(address string) *Source {
	return New(Options{Address: address, Width: 640, Height: 360, Rate: 25})
}

func TestGuestListsWhatCanCapture(t *testing.T) {
	var stable []string
	for _, d := range List() {
		stable = append(stable, d.Stable)
		if d.Name != "vivid" || d.Problem != "" || d.Default != (len(stable) == 1) {
			t.Errorf("%+v", d)
		}
		if !slices.ContainsFunc(d.Modes, func(m capture.Mode) bool {
			return m.Format == "YUYV" && m.Width == 640 && m.Height == 360 && slices.Contains(m.Rates, 25)
		}) {
			t.Errorf("%s: modes %v, want YUYV 640x360 at 25 among them", d.Stable, d.Modes)
		}
	}
	// vivid makes eight nodes, of which two capture pictures; nobody feeds the others.
	if !slices.Equal(stable, []string{first, second}) {
		t.Errorf("cameras %v", stable)
	}
}

func TestGuestRecordsRawPictures(t *testing.T) {
	r := record(t, raw("auto"), 60)
	pictures := r.pictures()
	now := media.SystemClock{}.Boot()
	for i, p := range pictures {
		if p.Format != media.FormatYUYV || p.Width != 640 || p.Height != 360 || len(p.Data) != 640*360*2 {
			t.Fatalf("picture %d: %v %dx%d of %d bytes", i, p.Format, p.Width, p.Height, len(p.Data))
		}
		if p.At > now || p.At < now-patience || i > 0 && p.At <= pictures[i-1].At {
			t.Errorf("picture %d of %v, after one of %v, now is %v", i, p.At, pictures[max(0, i-1)].At, now)
		}
	}
	// vivid on a slow machine leaves frames out, and its number counts them.
	n := len(pictures) - 1 + len(r.got.dropped)
	if per := (pictures[len(pictures)-1].At - pictures[0].At) / time.Duration(n); per < 30*time.Millisecond || per > 50*time.Millisecond {
		t.Errorf("%v for each of %d frames, want 40 ms", per, n)
	}
}

// TestGuestDriverTellsTimeAndNumber: what is asked from the driver beside
// webcam is what it says of this very frame.
func TestGuestDriverTellsTimeAndNumber(t *testing.T) {
	d, err := v4l2{}.Open(node(t, first))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.Start(mode{format: formatYUYV, width: 640, height: 360, rate: 25}); err != nil {
		t.Fatal(err)
	}
	var begin, last frame
	for i := range 30 {
		f, err := d.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !f.known || f.broken || (f.arrived-f.stamp).Abs() > time.Second || i > 0 && (f.stamp <= last.stamp || f.sequence <= last.sequence) {
			t.Errorf("frame %d: known %t, broken %t, number %d of %v, arrived %v; before it number %d of %v",
				i, f.known, f.broken, f.sequence, f.stamp, f.arrived, last.sequence, last.stamp)
		}
		if i == 5 {
			begin = f
		}
		last = f
	}
	// As much time has gone by as frames were counted.
	if per := (last.stamp - begin.stamp) / time.Duration(last.sequence-begin.sequence); per < 30*time.Millisecond || per > 50*time.Millisecond {
		t.Errorf("%v for each frame counted, want 40 ms", per)
	}
	if p, why := (&layout{format: formatYUYV, width: 640, height: 360, stride: 1280}).picture(last); why != "" || len(p.Data) != 640*360*2 {
		t.Errorf("picture of %d bytes, %s", len(p.Data), why)
	}
}

func TestGuestSizeIsTheDrivers(t *testing.T) {
	for _, c := range []struct{ w, h, gotW, gotH int }{{320, 240, 320, 180}, {641, 361, 640, 360}} {
		src := New(Options{Address: first, Width: c.w, Height: c.h, Rate: 25})
		for _, p := range record(t, src, 3).pictures() {
			if p.Width != c.gotW || p.Height != c.gotH || len(p.Data) != 2*c.gotW*c.gotH {
				t.Errorf("asked for %dx%d: %dx%d of %d bytes, want %dx%d", c.w, c.h, p.Width, p.Height, len(p.Data), c.gotW, c.gotH)
			}
		}
	}
}

func TestGuestPlanarPictures(t *testing.T) {
	d, err := v4l2{}.Open(node(t, first))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	l, err := d.Start(mode{format: formatYU12, width: 640, height: 360, rate: 25})
	if err != nil {
		t.Fatal(err)
	}
	f, err := d.Next()
	if err != nil {
		t.Fatal(err)
	}
	p, why := l.picture(f)
	if why != "" || p.Format != media.FormatI420 || len(p.Data) != 640*360*3/2 {
		t.Errorf("%v of %d bytes, %s", p.Format, len(p.Data), why)
	}
}

func TestGuestDriverThatGivesAnotherFormat(t *testing.T) {
	d, err := v4l2{}.Open(node(t, first))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Try(mode{format: formatMJPG, width: 640, height: 360}); err == nil || !strings.Contains(err.Error(), "YUYV") {
		t.Errorf("asked for MJPG: %v, want the word that YUYV came", err)
	}
}

func TestGuestSecondUserIsToldSo(t *testing.T) {
	r := record(t, raw(first), 5)
	var lost *capture.Lost
	err := raw(node(t, first)).Run(t.Context(), &sink{})
	if !errors.As(err, &lost) || lost.Reason != media.CameraLost || !errors.Is(err, unix.EBUSY) {
		t.Errorf("the second source: %v, want busy", err)
	}
	for _, d := range List() {
		if (d.Stable == first) != (d.Problem != "") || d.Default != (d.Stable == second) {
			t.Errorf("while it records: %+v", d)
		}
	}
	if n := len(record(t, raw("auto"), 3).pictures()); n < 3 {
		t.Errorf("auto gave %d pictures of the other camera", n)
	}
	before := r.got.have()
	for end := time.Now().Add(patience); r.got.have() < before+5; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the first source records no more")
		}
	}
	r.pictures()
}

func TestGuestChildrenDoNotInheritTheCamera(t *testing.T) {
	r := record(t, raw(first), 3)
	sleep := exec.Command("sleep", "600")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = sleep.Process.Kill()
		_ = sleep.Wait()
	}()
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", sleep.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if to, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", sleep.Process.Pid, fd.Name())); strings.HasPrefix(to, "/dev/video") {
			t.Errorf("a child has %s open", to)
		}
	}
	r.pictures()
	record(t, raw(first), 3).pictures() // not busy
}

func TestGuestUnplugged(t *testing.T) {
	src := raw(first)
	r := record(t, src, 10)
	old := node(t, first)
	// As long as somebody has the old node open, its number is not free.
	held, err := os.Open(old)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	driver(t, "unbind")
	if lost := r.lost(); lost.Reason != media.CameraLost || !strings.Contains(lost.Error(), "unplugged") {
		t.Errorf("lost: %v", lost)
	}
	var lost *capture.Lost
	if err := src.Run(t.Context(), &sink{}); !errors.As(err, &lost) || lost.Reason != media.CameraLost || lost.Since != 0 {
		t.Errorf("while it is away: %v", err)
	}
	driver(t, "bind")
	if n := node(t, first); n == old {
		t.Errorf("the camera is %s again: the test shows nothing", n)
	}
	back(t, src)
	held.Close()
	driver(t, "unbind")
	driver(t, "bind")
	if n := node(t, first); n != "/dev/video0" {
		t.Errorf("the camera is %s, want the number that became free", n)
	}
	back(t, src)
}

func TestGuestDisconnected(t *testing.T) {
	src := raw(first)
	r := record(t, src, 5)
	control(t, node(t, second), "disconnect=1") // the other one: nothing happens here
	control(t, "/dev/video0", "disconnect=1")
	if lost := r.lost(); lost.Reason != media.CameraLost {
		t.Errorf("lost: %v", lost)
	}
	back(t, src)
}

func TestGuestFaults(t *testing.T) {
	t.Run("while streaming", func(t *testing.T) {
		src := raw(first)
		r := record(t, src, 5)
		control(t, "/dev/video0", "inject_fatal_streaming_error=1")
		if lost := r.lost(); lost.Reason != media.CameraLost || !errors.Is(lost, unix.EIO) {
			t.Errorf("lost: %v", lost)
		}
		back(t, src)
	})
	for _, fault := range []string{"inject_vidioc_reqbufs_error", "inject_vidioc_qbuf_error", "inject_vidioc_streamon_error"} {
		t.Run(fault, func(t *testing.T) {
			control(t, "/dev/video0", fault+"=1")
			var lost *capture.Lost
			if err := raw(first).Run(t.Context(), &sink{}); !errors.As(err, &lost) || lost.Reason != media.CameraLost {
				t.Errorf("lost: %v", err)
			}
			// The failed start left nothing behind that keeps it busy.
			record(t, raw(first), 3).pictures()
		})
	}
}

func TestGuestNodeThatIsNoCamera(t *testing.T) {
	var lost *capture.Lost
	if err := raw("/dev/video1").Run(t.Context(), &sink{}); !errors.As(err, &lost) || lost.Reason != media.CameraLost {
		t.Errorf("lost: %v", err)
	}
}

// feed lets ffmpeg play a clip into a loopback node and waits until it has a format.
func feed(t *testing.T, clip, into, format string) *exec.Cmd {
	t.Helper()
	ffmpeg := exec.Command("ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", clip, "-c", "copy", "-f", "v4l2", into)
	ffmpeg.Stderr = os.Stderr
	if err := ffmpeg.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = ffmpeg.Process.Kill()
		_ = ffmpeg.Wait()
	})
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		for _, d := range List() {
			if d.Address == into && len(d.Modes) > 0 && d.Modes[0].Format == format {
				return ffmpeg
			}
		}
		if time.Now().After(end) {
			t.Fatalf("%s is not fed", into)
		}
	}
}

func TestGuestMJPEGFrozenAndBack(t *testing.T) {
	ffmpeg := feed(t, "clip.avi", fed, "MJPG")
	src := New(Options{Address: fed}) // asks for 1280x720 at 30
	r := record(t, src, 45)
	_ = ffmpeg.Process.Signal(syscall.SIGSTOP)
	begin := time.Now()
	if lost := r.lost(); lost.Reason != media.Frozen {
		t.Errorf("lost: %v, want frozen", lost)
	} else if took := time.Since(begin); took < 2*time.Second {
		t.Errorf("frozen after %v already", took)
	}
	for i, p := range r.got.pictures {
		if p.Format != media.FormatMJPEG || p.Width != 640 || p.Height != 360 {
			t.Fatalf("picture %d: %v %dx%d", i, p.Format, p.Width, p.Height)
		}
	}
	// Fifteen frames a second, whatever the driver claims.
	tail := r.got.pictures[len(r.got.pictures)-30:]
	if rate := 29 / (tail[29].At - tail[0].At).Seconds(); rate < 13 || rate > 17 {
		t.Errorf("%.1f frames a second, want 15", rate)
	}
	_ = ffmpeg.Process.Signal(syscall.SIGCONT)
	back(t, src)
	_ = ffmpeg.Process.Kill()
	_ = ffmpeg.Wait()
	var lost *capture.Lost
	if err := src.Run(t.Context(), &sink{}); !errors.As(err, &lost) {
		t.Errorf("when nobody feeds it: %v", err)
	}
}

func TestGuestH264PassesThrough(t *testing.T) {
	feed(t, "clip.h264", fedToo, "H264")
	pictures := record(t, New(Options{Address: fedToo}), 40).pictures()
	for i, p := range pictures {
		if p.Format != media.FormatH264 || p.Width != 640 || p.Height != 360 {
			t.Fatalf("picture %d: %v %dx%d", i, p.Format, p.Width, p.Height)
		}
	}
}
