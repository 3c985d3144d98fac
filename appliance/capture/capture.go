// Package capture says what a source of pictures and sound is. The sources
// themselves are the packages below: camera (V4L2), rpicam (the Pi's own camera
// module), microphone (PortAudio in a child process), pull (an IP camera over
// RTSP) and demo (a measurable test picture with beeps and speech).
//
// Everything that a source hands over is stamped on Clock.Boot; the recorder
// turns that into media time. A source does not encode, reconnect or wait: it
// runs until its device is lost, says why, and is run again by its supervisor.
package capture

import (
	"context"
	"fmt"
	"time"

	"hindsight/media"
)

// Source captures from one device or address.
type Source interface {
	// Run captures into sink until ctx ends, when it returns nil, or until the
	// device is lost, when it returns a *Lost. It may be called again after it
	// returned. A device that is not there is Lost at once.
	Run(ctx context.Context, sink Sink) error
	// Kinds says what it may deliver: media.Video, media.Audio or both.
	Kinds() []media.Kind
	// String names the source for logs and the API, without credentials.
	String() string
}

// Sink receives what a source captures. Each method may be called from one
// goroutine per kind. None blocks for longer than encoding takes.
type Sink interface {
	// Picture takes a frame as the camera gave it: H.264, JPEG or raw.
	Picture(media.Picture)
	// Sound takes PCM.
	Sound(media.Sound)
	// Coded takes a unit that arrived coded (an IP camera's), untouched: t
	// describes its track (ID is ignored), u.DTS is on Clock.Boot, u.Track is ignored.
	// A changed t (see media.Track.Same) begins a new track.
	Coded(t media.Track, u media.Unit)
	// Dropped counts what was received but unusable (a broken JPEG, a bad NAL unit), for
	// the status and one log line a minute.
	Dropped(k media.Kind, why string)
}

// Lost is why a source ended: what is missing since when.
type Lost struct {
	Kind   media.Kind    // which kind is missing; 0: everything the source delivers
	Reason media.Reason  // media.CameraLost, MicrophoneLost or Frozen
	Since  time.Duration // Clock.Boot of the last thing that arrived; 0: nothing ever did
	Err    error         // the detail; never contains credentials
}

// Error is one line for the log.
func (l *Lost) Error() string { return fmt.Sprintf("%s: %v", l.Reason, l.Err) }

// Unwrap gives the detail.
func (l *Lost) Unwrap() error { return l.Err }

// Device is one thing that `hindsight devices` lists.
type Device struct {
	Kind    media.Kind `json:"kind"`
	Name    string     `json:"name"`              // what a person calls it
	Address string     `json:"address"`           // what --video or --audio takes
	Stable  string     `json:"stable,omitempty"`  // bus path or serial: the same after a restart
	Driver  string     `json:"driver"`            // v4l2, rpicam, portaudio
	Default bool       `json:"default,omitempty"` // what auto takes
	Modes   []Mode     `json:"modes"`
	Problem string     `json:"problem,omitempty"` // why it cannot be used now, in one sentence
}

// Mode is one way a device can deliver.
type Mode struct {
	Format   string    `json:"format"`             // H264, MJPG, YUYV; S16
	Width    int       `json:"width,omitempty"`    // pixels
	Height   int       `json:"height,omitempty"`   // pixels
	Rates    []float64 `json:"rates,omitempty"`    // frames, or samples, a second
	Channels int       `json:"channels,omitempty"` // sound
}
