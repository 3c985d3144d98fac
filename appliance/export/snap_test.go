package export

import (
	"testing"
	"time"

	"hindsight/media"
)

// An edge that cuts a picture moves to the picture's beginning; any other stays.
func TestSnap(t *testing.T) {
	const ms = time.Millisecond
	video := media.Track{ID: 1, Kind: media.Video, Codec: media.MJPEG, ClockRate: 90000}
	clip := coded{track: video}
	for _, dts := range []time.Duration{0, 40, 80, 120, 1000, 1040} {
		clip.units = append(clip.units, media.Unit{Track: 1, Flags: media.Key, DTS: dts * ms, Payload: []byte{1}})
	}
	f := &fake{}
	f.put(1, base, 0, time.Hour, clip)
	f.span(1, base, base+1080*ms, "")
	for _, c := range []struct{ at, want time.Duration }{
		{40, 40}, {41, 40}, {79, 40}, {80, 80}, // within a picture
		{121, 120}, {369, 120}, {371, 371}, // one that stands for long
		{1050, 1050},                                   // nothing follows
		{0, 0}, {1080, 1080}, {5000, 5000}, {-10, -10}, // edges of the recording and beyond
	} {
		shape := f.Map()
		got, err := snap(t.Context(), f, shape, at(1, base+c.at*ms), 10*ms)
		if err != nil || got != at(1, base+c.want*ms) {
			t.Errorf("snap(%d ms) = %v, %v; want %d ms", c.at, got.Time-base, err, c.want)
		}
	}
}

// A range within one picture shows that picture, for as long as the range.
func TestRangeWithinOnePicture(t *testing.T) {
	f := &fake{}
	f.put(1, base, 0, time.Hour, h264Clip(t, "13"), opusClip(t, "13"))
	f.span(1, base, base+13*time.Second, "")
	m, file := save(t, f, at(1, base+1505*time.Millisecond), at(1, base+1525*time.Millisecond), Options{})
	decodes(t, file)
	if n := numbers(t, file); m.Length != 20*time.Millisecond || len(n) != 1 || n[0] != 45 {
		t.Errorf("frames %v for %v, want 45 for 20 ms", n, m.Length)
	}
}
