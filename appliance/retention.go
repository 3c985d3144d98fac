package appliance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// retentionEvery is how often free space is looked at: at 50 Mbit/s a minute
// takes 375 MB, well inside the reserve.
const retentionEvery = 10 * time.Second

// captionsEvery is how often captions are looked at that have outlived their media.
const captionsEvery = time.Hour

// shelf is one camera's store as retention sees it.
type shelf struct {
	camera string
	store  interface {
		NextDrop() (media.Position, bool)
		Anchors(run media.Run) media.Anchors
		DropOldest() (int64, error)
		PinnedBytes() int64
	}
}

// oldest is the wall time of what would be dropped next.
func (s shelf) oldest() (time.Time, bool) {
	p, ok := s.store.NextDrop()
	return s.store.Anchors(p.Run).Wall(p.Time), ok
}

// retention deletes the oldest segments of all cameras while less than the
// reserve is free. What pins hold stays: when they fill the disk, the newest recording goes on in
// what is left, and for as long as nothing more is, with the gap that a full disk leaves.
type retention struct {
	shelves []shelf
	free    func() (free, reserve int64, err error)
	log     *slog.Logger
	warned  bool            // that nothing is left to delete
	stuck   map[string]bool // cameras of which that was told
}

// run looks at the disk at once, then every retentionEvery, until ctx ends.
func (r *retention) run(ctx context.Context) {
	tick, captions := time.NewTicker(retentionEvery), time.NewTicker(captionsEvery)
	defer tick.Stop()
	defer captions.Stop()
	r.expire()
	for {
		r.sweep()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-captions.C:
			r.expire()
		}
	}
}

// expire deletes the captions whose time is over. Those that go with their
// media have gone with it, unless a crash came between.
func (r *retention) expire() {
	for _, s := range r.shelves {
		st, ok := s.store.(interface{ ExpireCaptions() (int, error) })
		if !ok { // in memory
			continue
		}
		switch n, err := st.ExpireCaptions(); {
		case err != nil:
			r.log.Warn("retention: captions that have had their time cannot be deleted", "camera", s.camera, "error", err)
		case n > 0:
			r.log.Info("retention: deleted captions that have had their time", "camera", s.camera, "captions", n)
		}
	}
}

// sweep deletes segments until enough is free or nothing is left to delete.
func (r *retention) sweep() {
	var segments int
	var bytes int64
	done := map[string]bool{} // cameras of which nothing more can be deleted now
	for {
		free, reserve, err := r.free()
		if err != nil {
			r.log.Warn("retention: free space cannot be read", "error", err)
			return
		}
		if free >= reserve {
			r.warned = false
		} else if freed, ok := r.dropOldest(done); ok {
			segments++
			bytes += freed
			continue
		} else if !r.warned {
			if pinned := r.pinned(); pinned > 0 {
				r.log.Error("retention: the disk is nearly full, and pins hold the rest; delete pins or make room, else only the last minutes are kept",
					"free", formatBytes(free), "wanted", formatBytes(reserve), "pinned", formatBytes(pinned))
			} else {
				r.log.Error("retention: the disk is nearly full and nothing old is left to delete; make room",
					"free", formatBytes(free), "wanted", formatBytes(reserve))
			}
			r.warned = true
		}
		if segments > 0 {
			r.log.Info("retention: deleted the oldest to make room", "segments", segments, "bytes", bytes,
				"free", free, "reserve", reserve)
		}
		return
	}
}

// pinned is what pins hold of all cameras.
func (r *retention) pinned() (bytes int64) {
	for _, s := range r.shelves {
		bytes += s.store.PinnedBytes()
	}
	return bytes
}

// problem says that pins leave too little room; empty while they do not. pinned is what they hold.
func (r *retention) problem(d disk, reserve int64) (why string, pinned int64) {
	if pinned = r.pinned(); pinned == 0 || d.free >= reserve {
		return "", pinned
	}
	for _, s := range r.shelves {
		if _, ok := s.oldest(); ok {
			return "", pinned
		}
	}
	return fmt.Sprintf("pins hold %s, and the disk is nearly full: only the last minutes are kept besides; delete pins or make room", formatBytes(pinned)), pinned
}

// dropOldest deletes from the camera whose oldest segment is oldest. When that one
// has only what is being written, or its disk refuses, it is done, and the next
// one's turn comes: a segment that cannot be deleted must not fill the disk.
func (r *retention) dropOldest(done map[string]bool) (freed int64, ok bool) {
	for {
		var pick *shelf
		var at time.Time
		for i := range r.shelves {
			s := &r.shelves[i]
			if t, ok := s.oldest(); ok && !done[s.camera] && (pick == nil || t.Before(at)) {
				pick, at = s, t
			}
		}
		if pick == nil {
			return 0, false
		}
		freed, err := pick.store.DropOldest()
		if err == nil {
			delete(r.stuck, pick.camera)
			return freed, true
		}
		done[pick.camera] = true
		if !errors.Is(err, store.ErrNoBlock) && !r.stuck[pick.camera] {
			r.log.Error("retention: the oldest segment cannot be deleted", "camera", pick.camera, "error", err)
			if r.stuck == nil {
				r.stuck = map[string]bool{}
			}
			r.stuck[pick.camera] = true
		}
	}
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
