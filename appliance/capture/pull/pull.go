// Package pull records an IP camera over RTSP. What the camera sends is stored as
// it came: H.264 or MJPEG, Opus, AAC or G.711, nothing is encoded again.
//
// Each unit is stamped on Clock.Boot. RTP times keep the distance of units exact;
// where they lie on Clock.Boot follows from the least delayed packets (envelope),
// and where sound lies beside the picture from the camera's sender reports, if it
// sends them (aligner).
package pull

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"hindsight/appliance/capture"
	"hindsight/media"
)

// Transport is how media come from the camera.
type Transport string

// The transports.
const (
	Auto Transport = ""    // TCP, and UDP with a camera that refuses TCP
	TCP  Transport = "tcp" // inside the RTSP connection: nothing gets lost on the way
	UDP  Transport = "udp"
)

// Options say what is pulled and how. Address and Clock are needed.
type Options struct {
	Address      string // rtsp://[USER:PASSWORD@]HOST[:PORT]/PATH, or rtsps://
	Video, Audio bool   // what is wanted; both false means both
	Transport    Transport
	Timeout      time.Duration // silence after which the camera is lost; 0: 10 s
	Clock        media.Clock
	Log          *slog.Logger // nil: no log
}

// Source pulls one camera; it implements capture.Source.
type Source struct {
	o  Options
	at address
}

// New checks the options. Its errors do not show the address.
func New(o Options) (*Source, error) {
	at, err := parseAddress(o.Address)
	if err != nil {
		return nil, err
	}
	if !o.Video && !o.Audio {
		o.Video, o.Audio = true, true
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	switch {
	case o.Clock == nil:
		return nil, errors.New("camera: needs a clock")
	case o.Timeout < 0:
		return nil, fmt.Errorf("camera: a time-out of %v; use more than 0", o.Timeout)
	case o.Transport != Auto && o.Transport != TCP && o.Transport != UDP:
		return nil, fmt.Errorf("camera: transport %q; use tcp, udp or none", o.Transport)
	}
	return &Source{o, at}, nil
}

// Kinds says what is wanted from the camera; whether it has sound shows when it is connected.
func (s *Source) Kinds() []media.Kind {
	var k []media.Kind
	if s.o.Video {
		k = append(k, media.Video)
	}
	if s.o.Audio {
		k = append(k, media.Audio)
	}
	return k
}

// String is the address without credentials.
func (s *Source) String() string { return s.at.show }

// Run pulls until ctx ends (nil) or the camera is lost (*capture.Lost).
func (s *Source) Run(ctx context.Context, sink capture.Sink) error {
	over := s.o.Transport
	if over == Auto {
		over = TCP
	}
	ses, err := s.pull(ctx, sink, over)
	if s.o.Transport == Auto && wantsUDP(err) && ctx.Err() == nil {
		s.o.Log.Info("camera does not send over TCP, trying UDP", "camera", s.at.show)
		ses, err = s.pull(ctx, sink, UDP)
	}
	if ctx.Err() != nil {
		return nil
	}
	lost := &capture.Lost{Reason: media.CameraLost, Since: ses.since()}
	var frozen errFrozen
	switch {
	case errors.As(err, &frozen):
		lost.Kind, lost.Reason, lost.Since = media.Video, media.Frozen, frozen.since
		err = s.tell("no picture for %v, only sound", s.o.Timeout)
	case !s.o.Video:
		lost.Kind, lost.Reason = media.Audio, media.MicrophoneLost
	}
	lost.Err = s.explain(err)
	return lost
}
