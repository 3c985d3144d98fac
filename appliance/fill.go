package appliance

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"hindsight/appliance/fill"
	"hindsight/appliance/timeline"
	"hindsight/media"
	"hindsight/store"
)

// MostFillFrame is the most that FillOptions.FrameBytes can be.
const MostFillFrame = fill.MostFrame

// FillOptions say what recording Fill makes.
type FillOptions struct {
	Data, Camera string
	For          time.Duration // whole seconds, at least one
	End          time.Time     // of the recording
	FrameBytes   int           // pictures between key frames are padded to so many bytes; 0: not at all
	Segment      time.Duration // span of one segment file; 0: as the recorder does
	Log          *slog.Logger
	Progress     func(done time.Duration) // how much is recorded; nil: nobody wants to know
}

// Fill generates a recording of one camera, much faster than real time, in the
// blocks and segments that the recorder makes. It refuses a directory in which
// that camera has a recording, or that somebody records to. When ctx ends it returns
// its error; what is there by then is a valid recording.
func Fill(ctx context.Context, o FillOptions) (err error) {
	if err := media.CheckCamera(o.Camera); err != nil {
		return err
	}
	clip, err := fill.MakeClip(o.FrameBytes)
	if err != nil {
		return err
	}
	lock, err := lockData(o.Data)
	if err != nil {
		return err
	}
	defer lock.Close()
	dir := filepath.Join(o.Data, o.Camera)
	if entries, err := os.ReadDir(dir); len(entries) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s holds a recording already; name another directory with --data, or another camera with --camera", dir)
	}
	if err := fits(o, clip); err != nil {
		return err
	}
	fold, err := folder() // as the recorder, which else would make the search index anew
	if err != nil {
		return err
	}
	clock := fill.NewClock(o.End.Add(-o.For - fill.Lead))
	st, err := store.Open(dir, store.Options{Log: o.Log, Clock: clock, SegmentSpan: o.Segment, Fold: fold, NoSync: true})
	if err != nil {
		return fmt.Errorf("camera %s: %w", o.Camera, err)
	}
	// It commits when it is told to: a century is what Commit may be without being reached.
	tl, err := timeline.New(timeline.Options{Camera: o.Camera, Store: st, Clock: clock, Log: o.Log, Commit: 100 * 365 * 24 * time.Hour, AnchorEvery: -1})
	if err != nil {
		return errors.Join(err, st.Close())
	}
	err = fill.Write(ctx, tl, clock, fill.Options{Clip: clip, Length: o.For, Block: commitEvery, Progress: o.Progress})
	err = errors.Join(err, tl.Close(media.Off))
	if err2 := unix.Syncfs(int(lock.Fd())); err == nil && err2 != nil { // what NoSync has left out
		err = fmt.Errorf("data directory %s: %w", o.Data, err2)
	}
	return err
}

// fits says when the disk is too small for what is to be made.
func fits(o FillOptions, clip *fill.Clip) error {
	const unitBytes, blockBytes = 56, 8 << 10 // beside the payload, at most
	d, err := diskOf(o.Data)
	if err != nil {
		return err
	}
	need := int64(o.For.Seconds()) * (clip.Bytes() + int64(clip.Units())*unitBytes)
	need += int64(o.For/commitEvery) * blockBytes
	if need > d.free {
		return fmt.Errorf("%s has %d MB free, and %v of this take %d MB; choose a shorter --for or another --data", o.Data, d.free>>20, o.For, need>>20)
	}
	return nil
}
