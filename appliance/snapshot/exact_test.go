package snapshot

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"math"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// find looks a frame up that must be there.
func find(t testing.TB, d *deck, p media.Position) *Frame {
	t.Helper()
	f, err := Find(t.Context(), d.whole(), p)
	if err != nil {
		t.Fatalf("at %v (%v): %v", p, p.Time, err)
	}
	return f
}

// shows decodes the JPEG image of a frame and reads its number.
func shows(t testing.TB, f *Frame) int {
	t.Helper()
	p, err := f.JPEG(t.Context(), 0)
	must(t, err)
	m := jpegOf(t, p)
	return number(m.Y, m.YStride)
}

func jpegOf(t testing.TB, p *Picture) *image.YCbCr {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(p.JPEG))
	must(t, err)
	if b := m.Bounds(); b.Dx() != p.Width || b.Dy() != p.Height {
		t.Fatalf("the image is of %v, it is said to be of %dx%d", b.Size(), p.Width, p.Height)
	}
	return m.(*image.YCbCr)
}

// streams are ways in which cameras code, each over several groups of pictures.
func streams(t *testing.T) map[string]clip {
	return map[string]clip{
		"no B frames":        h264Clip(t, "160x96", "2.5", "-bf", "0", "-g", "30"),
		"B frames, pyramid":  h264Clip(t, "160x96", "2.5", "-bf", "3", "-x264-params", "b-pyramid=normal:keyint=30:ref=4:scenecut=0"),
		"open groups":        h264Clip(t, "160x96", "2.5", "-bf", "3", "-x264-params", "open-gop=1:b-pyramid=normal:keyint=20:min-keyint=20:scenecut=0"),
		"slices, weights":    h264Clip(t, "160x96", "2.5", "-bf", "2", "-x264-params", "slices=4:weightp=2:keyint=30"),
		"Baseline, one key":  h264Clip(t, "160x96", "2.5", "-profile:v", "baseline", "-g", "300"),
		"sides of no blocks": h264Clip(t, "170x102", "2.5", "-bf", "2", "-g", "30"),
	}
}

// At each frame's time, at the nanosecond before it, and between it and the next,
// the frame is that of its number, and its picture is the one that ffmpeg decodes.
func TestExactFrame(t *testing.T) {
	for name, c := range streams(t) {
		t.Run(name, func(t *testing.T) {
			d := newDeck(t)
			base := d.play(c, true)
			times := c.frames()
			exact := c.ordered()
			for i, m := range times {
				for _, q := range []struct {
					at   time.Duration
					want int
				}{{m - 1, i - 1}, {m, i}, {m + 1, i}, {m + 16*time.Millisecond, i}} {
					if q.want < 0 {
						continue
					}
					f := find(t, d, at(1, base+q.at))
					if f.At != at(1, base+times[q.want]) {
						t.Fatalf("at %v: the frame of %v, want that of %v", q.at, f.At.Time-base, times[q.want])
					}
					if more := c.units[len(c.units)-1].DTS > q.at; f.Final != more {
						t.Errorf("at %v: final: %v", q.at, f.Final)
					}
				}
				f := find(t, d, at(1, base+m))
				got, err := f.decode(t.Context())
				must(t, err)
				// openh264 errs a little where a B frame is predicted from two pictures by
				// halves of a block (mended by github.com/cisco/openh264/pull/4004).
				switch db := psnr(c.luma[i], got.Data[:got.Width*got.Height]); {
				case exact && !math.IsInf(db, 1), db < 28:
					t.Fatalf("frame %d is not what ffmpeg decodes: PSNR %.1f dB", i, db)
				}
				if n := shows(t, f); n != i {
					t.Fatalf("frame %d shows number %d", i, n)
				}
			}
		})
	}
}

// The image is the frame, at little loss: luma stretched to full range, as JPEG has it.
func TestImageIsNearTheFrame(t *testing.T) {
	c := h264Clip(t, "320x240", "1", "-bf", "0")
	d := newDeck(t)
	base := d.play(c, false)
	p, err := find(t, d, at(1, base+ticks(17*3000))).JPEG(t.Context(), 0)
	must(t, err)
	m := jpegOf(t, p)
	full := make([]byte, 0, 320*240)
	for _, y := range c.luma[17] {
		full = append(full, byte(max(0, min(255, (float64(y)-16)*255/219+0.5))))
	}
	if db := psnr(full, m.Y); m.YStride != 320 || db < 32 {
		t.Errorf("PSNR %.1f dB, rows of %d", db, m.YStride)
	}
}

func psnr(a, b []byte) float64 {
	var sum float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		sum += d * d
	}
	return 10 * math.Log10(255*255*float64(len(a))/sum)
}

func TestAcrossGaps(t *testing.T) {
	c := h264Clip(t, "160x96", "1.5", "-bf", "2", "-g", "15")
	frames := c.frames()
	last := frames[len(frames)-1]
	d := newDeck(t)
	first := d.play(c, true) // run 1
	lost := d.Media(d.Boot())
	d.Lose(0, lost, media.CameraLost, "unplugged")
	d.pass(time.Minute)
	d.Regain(0, d.Media(d.Boot()))
	second := d.play(c, true)
	d.next(time.Hour)
	third := d.play(c, true) // run 2
	d.Lose(media.Video, d.Media(d.Boot()), media.CameraLost, "unplugged")
	d.hum(d.Media(d.Boot()), 10*time.Second)
	d.pass(10 * time.Second)
	must(t, d.Sync(t.Context()))

	for name, q := range map[string]struct {
		p, want media.Position
		number  int
		final   bool
	}{
		"in the gap":               {at(1, lost+30*time.Second), at(1, first+last), 44, true},
		"at its beginning":         {at(1, lost+time.Millisecond), at(1, first+frames[43]), 43, true}, // the last one is shown in it
		"at its end":               {at(1, second+frames[0]-1), at(1, first+last), 44, true},
		"behind it":                {at(1, second+frames[0]), at(1, second+frames[0]), 0, true},
		"at the end of the run":    {at(1, second+last), at(1, second+last), 44, true},
		"behind the run":           {at(1, second+time.Hour), at(1, second+last), 44, true},
		"before the first of it":   {at(2, 0), at(1, second+last), 44, true},
		"in the next run":          {at(2, third+frames[20]), at(2, third+frames[20]), 20, true},
		"picture lost, sound kept": {at(2, third+5*time.Second), at(2, third+last), 44, true},
		"newest":                   {at(2, third+time.Hour), at(2, third+last), 44, false},
		"in a run to come":         {at(9, 0), at(2, third+last), 44, false},
	} {
		f := find(t, d, q.p)
		if f.At != q.want || shows(t, f) != q.number {
			t.Errorf("%s: the frame of %v (%v) shows %d, want %v (%v) and %d", name, f.At, f.At.Time, shows(t, f), q.want, q.want.Time, q.number)
		}
		if name != "newest" && name != "in a run to come" && f.Final != q.final {
			t.Errorf("%s: final: %v", name, f.Final)
		}
	}
	var none *Nothing
	if _, err := Find(t.Context(), d.whole(), at(1, first+frames[0]-1)); !errors.As(err, &none) || none.Oldest.IsZero() {
		t.Errorf("before the first frame: %v", err)
	}
}

// What is kept of a recording says the same when nobody records any more.
func TestFilesOnly(t *testing.T) {
	c := h264Clip(t, "160x96", "1.5", "-bf", "2", "-g", "15")
	d := newDeck(t)
	base := d.play(c, true)
	d.next(time.Minute)
	d.play(c, false)
	must(t, d.Close(media.Off))
	tl, err := timeline.New(timeline.Options{Camera: "cam", Store: d.mem.Reopen(), ReadOnly: true})
	must(t, err)
	d.Timeline = tl
	for i, m := range c.frames() {
		for run := range media.Run(2) {
			if n := shows(t, find(t, d, at(run+1, base+m))); n != i {
				t.Errorf("run %d, frame %d: shows %d", run+1, i, n)
			}
		}
	}
}

func TestNothingRecorded(t *testing.T) {
	d := newDeck(t)
	var none *Nothing
	if _, err := Find(t.Context(), d.whole(), at(1, time.Hour)); !errors.As(err, &none) || !none.Oldest.IsZero() {
		t.Errorf("of an empty timeline: %v", err)
	}
	d.hum(d.Media(d.Boot()), 3*time.Second)
	if _, err := Find(t.Context(), d.whole(), at(1, time.Hour)); !errors.As(err, &none) {
		t.Errorf("of sound only: %v", err)
	}
	c := h264Clip(t, "160x96", "1", "-bf", "0")
	d = newDeck(t)
	c.units = c.units[:2]
	base := d.play(c, false)
	d.Lose(media.Video, d.Media(d.Boot()), media.CameraLost, "unplugged")
	d.pass(time.Hour)
	if f := find(t, d, at(1, base+time.Minute)); shows(t, f) != 1 || f.Key {
		t.Error("the last of two frames is not found")
	}
}

func TestCancelled(t *testing.T) {
	d := newDeck(t)
	base := d.play(h264Clip(t, "160x96", "1", "-bf", "0"), false)
	f := find(t, d, at(1, base+ticks(3000*25)))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.JPEG(ended, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("decoding goes on: %v", err)
	}
}

// The key frame found for a moment is the last one that is shown at it or before and can be
// decoded alone, in open groups as well, in gaps and at the ends of runs.
func TestFindKey(t *testing.T) {
	for name, c := range streams(t) {
		d := newDeck(t)
		base := d.play(c, true)
		d.next(time.Minute)
		second := d.play(c, true)
		for run, base := range map[media.Run]time.Duration{1: base, 2: second} {
			key := 0
			for i, m := range c.frames() {
				for _, u := range c.units {
					if u.PTS() == m && u.IsKey() && begins(c.track, u.Payload) {
						key = i
					}
				}
				f, err := FindKey(t.Context(), d.whole(), at(run, base+m))
				must(t, err)
				if f.At != at(run, base+c.frames()[key]) || !f.Key || len(f.units) != 1 {
					t.Fatalf("%s: at frame %d: the frame of %v of %d units, want key frame %d", name, i, f.At.Time-base, len(f.units), key)
				}
				if run == 1 && shows(t, f) != key {
					t.Fatalf("%s: shows %d, want %d", name, shows(t, f), key)
				}
			}
			f, err := FindKey(t.Context(), d.whole(), at(run, time.Hour)) // behind the run
			must(t, err)
			if f.At != at(run, base+c.frames()[key]) {
				t.Errorf("%s: behind run %d: %v, want key frame %d", name, run, f.At, key)
			}
		}
		var none *Nothing
		if _, err := FindKey(t.Context(), d.whole(), at(1, base-1)); !errors.As(err, &none) {
			t.Errorf("%s: before the first: %v", name, err)
		}
	}
}

func BenchmarkPreview(b *testing.B) {
	d := newDeck(b)
	base := d.play(h264Clip(b, "1280x720", "4", "-bf", "0", "-g", "30"), false)
	for b.Loop() {
		f, err := FindKey(b.Context(), d.whole(), at(1, base+2500*time.Millisecond))
		must(b, err)
		_, err = f.JPEG(b.Context(), 320)
		must(b, err)
	}
}
