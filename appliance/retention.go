package appliance

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"hindsight/store"
)

// retentionEvery is how often free space is looked at: at 50 Mbit/s a minute
// takes 375 MB, well inside the reserve.
const retentionEvery = 10 * time.Second

// shelf is one camera's store as retention sees it.
type shelf struct {
	camera string
	store  interface {
		Runs() []store.RunInfo
		DropOldest() (int64, error)
	}
}

// oldest is the wall time of what would be dropped next.
func (s shelf) oldest() (time.Time, bool) {
	for _, r := range s.store.Runs() {
		if r.Segments > 0 {
			return r.Anchors.Wall(r.First), true
		}
	}
	return time.Time{}, false
}

// retention deletes the oldest segments of all cameras while less than the
// reserve is free.
type retention struct {
	shelves []shelf
	free    func() (free, reserve int64, err error)
	log     *slog.Logger
	warned  bool
}

// run looks at the disk at once, then every retentionEvery, until ctx ends.
func (r *retention) run(ctx context.Context) {
	tick := time.NewTicker(retentionEvery)
	defer tick.Stop()
	for {
		r.sweep()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sweep deletes segments until enough is free or nothing is left to delete.
func (r *retention) sweep() {
	for {
		free, reserve, err := r.free()
		if err != nil {
			r.log.Warn("retention: free space cannot be read", "error", err)
			return
		}
		if free >= reserve {
			r.warned = false
			return
		}
		freed, camera, err := r.dropOldest()
		if errors.Is(err, store.ErrNoBlock) {
			if !r.warned {
				r.log.Error("retention: the disk is nearly full and nothing old is left to delete; make room",
					"free", formatBytes(free), "wanted", formatBytes(reserve))
				r.warned = true
			}
			return
		}
		if err != nil {
			r.log.Error("retention: the oldest segment cannot be deleted", "camera", camera, "error", err)
			return
		}
		r.log.Info("retention: deleted the oldest segment", "camera", camera, "bytes", freed,
			"free", free, "reserve", reserve)
	}
}

// dropOldest deletes from the camera whose oldest segment is oldest; when that
// one has only what is being written, from the next.
func (r *retention) dropOldest() (int64, string, error) {
	tried := map[string]bool{}
	for range r.shelves {
		var pick *shelf
		var at time.Time
		for i := range r.shelves {
			s := &r.shelves[i]
			if t, ok := s.oldest(); ok && !tried[s.camera] && (pick == nil || t.Before(at)) {
				pick, at = s, t
			}
		}
		if pick == nil {
			break
		}
		freed, err := pick.store.DropOldest()
		if !errors.Is(err, store.ErrNoBlock) {
			return freed, pick.camera, err
		}
		tried[pick.camera] = true
	}
	return 0, "", store.ErrNoBlock
}

// daysThatFit estimates how long the recording can be before the oldest goes:
// what is there and what is free above the reserve, at bytesPerSecond.
func daysThatFit(free, reserve, kept int64, bytesPerSecond float64) float64 {
	if bytesPerSecond <= 0 {
		return 0
	}
	room := max(free-reserve, 0) + kept
	return float64(room) / bytesPerSecond / (24 * 60 * 60)
}

// rateOf is the bytes a second that a camera writes: measured over what is
// kept, or, with less than a minute of that, what the configuration asks for.
func rateOf(runs []store.RunInfo, c CameraConfig) float64 {
	var bytes int64
	var long time.Duration
	for _, r := range runs {
		if r.Last > r.First {
			bytes += r.FileBytes
			long += r.Last - r.First
		}
	}
	if long >= time.Minute {
		return float64(bytes) / long.Seconds()
	}
	rate := 0.0
	if c.Video != "none" {
		rate += float64(c.VideoBitrate)
	}
	if c.Audio != "none" {
		rate += float64(c.AudioBitrate)
	}
	return rate / 8 * 1.06 // measured: 1.05 to 1.06 bytes of file per byte of media (store.BenchmarkCommit)
}
