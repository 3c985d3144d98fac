package appliance

import (
	"context"
	"log/slog"
	"os"
	"strings"

	"hindsight/appliance/capture"
	v4l2 "hindsight/appliance/capture/camera"
	"hindsight/appliance/capture/demo"
	"hindsight/appliance/capture/microphone"
	"hindsight/appliance/capture/pull"
	"hindsight/appliance/capture/rpicam"
	"hindsight/media"
)

// machine is the real hardware.
type machine struct {
	clock media.Clock
	log   *slog.Logger
	exe   func() (string, error) // the program that captures the microphone
}

func newMachine(clock media.Clock, log *slog.Logger) *machine {
	return &machine{clock: clock, log: log, exe: os.Executable}
}

// Cameras lists the Pi's own camera module, then what V4L2 has.
func (m *machine) Cameras(ctx context.Context) ([]capture.Device, error) {
	list, err := rpicam.List(ctx)
	return append(list, v4l2.List()...), err
}

// Microphones asks a fresh process, since only that sees new devices.
func (m *machine) Microphones(ctx context.Context) ([]capture.Device, error) {
	exe, err := m.exe()
	if err != nil {
		return nil, err
	}
	return microphone.List(ctx, exe)
}

// Camera opens an IP camera, the Pi's camera module or a V4L2 device.
func (m *machine) Camera(address string, c CameraConfig) (capture.Source, error) {
	switch {
	case strings.Contains(address, "://"):
		return pull.New(pull.Options{Address: address, Video: true, Audio: c.Audio == "auto",
			Transport: pull.Transport(c.Transport), Clock: m.clock, Log: m.log})
	case address == rpicam.Address || strings.HasPrefix(address, rpicam.Address+":"):
		return rpicam.New(rpicam.Options{Address: address, Width: c.Width, Height: c.Height, Rate: float64(c.Rate), Clock: m.clock, Log: m.log}), nil
	}
	return v4l2.New(v4l2.Options{Address: address, Width: c.Width, Height: c.Height, Rate: float64(c.Rate), Clock: m.clock, Log: m.log}), nil
}

// Microphone opens a microphone by its name.
func (m *machine) Microphone(name string) (capture.Source, error) {
	exe, err := m.exe()
	if err != nil {
		return nil, err
	}
	return microphone.New(microphone.Options{Device: name, Executable: exe, Clock: m.clock, Log: m.log}), nil
}

// Demo makes the demo source.
func (m *machine) Demo(c CameraConfig, video, audio bool) (capture.Source, error) {
	return demo.New(demo.Options{Width: c.Width, Height: c.Height, Rate: c.Rate, Clock: m.clock, Video: video, Audio: audio})
}

// Devices lists the cameras and microphones of this machine. With an error the
// list holds what could be listed all the same.
func Devices(ctx context.Context) ([]capture.Device, error) {
	m := newMachine(media.SystemClock{}, slog.New(slog.DiscardHandler))
	cameras, err := m.Cameras(ctx)
	microphones, err2 := m.Microphones(ctx)
	if err == nil {
		err = err2
	}
	first := true
	for i, d := range cameras { // only one camera is what auto takes
		cameras[i].Default = first && d.Problem == ""
		first = first && d.Problem != ""
	}
	return append(cameras, microphones...), err
}
