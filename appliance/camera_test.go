package appliance

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"hindsight/appliance/capture"
	"hindsight/appliance/timeline"
	"hindsight/media"
	"hindsight/store"
)

// fakeHardware has the devices that the test gives it.
type fakeHardware struct {
	mu                   sync.Mutex
	cameras, microphones []capture.Device
	opened               []string
	run                  func(name string) func(context.Context, capture.Sink) error
}

func (h *fakeHardware) Cameras(context.Context) ([]capture.Device, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cameras, nil
}

func (h *fakeHardware) Microphones(context.Context) ([]capture.Device, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.microphones, nil
}

func (h *fakeHardware) source(name string, kinds ...media.Kind) (capture.Source, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.opened = append(h.opened, name)
	return &fakeSource{name: name, kinds: kinds, run: h.run(name)}, nil
}

func (h *fakeHardware) Camera(address string, _ CameraConfig) (capture.Source, error) {
	return h.source("camera "+address, media.Video)
}

func (h *fakeHardware) Microphone(name string) (capture.Source, error) {
	return h.source("microphone "+name, media.Audio)
}

func (h *fakeHardware) Demo(_ CameraConfig, video, audio bool) (capture.Source, error) {
	switch {
	case !video:
		return h.source("demo sound", media.Audio)
	case !audio:
		return h.source("demo picture", media.Video)
	}
	return h.source("demo", media.Video, media.Audio)
}

func (h *fakeHardware) names() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.opened, ", ")
}

// untilEnd captures nothing until it is ended.
func untilEnd(string) func(context.Context, capture.Sink) error {
	return func(ctx context.Context, _ capture.Sink) error {
		<-ctx.Done()
		return nil
	}
}

// testCamera makes a camera on a timeline in memory.
func testCamera(t *testing.T, hw hardware, conf CameraConfig) *camera {
	t.Helper()
	conf.Name = "cam"
	if conf.Rate == 0 {
		conf.Rate, conf.Width, conf.Height = 10, 64, 64
	}
	st := store.NewMemory()
	tl, err := timeline.New(timeline.Options{Camera: "cam", Store: st, Clock: media.SystemClock{}, Commit: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tl.Close(media.Off) }) //nolint:errcheck // a test may have closed it
	return newCamera(conf, hw, media.SystemClock{}, quiet, st, tl)
}

// eventually polls for what must come.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	hang := time.NewTimer(time.Minute)
	defer hang.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !f() {
		select {
		case <-hang.C:
			t.Fatalf("waited a minute for %s", what)
		case <-look.C:
		}
	}
}

var (
	aCamera     = capture.Device{Kind: media.Video, Name: "Webcam", Address: "/dev/video2"}
	busyCamera  = capture.Device{Kind: media.Video, Name: "Other", Address: "/dev/video0", Problem: "it is busy"}
	aMicrophone = capture.Device{Kind: media.Audio, Name: "Card", Address: "Card"}
	theDefault  = capture.Device{Kind: media.Audio, Name: "pulse", Address: "pulse", Default: true}
)

// What the configuration and the hardware make of each other.
func TestCameraPlan(t *testing.T) {
	for _, c := range []struct {
		name, video, audio   string
		cameras, microphones []capture.Device
		want                 []string
	}{
		{name: "nothing there", video: "auto", audio: "auto", want: []string{"demo"}},
		{name: "all busy", video: "auto", audio: "auto", cameras: []capture.Device{busyCamera}, want: []string{"demo"}},
		{name: "camera and microphone", video: "auto", audio: "auto", cameras: []capture.Device{busyCamera, aCamera},
			microphones: []capture.Device{aMicrophone, theDefault}, want: []string{"camera /dev/video2", "microphone pulse"}},
		{name: "camera only", video: "auto", audio: "auto", cameras: []capture.Device{aCamera}, want: []string{"camera /dev/video2"}},
		{name: "microphone only", video: "auto", audio: "auto", microphones: []capture.Device{aMicrophone}, want: []string{"microphone Card"}},
		{name: "no sound wanted", video: "auto", audio: "none", cameras: []capture.Device{aCamera}, microphones: []capture.Device{theDefault}, want: []string{"camera /dev/video2"}},
		{name: "no picture wanted", video: "none", audio: "Card", want: []string{"microphone Card"}},
		{name: "demo", video: "demo", audio: "auto", cameras: []capture.Device{aCamera}, want: []string{"demo"}},
		{name: "demo both", video: "demo", audio: "demo", want: []string{"demo"}},
		{name: "demo picture", video: "demo", audio: "none", want: []string{"demo picture"}},
		{name: "demo sound", video: "/dev/video9", audio: "demo", want: []string{"camera /dev/video9", "demo sound"}},
		{name: "ip camera", video: "rtsp://h/x", audio: "auto", microphones: []capture.Device{theDefault}, want: []string{"camera rtsp://h/x"}},
		{name: "ip camera and microphone", video: "rtsp://h/x", audio: "Card", want: []string{"camera rtsp://h/x", "microphone Card"}},
		{name: "ip camera without sound", video: "rtsp://h/x", audio: "none", want: []string{"camera rtsp://h/x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			hw := &fakeHardware{cameras: c.cameras, microphones: c.microphones, run: untilEnd}
			cam := testCamera(t, hw, CameraConfig{Video: c.video, Audio: c.audio})
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() { cam.run(ctx) })
			eventually(t, "the sources to be opened", func() bool { return len(strings.Split(hw.names(), ", ")) >= len(c.want) && hw.names() != "" })
			cancel()
			wg.Wait()
			for _, w := range c.want {
				if !strings.Contains(", "+hw.names()+",", ", "+w+",") {
					t.Errorf("opened %q, want %q", hw.names(), c.want)
				}
			}
			if n := len(hw.opened); n != len(c.want) {
				t.Errorf("opened %q, want %q", hw.names(), c.want)
			}
		})
	}
}

// coded delivers units of 100 ms, beginning now, until n have been delivered, then is lost.
func coded(n int, lost *capture.Lost) func(context.Context, capture.Sink) error {
	return func(ctx context.Context, s capture.Sink) error {
		start := media.SystemClock{}.Boot()
		for i := range n {
			s.Coded(media.Track{Kind: media.Video, Codec: media.MJPEG, ClockRate: 90000},
				media.Unit{Flags: media.Key, DTS: start + time.Duration(i)*100*time.Millisecond, Payload: []byte{1}})
		}
		if lost != nil {
			return lost
		}
		<-ctx.Done()
		return nil
	}
}

// A camera that is lost and comes back leaves a gap from where its last unit
// ends to its next one, with the reason, and goes on in the same track.
func TestCameraLostAndBack(t *testing.T) {
	runs := 0
	hw := &fakeHardware{}
	hw.run = func(string) func(context.Context, capture.Sink) error {
		runs++
		if runs == 1 {
			return coded(3, &capture.Lost{Kind: media.Video, Reason: media.Frozen, Err: errors.New("no picture\nfor 3 s")})
		}
		return coded(2, nil)
	}
	cam := testCamera(t, hw, CameraConfig{Video: "/dev/video0", Audio: "none"})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { cam.run(ctx) })
	var holes []timeline.Hole
	eventually(t, "the camera to be back", func() bool {
		holes = nil
		for _, h := range cam.tl.Map().Holes {
			if h.Reason == media.Frozen && h.Until.Run != 0 {
				holes = append(holes, h)
			}
		}
		return len(holes) > 0
	})
	eventually(t, "all units", func() bool { return cam.tl.Status().Units[1] == 5 })
	cancel()
	wg.Wait()
	if n := len(cam.tl.Tracks()); n != 1 {
		t.Errorf("%d tracks, want 1", n)
	}
	if len(holes) != 1 || holes[0].Detail != "no picture for 3 s" {
		t.Errorf("holes %+v, want one, frozen, in one line", holes)
	}
	if long := holes[0].Until.Time - holes[0].From.Time; long <= 0 {
		t.Errorf("the gap lasts %v", long)
	}
	st := cam.status()
	if len(st.Sources) != 1 || st.Sources[0].Starts != 2 || st.State != "recording" {
		t.Errorf("status %+v", st)
	}
}

// A camera that must be there and is not is told, and its gap has the reason.
func TestCameraMissing(t *testing.T) {
	hw := &fakeHardware{run: func(string) func(context.Context, capture.Sink) error {
		return coded(0, &capture.Lost{Kind: media.Video, Reason: media.CameraLost, Err: errors.New("no such device")})
	}}
	cam := testCamera(t, hw, CameraConfig{Video: "/dev/video0", Audio: "none"})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { cam.run(ctx) })
	eventually(t, "the status to tell", func() bool { return cam.status().Problem == "camera lost: no such device" })
	if st := cam.status(); st.State != "waiting" {
		t.Errorf("state %q, want waiting", st.State)
	}
	cancel()
	wg.Wait()
}

// Where auto finds nothing and nothing else records, that is told; where
// something else records, it is nobody's trouble.
func TestAutoFindsNothing(t *testing.T) {
	for _, c := range []struct{ video, audio, state, problem string }{
		{"auto", "none", "waiting", "camera lost: no camera found"},
		{"none", "auto", "waiting", "microphone lost: no microphone found"},
		{"auto", "demo", "recording", ""},
		{"demo", "none", "recording", ""},
	} {
		hw := &fakeHardware{run: func(string) func(context.Context, capture.Sink) error { return coded(2, nil) }}
		cam := testCamera(t, hw, CameraConfig{Video: c.video, Audio: c.audio})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { cam.run(ctx) })
		eventually(t, "every source to have been looked for", func() bool {
			for _, u := range cam.list() {
				if s := u.super.get(); s.Error == "" && s.Runs == 0 {
					return false
				}
			}
			st := cam.status()
			return len(cam.list()) > 0 && string(st.State) == c.state
		})
		if st := cam.status(); !strings.HasPrefix(st.Problem, c.problem) || (c.problem == "") != (st.Problem == "") {
			t.Errorf("video %s, audio %s: problem %q, want %q", c.video, c.audio, st.Problem, c.problem)
		}
		cancel()
		wg.Wait()
	}
}

// The demo source makes room for a camera as soon as there is one.
func TestDemoMakesRoom(t *testing.T) {
	hw := &fakeHardware{run: func(string) func(context.Context, capture.Sink) error { return coded(2, nil) }}
	cam := testCamera(t, hw, CameraConfig{Video: "auto", Audio: "auto"})
	look := make(chan struct{})
	cam.again = func(ctx context.Context, _ time.Duration) bool {
		select {
		case <-look:
			return true
		case <-ctx.Done():
			return false
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { cam.run(ctx) })
	look <- struct{}{} // nothing there yet
	eventually(t, "the demo source", func() bool { return hw.names() == "demo" })
	if st := cam.status(); !strings.Contains(st.Problem, "demo source") {
		t.Errorf("the status does not say that the demo source stands in: %+v", st)
	}
	hw.mu.Lock()
	hw.cameras = []capture.Device{aCamera}
	hw.mu.Unlock()
	look <- struct{}{}
	eventually(t, "the camera", func() bool { return hw.names() == "demo, camera /dev/video2" })
	var gap []stretchOf
	eventually(t, "the end of the gap between them", func() bool {
		gap = stretches(cam.tl)
		return len(gap) == 1 && gap[0].until > 0
	})
	if g := gap[0]; g.kind != 0 || g.reason != media.CameraLost || g.until < g.from {
		t.Errorf("gap %+v, want one of everything between the demo source and the camera", g)
	}
	cancel()
	wg.Wait()
}
