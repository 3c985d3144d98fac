package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
)

// ReplayOptions say what is measured of replay over RTSP.
type ReplayOptions struct {
	Program      string // the recorder: `Program serve …` must work
	Data, Camera string // a recording, which gets a gap: the camera of the recorder that replays it does not answer
	Seeks        int    // 0: none
	Cold         bool   // the page cache is dropped before each
	Viewers      []int  // how many at once, each from a moment of its own; one row of the table each
	Warm         time.Duration
	For          time.Duration // how long each row is measured
	JSON         bool
	Out          io.Writer
}

// Replay is what was measured.
type Replay struct {
	History float64   `json:"history_seconds"` // recorded
	Bytes   int64     `json:"history_bytes"`   // of its segments
	Cold    bool      `json:"cold"`
	Seek    *Latency  `json:"seek,omitempty"`
	Idle    float64   `json:"idle_cpu_percent"` // of the recorder without viewers
	Watch   []Watched `json:"watch,omitempty"`
}

// RunReplay measures how fast a seek is, and what viewers cost, and prints it.
func RunReplay(ctx context.Context, o ReplayOptions) (rep Replay, err error) {
	if o.Seeks == 0 && len(o.Viewers) == 0 {
		return rep, errNobody
	}
	if o.Cold {
		if err := dropCache(); err != nil {
			return rep, err
		}
	}
	rep.Cold = o.Cold
	segments := filepath.Join(o.Data, o.Camera, "segments")
	if rep.Bytes, err = sizeOf(segments); err != nil {
		return rep, fmt.Errorf("there is no recording of camera %s in %s: %w; make one with `hindsight bench fill`", o.Camera, o.Data, err)
	}
	if err := rep.seeks(ctx, o, segments); err != nil {
		return rep, err
	}
	for i, n := range o.Viewers {
		if err := rep.watch(ctx, o, n, i == 0); err != nil {
			return rep, fmt.Errorf("%d viewers: %w", n, err)
		}
	}
	if o.JSON {
		e := json.NewEncoder(o.Out)
		e.SetIndent("", "  ")
		return rep, e.Encode(rep)
	}
	return rep, nil
}

// with runs a recorder while f does something with its address.
func (o ReplayOptions) with(ctx context.Context, f func(r *recorder, address string) error) error {
	dir, err := os.MkdirTemp("", "hindsight-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a file left behind in a temporary directory
	r, err := startRecorder(ctx, o.Program, dir, replayConfig(o.Camera), o.Data)
	if err != nil {
		return err
	}
	address, err := history(ctx, r.address)
	if err == nil {
		err = f(r, address)
	}
	if err2 := r.stop(); err == nil {
		err = err2
	}
	return err
}

// history is the address at which the whole recording of a camera is played. The
// timeline leads into live and may not be there while the camera shows nothing;
// from a moment before the first on, the same is played.
func history(ctx context.Context, live string) (string, error) {
	address := live + "/timeline"
	v, err := dial(ctx, address)
	if no := (*refused)(nil); errors.As(err, &no) && no.code == base.StatusServiceUnavailable {
		address = live + "/at/19700101T000000Z"
		v, err = dial(ctx, address)
	}
	if err != nil {
		return "", err
	}
	v.close()
	return address, nil
}

// replayConfig is a recorder that records nothing, as its camera does not
// answer, and that captions nothing and deletes nothing.
func replayConfig(camera string) string {
	return fmt.Sprintf("log: {level: error}\nstore: {min_free_percent: 0, min_free: 0}\ncaptions: {keep: forever}\n"+
		"cameras:\n  %s: {video: 'rtsp://127.0.0.1:1/nobody', captions: off}\n", camera)
}

// seeks measures the seeks.
func (rep *Replay) seeks(ctx context.Context, o ReplayOptions, segments string) error {
	if o.Seeks == 0 {
		return nil
	}
	if !o.Cold {
		if err := readAll(ctx, segments); err != nil {
			return err
		}
	}
	return o.with(ctx, func(_ *recorder, address string) error {
		if err := rep.length(ctx, address); err != nil {
			return err
		}
		l, err := seeks(ctx, address, o.Seeks, o.Cold)
		if err != nil {
			return err
		}
		rep.Seek = &l
		if !o.JSON {
			rep.printHead(o)
			how := "page cache warm"
			if o.Cold {
				how = "page cache dropped before each"
			}
			fmt.Fprintf(o.Out, "%d seeks, %s, %d told by the picture:  p50 %.1f ms  p95 %.1f ms  p99 %.1f ms  most %.1f ms\n",
				l.Seeks, how, l.Proven, l.P50, l.P95, l.P99, l.Most)
		}
		return nil
	})
}

// length asks how long the history is.
func (rep *Replay) length(ctx context.Context, address string) error {
	v, err := dial(ctx, address)
	if err == nil {
		rep.History = v.length.Seconds()
		v.close()
	}
	return err
}

// fillCache is how many seeks fill the recorder's cache of blocks, so that it
// is not taken for memory of the viewers.
const fillCache = 80

// watch measures n viewers on a recorder of their own.
func (rep *Replay) watch(ctx context.Context, o ReplayOptions, n int, first bool) error {
	return o.with(ctx, func(r *recorder, address string) error {
		if rep.History == 0 {
			if err := rep.length(ctx, address); err != nil {
				return err
			}
		}
		if rep.History > 0 {
			if _, err := seeks(ctx, address, fillCache, false); err != nil {
				return err
			}
		}
		if first {
			idle, err := idleOf(ctx, r.pid(), o.For)
			if err != nil {
				return err
			}
			rep.Idle = idle
			if !o.JSON {
				if rep.Seek == nil {
					rep.printHead(o)
				}
				fmt.Fprintf(o.Out, "viewers  cpu/core  cpu/viewer  rss/viewer  of it anonymous  received/viewer  behind\n%7d  %6.2f %%\n", 0, idle)
			}
		}
		before, err := usageOf(r.pid())
		if err != nil {
			return err
		}
		c, err := gather(ctx, address, n, o.Warm+o.For+time.Duration(n)*seekPause)
		if err != nil {
			return err
		}
		w, err := c.measure(ctx, r.pid(), rep.Idle, before, o.Warm, o.For)
		c.leave()
		if err != nil {
			return err
		}
		rep.Watch = append(rep.Watch, w)
		if !o.JSON {
			fmt.Fprint(o.Out, w)
		}
		return nil
	})
}

// String is a row of the table.
func (w Watched) String() string {
	return fmt.Sprintf("%7d  %6.2f %%  %8.3f %%  %7.0f kB  %12.0f kB  %8.3f Mbit/s  %6d\n",
		w.Viewers, w.CPU, w.Each, w.RSS/1000, w.Memory/1000, w.Received*8/1e6, w.Behind)
}

// idleOf is the CPU that a recorder takes by itself, in percent of a core.
func idleOf(ctx context.Context, pid int, d time.Duration) (float64, error) {
	from, err := usageOf(pid)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	if err := pause(ctx, d); err != nil {
		return 0, err
	}
	to, err := usageOf(pid)
	return 100 * (to.cpu - from.cpu).Seconds() / time.Since(began).Seconds(), err
}

func (rep *Replay) printHead(o ReplayOptions) {
	length := time.Duration(rep.History * float64(time.Second)).Round(time.Second)
	rate := 0.0
	if rep.History > 0 {
		rate = float64(rep.Bytes) * 8 / rep.History / 1e6
	}
	fmt.Fprintf(o.Out, "replay over RTSP and TCP: %v of camera %s, %.2f Mbit/s on disk\n", length, o.Camera, rate)
}

// sizeOf is the size of the files in a directory.
func sizeOf(dir string) (n int64, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if fi, err := e.Info(); err == nil {
			n += fi.Size()
		}
	}
	return n, nil
}

// readAll reads every file in a directory, so that the kernel has it in memory as far as it goes in.
func readAll(ctx context.Context, dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || ctx.Err() != nil {
			return cmp.Or(err, ctx.Err())
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(io.Discard, f)
		return err
	})
}
