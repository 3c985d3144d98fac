// Package microphone captures sound by PortAudio.
//
// PortAudio runs in a child process of the same binary: its calls can hang for
// ever when a sound card or a sound server goes away, and only a fresh process
// sees devices that were plugged in later. The child writes samples with the
// time at which they were read to its standard output (wire.go); this side
// counts them against the clock (ledger.go), and kills a child that falls silent.
package microphone

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"hindsight/appliance/capture"
	"hindsight/appliance/capture/child"
	"hindsight/media"
)

// Command is the subcommand that runs the child: what follows it is for Child.
const Command = "capture-microphone"

const (
	openPatience = 20 * time.Second // for a child to find and open the device
	readPatience = 2 * time.Second  // between samples
)

// Options choose a microphone.
type Options struct {
	// Device is a part of a device's name, in any case, or "auto" (also ""):
	// the sound server's default, else the first sound card that records.
	Device string
	// Executable is the program that runs Child for the argument Command; "": this one.
	Executable string
	Clock      media.Clock  // nil: the machine's; the child always stamps by that
	Log        *slog.Logger // nil: nothing is logged
}

// Source captures from one microphone. It implements capture.Source.
type Source struct {
	options Options
	opening time.Duration
	reading time.Duration
}

var _ capture.Source = (*Source)(nil)

// New makes a source; the device is opened by Run.
func New(o Options) *Source {
	o.Device = cmp.Or(o.Device, auto)
	if o.Clock == nil {
		o.Clock = media.SystemClock{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Source{options: o, opening: openPatience, reading: readPatience}
}

// Kinds is audio.
func (s *Source) Kinds() []media.Kind { return []media.Kind{media.Audio} }

// String is the device as it was given.
func (s *Source) String() string { return "microphone " + s.options.Device }

// Run captures until ctx ends, the device is lost, or the child gives nothing
// for two seconds.
func (s *Source) Run(ctx context.Context, sink capture.Sink) error {
	var last time.Duration
	err := s.run(ctx, sink, &last)
	if ctx.Err() != nil {
		return nil
	}
	return &capture.Lost{Kind: media.Audio, Reason: media.MicrophoneLost, Since: last, Err: err}
}

func (s *Source) run(ctx context.Context, sink capture.Sink, last *time.Duration) error {
	p, err := spawn(s.options.Executable, "-device", s.options.Device)
	if err != nil {
		return err
	}
	defer p.Close()
	defer context.AfterFunc(ctx, p.Kill)()
	patience := s.opening
	p.Within(patience)
	r, err := newWireReader(p)
	if err != nil {
		return s.ended(p, err, patience)
	}
	var l *ledger
	for {
		p.Within(patience)
		m, err := r.read()
		if err != nil {
			return s.ended(p, err, patience)
		}
		switch m := m.(type) {
		case format:
			l, patience = &ledger{format: m}, s.reading
			s.options.Log.Info("microphone opened", "device", m.device, "rate", m.rate, "channels", m.channels)
		case failure:
			return errors.New(string(m))
		case samples:
			if l == nil {
				return errWire
			}
			*last = s.options.Clock.Boot()
			sounds, err := l.add(m)
			if err != nil {
				return err
			}
			s.hand(sink, sounds)
		}
	}
}

// hand gives pieces to the sink and logs what is missing before them.
func (s *Source) hand(sink capture.Sink, sounds []media.Sound) {
	for _, x := range sounds {
		if x.LostHere > 0 {
			s.options.Log.Warn("sound lost, counted as silence", "samples", x.LostHere,
				"length", time.Duration(x.LostHere)*time.Second/time.Duration(x.Rate))
		}
		sink.Sound(x)
	}
}

// ended says why a child gives no more.
func (s *Source) ended(p *child.Process, err error, waited time.Duration) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("no sound for %v: the sound card or the sound server hangs", waited)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the sound process ended: %w", p.End(time.Second))
	}
	return err
}

// spawn starts the child.
func spawn(executable string, args ...string) (*child.Process, error) {
	if executable == "" {
		own, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("where is this program? %w", err)
		}
		executable = own
	}
	// PortAudio asks JACK, which would otherwise try to start a server.
	return child.Start(executable, append([]string{Command}, args...), []string{"JACK_NO_START_SERVER=1"})
}

// List names the devices that record, by a fresh child of exe ("": this
// program). Those that auto and names can mean come as they are matched; one
// that another program holds has a Problem.
func List(ctx context.Context, exe string) ([]capture.Device, error) {
	return list(ctx, exe, openPatience)
}

func list(ctx context.Context, exe string, patience time.Duration) ([]capture.Device, error) {
	p, err := spawn(exe, "-list")
	if err != nil {
		return nil, err
	}
	defer p.Close()
	defer context.AfterFunc(ctx, p.Kill)()
	p.Within(patience)
	r, err := newWireReader(p)
	devices := []capture.Device{}
	for err == nil {
		p.Within(patience)
		var m message
		m, err = r.read()
		switch m := m.(type) {
		case capture.Device:
			devices = append(devices, m)
		case failure:
			return nil, fmt.Errorf("list microphones: %s", m)
		case end:
			return devices, nil
		}
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, fmt.Errorf("list microphones: the sound system did not answer for %v", patience)
	}
	return nil, fmt.Errorf("list microphones: %w", p.End(time.Second))
}
