// Package rpicam captures from the Raspberry Pi's own camera modules.
//
// They have no ordinary /dev/video node: libcamera drives them. Its program
// rpicam-vid (libcamera-vid before 2023) runs as a child that hands over H.264
// from the Pi's encoder on its standard output.
package rpicam

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"hindsight/appliance/capture"
	"hindsight/appliance/capture/annexb"
	"hindsight/appliance/capture/child"
	"hindsight/media"
)

const (
	// Address is the first camera module; Address:N is number N, and
	// Address:/base/... the one that libcamera knows by that path.
	Address = "rpicam"

	startPatience = 10 * time.Second // until the first picture
	frozenAfter   = 3 * time.Second  // between two
	chunk         = 64 << 10
)

// programs are the child's names, newest first.
var programs = []string{"rpicam-vid", "libcamera-vid"}

// Options choose a camera module and what is asked of it.
type Options struct {
	Address string       // see the constant Address, the meaning of ""
	Width   int          // pixels; 0: 1280
	Height  int          // pixels; 0: 720
	Rate    float64      // frames a second; 0: 30
	Clock   media.Clock  // nil: the machine's
	Log     *slog.Logger // nil: nothing is logged
}

// Source captures from one camera module. It implements capture.Source.
type Source struct {
	options  Options
	starting time.Duration
	frozen   time.Duration
}

var _ capture.Source = (*Source)(nil)

// New makes a source; the program is looked for and started by Run.
func New(o Options) *Source {
	o.Address = cmp.Or(o.Address, Address)
	if o.Width <= 0 || o.Height <= 0 {
		o.Width, o.Height = 1280, 720
	}
	if o.Rate <= 0 {
		o.Rate = 30
	}
	if o.Clock == nil {
		o.Clock = media.SystemClock{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Source{options: o, starting: startPatience, frozen: frozenAfter}
}

// Kinds is video.
func (s *Source) Kinds() []media.Kind { return []media.Kind{media.Video} }

// String is the address as it was given.
func (s *Source) String() string { return "camera " + s.options.Address }

// program finds the child's program.
func program() (string, error) {
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not installed; on a Raspberry Pi: apt-get install rpicam-apps", programs[0])
}

// Run captures until ctx ends, the program dies, or it gives nothing for three seconds.
func (s *Source) Run(ctx context.Context, sink capture.Sink) error {
	lost := &capture.Lost{Kind: media.Video, Reason: media.CameraLost}
	err := s.run(ctx, sink, lost)
	if ctx.Err() != nil {
		return nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		lost.Reason = media.Frozen
	}
	lost.Err = err
	return lost
}

func (s *Source) run(ctx context.Context, sink capture.Sink, lost *capture.Lost) error {
	path, err := program()
	if err != nil {
		return err
	}
	index, err := s.index(ctx)
	if err != nil {
		return err
	}
	p, err := child.Start(path, s.arguments(index), nil)
	if err != nil {
		return err
	}
	defer p.Close()
	defer context.AfterFunc(ctx, p.Kill)()
	s.options.Log.Info("camera module started", "program", path, "camera", index, "asked_rate", s.options.Rate,
		"asked", fmt.Sprintf("%dx%d", s.options.Width, s.options.Height))
	f := s.feed(sink)
	patience := s.starting
	buf := make([]byte, chunk)
	for {
		p.Within(patience)
		n, err := p.Read(buf)
		if n > 0 {
			lost.Since = s.options.Clock.Boot()
			patience = s.frozen
			if err := f.add(buf[:n], lost.Since); err != nil {
				return err
			}
		}
		if err != nil {
			f.flush()
			return ended(p, err, patience)
		}
	}
}

// ended says why the program gives no more, with its own last words.
func ended(p *child.Process, err error, waited time.Duration) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		if words := p.Words(); words != "" {
			return fmt.Errorf("no new picture for %v; its last words: %s (%w)", waited, words, err)
		}
		return fmt.Errorf("no new picture for %v (%w)", waited, err)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s ended: %w", programs[0], p.End(time.Second))
	}
	return err
}

// arguments ask for endless H.264 on standard output, with a key frame a
// second and its parameter sets in front of it.
func (s *Source) arguments(index int) []string {
	o := s.options
	rate := strconv.FormatFloat(o.Rate, 'f', -1, 64)
	return []string{
		"--camera", strconv.Itoa(index), "--nopreview", "-t", "0",
		"--codec", "h264", "--inline", "--flush", "--intra", strconv.Itoa(max(1, int(math.Round(o.Rate)))),
		"--width", strconv.Itoa(o.Width), "--height", strconv.Itoa(o.Height), "--framerate", rate, "-o", "-",
	}
}

// index is the number by which the program knows the camera.
func (s *Source) index(ctx context.Context) (int, error) {
	_, which, ok := strings.Cut(s.options.Address, ":")
	if !ok {
		return 0, nil
	}
	if n, err := strconv.Atoi(which); err == nil && n >= 0 {
		return n, nil
	}
	cameras, err := ask(ctx)
	if err != nil {
		return 0, err
	}
	for _, c := range cameras {
		if c.path == which {
			return c.index, nil
		}
	}
	return 0, fmt.Errorf("no camera module %s; `hindsight devices` lists those that are there", which)
}

// feeder cuts what the program writes into pictures.
type feeder struct {
	source   *Source
	sink     capture.Sink
	splitter annexb.Splitter
	filter   *capture.PeriodFilter
	width    int
	height   int
	last     time.Duration // when the newest picture arrived
}

func (s *Source) feed(sink capture.Sink) *feeder {
	return &feeder{
		source: s, sink: sink, filter: capture.NewPeriodFilter(s.options.Rate),
		width: s.options.Width, height: s.options.Height,
	}
}

// add takes bytes. Frames that came at once had been waiting, the last one
// least: they arrived a period apart, as far as there is room since the one before.
func (f *feeder) add(data []byte, at time.Duration) error {
	units, err := f.splitter.Add(data, at)
	for i, u := range units {
		behind := time.Duration(0)
		for _, next := range units[i+1:] {
			if next.At == u.At {
				behind++
			}
		}
		if u.At == at {
			behind++ // the one that is not whole yet
		}
		if behind > 0 {
			u.At = max(u.At-behind*f.period(), f.last+(u.At-f.last)/(behind+1))
		}
		f.hand(u)
	}
	return err
}

// period is the distance of two frames.
func (f *feeder) period() time.Duration {
	return cmp.Or(f.filter.Period(), time.Duration(float64(time.Second)/f.source.options.Rate))
}

func (f *feeder) flush() {
	if u, ok := f.splitter.Flush(); ok {
		f.hand(u)
	}
}

func (f *feeder) hand(u annexb.Unit) {
	if w, h, ok := annexb.Size(u.Data); ok && (w != f.width || h != f.height) {
		f.source.options.Log.Warn("the camera module gives another size than asked for", "size", fmt.Sprintf("%dx%d", w, h))
		f.width, f.height = w, h
	}
	f.last = u.At
	f.sink.Picture(media.Picture{
		Format: media.FormatH264, Width: f.width, Height: f.height, At: f.filter.Stamp(u.At), Data: u.Data,
	})
}
