package appliance

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hindsight/appliance/export"
	"hindsight/appliance/timeline"
	"hindsight/media"
	"hindsight/store"
)

// bubbleClock is the time of a synctest bubble, which passes only while
// everybody waits: ten minutes take as long as encoding them, and no encoder is too slow.
type bubbleClock struct{ start time.Time }

func (c bubbleClock) Boot() time.Duration     { return time.Hour + time.Since(c.start) }
func (c bubbleClock) Wall() (time.Time, bool) { return time.Now().UTC(), true }

// Ten minutes of the demo source go through the encoders, the timeline, the
// store and the export: 18,000 frames with none missing or doubled, no hole in the
// sound, flash and beep together in the first and in the last minute, and every word in its place.
func TestTenMinutesOfDemo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "ten.mp4")
	const long = 10 * time.Minute
	synctest.Test(t, func(t *testing.T) {
		clock := bubbleClock{time.Now()}
		st, err := store.Open(filepath.Join(dir, "cam"), store.Options{Clock: clock, SegmentSpan: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		tl, err := timeline.New(timeline.Options{Camera: "cam", Store: st, Clock: clock, Commit: commitEvery})
		if err != nil {
			t.Fatal(err)
		}
		conf := CameraConfig{Name: "cam", Video: "demo", Audio: "demo", Width: 320, Height: 180, Rate: 30, VideoBitrate: 500_000, AudioBitrate: 64_000}
		cam := newCamera(conf, newMachine(clock, quiet), clock, quiet, st, tl)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { cam.run(ctx) })
		time.Sleep(long + 5*time.Second) // in the bubble
		cancel()
		wg.Wait()
		if d := cam.drops.list(); len(d) > 0 {
			t.Errorf("dropped: %+v", d)
		}
		save(t, tl, file, 2*time.Second+17*time.Millisecond, long)
		if err := tl.Close(media.Off); err != nil {
			t.Fatal(err)
		}
	})
	if r, err := store.Check(filepath.Join(dir, "cam")); err != nil || !r.Clean() {
		t.Errorf("check: %v, %v", err, r.Broken)
	}
	cmd := exec.Command("go", "run", "./cmd/measure", "-frames", "18000", "-max-offset", "20ms", "-no-gaps", "-words", "50ms", file)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("measure: %v", err)
	}
}

// save exports a stretch of the first run.
func save(t *testing.T, tl *timeline.Timeline, file string, from, long time.Duration) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	run := tl.Run()
	if _, err := export.MP4(t.Context(), export.Of(tl), media.Position{Run: run, Time: from},
		media.Position{Run: run, Time: from + long}, f, export.Options{}); err != nil {
		t.Fatal(err)
	}
}
