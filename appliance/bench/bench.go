// Package bench measures what recording costs on this machine: a camera is
// played over RTSP by this process, and a recorder that is started as a process
// of its own pulls it one or several times. All figures of the recorder are
// the kernel's.
package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Options say what is measured.
type Options struct {
	Program string        // the recorder: `Program serve …` must work
	Cameras []int         // how many to pull, one row of the table each
	Warm    time.Duration // runs before the measuring begins
	For     time.Duration // how long is measured
	Dir     string        // where the recording is made and deleted again; a real disk
	Out     io.Writer
	// Commits asks the recorder that records to dir how many commits it has synced, in all cameras together.
	Commits func(ctx context.Context, dir string) (int64, error)
}

// Figures are one row.
type Figures struct {
	Cameras   int
	CPU       float64 // percent of one core
	RSS, Peak int64   // bytes
	Written   float64 // bytes sent to the disk per byte of media
	Commits   float64 // synced each second, per camera
}

// head goes above the rows.
const head = "cameras  cpu/core  rss now  rss peak  written/media  commits/s/camera\n"

// String is a row below head.
func (f Figures) String() string {
	return fmt.Sprintf("%7d  %6.2f %%  %4d MB  %5d MB  %13.3f  %16.2f\n",
		f.Cameras, f.CPU, f.RSS/1_000_000, f.Peak/1_000_000, f.Written, f.Commits)
}

// Run measures each number of cameras after the other and prints the table.
func Run(ctx context.Context, o Options) ([]Figures, error) {
	clip, err := MakeClip()
	if err != nil {
		return nil, err
	}
	src, err := NewSource(clip)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	fmt.Fprintf(o.Out, "pulled over RTSP: H.264 1280x720 at %d/s and Opus, %.2f Mbit/s a camera; %v after %v\n",
		clip.Rate, float64(clip.bytes())*8/clip.length().Seconds()/1e6, o.For, o.Warm)
	fmt.Fprint(o.Out, head)
	var all []Figures
	for _, n := range o.Cameras {
		f, err := measure(ctx, o, src, n)
		if err != nil {
			return all, err
		}
		if lost := src.lost.Load(); lost > 0 {
			return all, fmt.Errorf("%d cameras: the recorder was too slow for %d packets; the figures mean nothing", n, lost)
		}
		fmt.Fprint(o.Out, f)
		all = append(all, f)
	}
	return all, nil
}

// length is one round of the clip.
func (c *Clip) length() time.Duration {
	return time.Duration(len(c.Pictures)) * time.Second / time.Duration(c.Rate)
}

// measure runs the recorder with n cameras.
func measure(ctx context.Context, o Options, src *Source, n int) (Figures, error) {
	dir, err := os.MkdirTemp(o.Dir, "hindsight-bench-")
	if err != nil {
		return Figures{}, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a file left behind in a temporary directory
	data := filepath.Join(dir, "data")
	r, err := startRecorder(ctx, o.Program, dir, config(src.URL(), n), data)
	if err != nil {
		return Figures{}, fmt.Errorf("%d cameras: %w", n, err)
	}
	f, err := sample(ctx, o, r.pid(), data, float64(clipRate(src.clip)*float64(n)))
	if err2 := r.stop(); err == nil {
		err = err2
	}
	if err != nil {
		return f, fmt.Errorf("%d cameras: %w", n, err)
	}
	f.Cameras = n
	f.Commits /= float64(n)
	return f, nil
}

// clipRate is the clip's payload in bytes a second.
func clipRate(c *Clip) float64 { return float64(c.bytes()) / c.length().Seconds() }

// sample takes the difference between two moments.
func sample(ctx context.Context, o Options, pid int, data string, mediaRate float64) (Figures, error) {
	if err := pause(ctx, o.Warm); err != nil {
		return Figures{}, err
	}
	before, err := usageOf(pid)
	if err != nil {
		return Figures{}, err
	}
	commits, err := o.Commits(ctx, data)
	if err != nil {
		return Figures{}, err
	}
	began := time.Now()
	if err := pause(ctx, o.For); err != nil {
		return Figures{}, err
	}
	after, err := usageOf(pid)
	if err != nil {
		return Figures{}, err
	}
	commits2, err := o.Commits(ctx, data)
	if err != nil {
		return Figures{}, err
	}
	took := time.Since(began).Seconds()
	return Figures{
		CPU:     100 * (after.cpu - before.cpu).Seconds() / took,
		RSS:     after.rss,
		Peak:    after.peak,
		Written: float64(after.written-before.written) / (mediaRate * took),
		Commits: float64(commits2-commits) / took,
	}, nil
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// config names n cameras that all pull url.
func config(url string, n int) string {
	var b strings.Builder
	b.WriteString("log: {level: warn}\ncameras:\n")
	for i := range n {
		fmt.Fprintf(&b, "  cam%d: {video: %q, captions: off}\n", i+1, url)
	}
	return b.String()
}
