//go:build cgo

package microphone

import (
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/gordonklaus/portaudio"
	"golang.org/x/sys/unix"
)

// library is PortAudio. It is never ended: the process is, and ending it hangs
// when the device does.
type library struct{}

// newBackend starts PortAudio. While it looks for devices, ALSA and JACK write
// dozens of lines about those that are not there: they go nowhere.
func newBackend() (backend, error) {
	err := quietly(portaudio.Initialize)
	if err != nil {
		return nil, fmt.Errorf("start PortAudio: %w", err)
	}
	return library{}, nil
}

// quietly runs f with standard error leading nowhere.
func quietly(f func() error) error {
	fd, err := unix.FcntlInt(os.Stderr.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return f()
	}
	defer unix.Close(fd)
	if redirect(int(os.Stderr.Fd())) == nil {
		defer func() { _ = unix.Dup3(fd, int(os.Stderr.Fd()), 0) }()
	}
	return f()
}

// Inputs asks PortAudio, whose list does not change while the process lives,
// and adds what it leaves out.
func (library) Inputs() ([]input, error) {
	devices, err := portaudio.Devices()
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	preferred, err := portaudio.DefaultInputDevice()
	var list []input
	for _, d := range devices {
		i := input{
			index: d.Index, name: d.Name, channels: d.MaxInputChannels,
			rate: int(math.Round(d.DefaultSampleRate)), latency: d.DefaultHighInputLatency,
			isDefault: err == nil && d == preferred,
		}
		list = append(list, i)
	}
	return append(list, hidden(list)...), nil
}

// Takes asks the driver, which opens the device for a moment.
func (l library) Takes(in input, rate, channels int) bool {
	p, err := l.parameters(in, rate, channels, rate/blocks, in.latency)
	if err != nil {
		return false
	}
	return quietly(func() error { return portaudio.IsFormatSupported(p, make([]int16, rate/blocks*channels)) }) == nil
}

// parameters are PortAudio's for a device.
func (library) parameters(in input, rate, channels, block int, latency time.Duration) (p portaudio.StreamParameters, err error) {
	devices, err := portaudio.Devices()
	if err != nil {
		return p, err
	}
	if in.index < 0 || in.index >= len(devices) {
		return p, errors.New("no such device")
	}
	p.Input = portaudio.StreamDeviceParameters{Device: devices[in.index], Channels: channels, Latency: latency}
	p.SampleRate, p.FramesPerBuffer = float64(rate), block
	return p, nil
}

// Open opens and starts a device.
func (l library) Open(in input, rate, channels, block int, latency time.Duration) (stream, error) {
	p, err := l.parameters(in, rate, channels, block, latency)
	if err != nil {
		return nil, err
	}
	s := &paStream{buffer: make([]int16, block*channels)}
	err = quietly(func() error {
		s.stream, err = portaudio.OpenStream(p, s.buffer)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := s.stream.Start(); err != nil {
		_ = s.stream.Close()
		return nil, err
	}
	return s, nil
}

// paStream is an open device.
type paStream struct {
	stream *portaudio.Stream
	buffer []int16
}

// Read waits for a block; an overflow leaves the block itself valid.
func (s *paStream) Read() ([]int16, bool, error) {
	err := s.stream.Read()
	if errors.Is(err, portaudio.InputOverflowed) {
		return s.buffer, true, nil
	}
	return s.buffer, false, err
}

// Behind asks the driver; 0 if it does not know.
func (s *paStream) Behind() int {
	n, err := s.stream.AvailableToRead()
	if err != nil {
		return 0
	}
	return n
}
