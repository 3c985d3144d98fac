package appliance

import (
	"context"
	"errors"
	"strings"

	"hindsight/appliance/capture"
	"hindsight/media"
)

// hardware is what the machine has. The real one is machine; tests bring their own.
type hardware interface {
	// Cameras lists what can be recorded, the one that auto takes first.
	Cameras(ctx context.Context) ([]capture.Device, error)
	// Microphones likewise.
	Microphones(ctx context.Context) ([]capture.Device, error)
	// Camera opens an address that --video takes, other than auto, none and demo.
	Camera(address string, c CameraConfig) (capture.Source, error)
	// Microphone opens a name that --audio takes, other than auto, none and demo.
	Microphone(name string) (capture.Source, error)
	// Demo makes the demo source.
	Demo(c CameraConfig, video, audio bool) (capture.Source, error)
}

// What auto says when it found nothing.
var (
	errNoCamera     = errors.New("no camera found; plug one in, or name one with --video")
	errNoMicrophone = errors.New("no microphone found; plug one in, or name one with --audio")
)

// autoCamera opens the camera that auto takes.
func autoCamera(ctx context.Context, hw hardware, c CameraConfig) (capture.Source, error) {
	list, err := hw.Cameras(ctx)
	for _, d := range list {
		if d.Problem == "" {
			return hw.Camera(d.Address, c)
		}
	}
	if err == nil {
		err = noUsable(errNoCamera, list)
	}
	return nil, &capture.Lost{Kind: media.Video, Reason: media.CameraLost, Err: err}
}

// autoMicrophone opens the microphone that auto takes.
func autoMicrophone(ctx context.Context, hw hardware) (capture.Source, error) {
	list, err := hw.Microphones(ctx)
	for _, d := range list {
		if d.Problem == "" && d.Default {
			return hw.Microphone(d.Address)
		}
	}
	for _, d := range list {
		if d.Problem == "" {
			return hw.Microphone(d.Address)
		}
	}
	if err == nil {
		err = noUsable(errNoMicrophone, list)
	}
	return nil, &capture.Lost{Kind: media.Audio, Reason: media.MicrophoneLost, Err: err}
}

// noUsable adds why the devices that are there cannot be used.
func noUsable(none error, list []capture.Device) error {
	var why []string
	for _, d := range list {
		if d.Problem != "" {
			why = append(why, d.Name+": "+d.Problem)
		}
	}
	if len(why) == 0 {
		return none
	}
	return errors.New(strings.Join(why, "; "))
}

// anyDevice reports whether auto would find a camera or a microphone.
func anyDevice(ctx context.Context, hw hardware) bool {
	usable := func(list []capture.Device) bool {
		for _, d := range list {
			if d.Problem == "" {
				return true
			}
		}
		return false
	}
	cameras, _ := hw.Cameras(ctx) // what cannot be listed is not there
	if usable(cameras) {
		return true
	}
	microphones, _ := hw.Microphones(ctx)
	return usable(microphones)
}
