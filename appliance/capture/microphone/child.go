package microphone

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"hindsight/appliance/capture"
	"hindsight/media"
)

const (
	blocks      = 50          // a second
	wantLatency = time.Second // long: then a busy machine loses nothing
)

// usual are the rates that are tried, best first: 48 kHz is what is stored.
var usual = []int{48000, 44100, 32000, 16000, 8000}

// Child is the program of the child process: args are what follows Command on
// the command line. It returns the exit status. It is no interface for people:
//
//	-list           write the devices, then end
//	-device NAME    record from NAME until standard output is closed
func Child(args []string, stdout, stderr io.Writer) int {
	return serve(args, stdout, stderr, newBackend)
}

func serve(args []string, stdout, stderr io.Writer, open func() (backend, error)) int {
	flags := flag.NewFlagSet(Command, flag.ContinueOnError)
	flags.SetOutput(stderr)
	list := flags.Bool("list", false, "write the devices")
	device := flags.String("device", auto, "record from this device")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	stdout, err := claim(stdout)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	w, err := newWireWriter(stdout)
	if err != nil {
		return 1 // nobody listens
	}
	b, err := open()
	if err == nil && *list {
		err = writeList(w, b)
	} else if err == nil {
		err = record(w, b, *device)
	}
	if err != nil {
		_ = w.write(failure(err.Error())) // if nobody listens, nobody misses it
		return 1
	}
	return 0
}

// claim takes standard output away from the libraries, which write to it as
// they like: what they write goes nowhere, and we go on with a copy.
func claim(w io.Writer) (io.Writer, error) {
	f, ok := w.(*os.File)
	if !ok {
		return w, nil
	}
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("copy standard output: %w", err)
	}
	if err := redirect(int(f.Fd())); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "messages"), nil
}

// redirect lets a descriptor lead nowhere.
func redirect(fd int) error {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	if err := unix.Dup3(int(null.Fd()), fd, 0); err != nil {
		return fmt.Errorf("silence the libraries: %w", err)
	}
	return nil
}

func writeList(w *wireWriter, b backend) error {
	inputs, err := b.Inputs()
	if err != nil {
		return err
	}
	preferred, err := chooseAuto(inputs)
	for _, i := range inputs {
		why := busy(i)
		if i.channels == 0 && why == "" {
			continue // it only plays
		}
		d := describe(b, i)
		d.Default, d.Problem = err == nil && i == preferred, why
		if slices.ContainsFunc(inputs, func(o input) bool { return o != i && plainName(o.name) == plainName(i.name) }) {
			d.Address, d.Stable = i.name, onCard(i.name) // the card has several of that name
		}
		if err := w.write(d); err != nil {
			return err
		}
	}
	return w.write(end{})
}

// describe is how a device is listed.
func describe(b backend, i input) capture.Device {
	d := capture.Device{
		Kind: media.Audio, Name: i.name, Address: plainName(i.name), Stable: plainName(i.name),
		Driver: "portaudio", Modes: []capture.Mode{},
	}
	if i.channels > 0 {
		d.Modes = append(d.Modes, capture.Mode{Format: "S16", Channels: min(2, i.channels), Rates: taken(b, i)})
	}
	return d
}

// taken are the rates that a sound card takes. The others convert what they
// are asked for, and to try them all would take seconds.
func taken(b backend, i input) []float64 {
	if !hardware.MatchString(i.name) {
		return []float64{float64(usual[0])}
	}
	var list []float64
	for _, r := range rates(i) {
		if b.Takes(i, r, min(2, i.channels)) {
			list = append(list, float64(r))
		}
	}
	return list
}

// rates are those that are worth trying.
func rates(i input) []int {
	list := slices.Clone(usual)
	if i.rate > 0 && !slices.Contains(list, i.rate) {
		list = slices.Insert(list, 1, i.rate)
	}
	return list
}

// record opens the device and writes what it gives until nobody listens.
func record(w *wireWriter, b backend, name string) error {
	inputs, err := b.Inputs()
	if err != nil {
		return err
	}
	in, err := choose(inputs, name)
	if err != nil {
		return err
	}
	s, f, err := openAny(b, in)
	if err != nil {
		return err
	}
	if w.write(f) != nil {
		return nil
	}
	clock := media.SystemClock{}
	for {
		data, lost, err := s.Read()
		read := clock.Boot()
		if err != nil {
			return fmt.Errorf("%s: %s", plainName(in.name), cmp.Or(err.Error(), "input/output error"))
		}
		if err := w.write(samples{read, s.Behind(), lost, data}); err != nil {
			return nil
		}
	}
}

// openAny opens the device as well as it can be: with a long latency if the
// driver allows it, at the best rate, in stereo if it has two channels.
func openAny(b backend, in input) (stream, format, error) {
	var errs []error
	for _, channels := range slices.Compact([]int{min(2, in.channels), 1}) {
		for _, rate := range rates(in) {
			for _, latency := range []time.Duration{wantLatency, in.latency} {
				s, err := b.Open(in, rate, channels, rate/blocks, latency)
				if err == nil {
					return s, format{rate, channels, plainName(in.name)}, nil
				}
				errs = append(errs, err)
			}
		}
	}
	return nil, format{}, fmt.Errorf("%s cannot be opened, another program may use it: %w", plainName(in.name), errs[0])
}
