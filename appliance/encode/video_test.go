package encode

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"hindsight/media"
)

func newVideo(t testing.TB, o VideoOptions) *Video {
	t.Helper()
	v, err := NewVideo(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// pictureOf is a picture as a camera gives it in a format.
func pictureOf(t testing.TB, m Image, f media.Format, at time.Duration) media.Picture {
	t.Helper()
	p := media.Picture{Format: f, Width: m.Width, Height: m.Height, At: at, Data: m.Data}
	switch f {
	case media.FormatMJPEG:
		p.Data = jpegOf(t, m, 95)
	case media.FormatYUYV:
		p.Data = m.yuyv()
	}
	return p
}

// moved is the scene with its rows rolled by n.
func moved(m Image, n int) Image {
	out := NewImage(m.Width, m.Height)
	out.FullRange = m.FullRange
	copy(out.Data, m.Data)
	y, _, _ := m.Planes()
	oy, _, _ := out.Planes()
	k := n % m.Height * m.Width
	copy(oy, y[k:])
	copy(oy[len(y)-k:], y[:k])
	return out
}

func encodeOne(t testing.TB, v *Video, p media.Picture) (media.Track, media.Unit) {
	t.Helper()
	track, unit, ok, err := v.Encode(p)
	if err != nil || !ok {
		t.Fatalf("picture of %v: %v, %v", p.At, ok, err)
	}
	return track, unit
}

func TestPicturesLookTheSameAfterwards(t *testing.T) {
	for name, f := range map[string]media.Format{"MJPEG": media.FormatMJPEG, "YUYV": media.FormatYUYV, "I420": media.FormatI420} {
		t.Run(name, func(t *testing.T) {
			v := newVideo(t, VideoOptions{Rate: 30, Bitrate: 4_000_000})
			d := newH264Decoder(t)
			base := scene(640, 360, f == media.FormatMJPEG)
			for i := range 45 {
				want := moved(base, i)
				at := hour + time.Duration(i)*time.Second/30
				track, unit := encodeOne(t, v, pictureOf(t, want, f, at))
				if unit.DTS != at || unit.Offset != 0 || unit.IsKey() != (i%30 == 0) || unit.Flags&media.Lost != 0 {
					t.Fatalf("picture %d: DTS %v, offset %v, flags %b", i, unit.DTS, unit.Offset, unit.Flags)
				}
				if track.Kind != media.Video || track.Codec != media.H264 || track.ClockRate != 90000 || track.Width != 640 || track.Height != 360 {
					t.Fatalf("track %+v", track)
				}
				got, err := d.Decode(unit.Payload)
				if err != nil {
					t.Fatal(err)
				}
				checkNear(t, fmt.Sprintf("picture %d", i), got, want, 4)
			}
		})
	}
}

func TestParameterSetsStayTheSame(t *testing.T) {
	v := newVideo(t, VideoOptions{Rate: 10})
	var config []byte
	for i := range 35 {
		at := hour + time.Duration(i)*100*time.Millisecond
		track, unit := encodeOne(t, v, pictureOf(t, moved(scene(320, 240, false), i), media.FormatI420, at))
		if config == nil {
			config = track.Config
		}
		if len(config) == 0 || !bytes.Equal(track.Config, config) {
			t.Fatalf("picture %d: config %x, was %x", i, track.Config, config)
		}
		split, err := SplitLengths(unit.Payload)
		if err != nil {
			t.Fatal(err)
		}
		want := 1 // one slice
		if unit.IsKey() {
			want = 3
			if !bytes.HasPrefix(unit.Payload, config) {
				t.Errorf("picture %d does not begin with its parameter sets", i)
			}
		}
		if len(split) != want {
			t.Errorf("picture %d has %d NAL units, want %d", i, len(split), want)
		}
	}
	if sps := config[4:]; sps[1] != 66 || sps[2]&0x40 == 0 {
		t.Errorf("profile %d, constraints %08b: want 66, Constrained Baseline", sps[1], sps[2])
	}
}

func TestAKeyFrameInEverySecond(t *testing.T) {
	for _, c := range []struct {
		rate   float64
		jitter time.Duration
	}{{30, 0}, {30, 15 * time.Millisecond}, {29.97, 0}, {25, 10 * time.Millisecond}, {15, 0}, {14.985, 0}, {7.5, 30 * time.Millisecond}, {60, 5 * time.Millisecond}, {3, 0}, {1, 0}} {
		t.Run(fmt.Sprintf("%g/s jitter %v", c.rate, c.jitter), func(t *testing.T) {
			v := newVideo(t, VideoOptions{Rate: c.rate})
			r := rand.New(rand.NewPCG(1, 1))
			keys, end := 0, time.Duration(0)
			half := time.Duration(5e8 / c.rate)
			for i := 0; float64(i) < 20*c.rate; i++ {
				at := hour + time.Duration(float64(i)/c.rate*1e9)
				if c.jitter > 0 && i > 0 {
					at += time.Duration(r.Int64N(int64(c.jitter)))
				}
				_, unit := encodeOne(t, v, pictureOf(t, moved(scene(64, 64, false), i), media.FormatI420, at))
				end = at
				if unit.IsKey() {
					if want := hour + time.Duration(keys)*time.Second; (at - want).Abs() > half+c.jitter+time.Millisecond {
						t.Errorf("key frame %d is at %v, want %v", keys, at-hour, want-hour)
					}
					keys++
				}
			}
			if want := int((end+half-hour)/time.Second) + 1; keys != want {
				t.Errorf("%d key frames in %v, want %d", keys, end-hour, want)
			}
		})
	}
}

func TestAMachineThatNeverRestarts(t *testing.T) {
	for _, up := range []time.Duration{24 * 24 * time.Hour, 25 * 24 * time.Hour, 50 * 24 * time.Hour, 20 * 365 * 24 * time.Hour} {
		v := newVideo(t, VideoOptions{Rate: 10, Bitrate: 200_000})
		bytes := 0
		for i := range 40 {
			at := up + time.Duration(i)*100*time.Millisecond
			_, unit := encodeOne(t, v, pictureOf(t, moved(scene(320, 240, false), i), media.FormatI420, at))
			if unit.IsKey() != (i%10 == 0) || unit.DTS != at {
				t.Errorf("%v after the start: picture %d: key %v, DTS %v", up, i, unit.IsKey(), unit.DTS)
			}
			bytes += len(unit.Payload)
		}
		if bytes < 20_000 || bytes > 200_000 { // 4 s at 25 kB/s
			t.Errorf("%v after the start: %d bytes in 4 s", up, bytes)
		}
	}
}

func TestForceKey(t *testing.T) {
	v := newVideo(t, VideoOptions{Rate: 10})
	var keys []int
	for i := range 30 {
		if i == 14 {
			v.ForceKey()
		}
		at := hour + time.Duration(i)*100*time.Millisecond
		if _, unit := encodeOne(t, v, pictureOf(t, moved(scene(64, 64, false), i), media.FormatI420, at)); unit.IsKey() {
			keys = append(keys, i)
		}
	}
	if want := "[0 10 14 24]"; fmt.Sprint(keys) != want {
		t.Errorf("key frames %v, want %v", keys, want)
	}
}

func TestTheSizeMayChange(t *testing.T) {
	v := newVideo(t, VideoOptions{Rate: 10})
	d := newH264Decoder(t)
	for i, s := range []struct {
		width, height int
		key           bool
	}{{640, 480, true}, {640, 480, false}, {320, 240, true}, {320, 240, false}, {1280, 720, true}, {640, 480, true}} {
		want := scene(s.width, s.height, false)
		track, unit := encodeOne(t, v, pictureOf(t, want, media.FormatYUYV, hour+time.Duration(i)*100*time.Millisecond))
		if unit.IsKey() != s.key || int(track.Width) != s.width || int(track.Height) != s.height {
			t.Errorf("picture %d: key %v, track %dx%d", i, unit.IsKey(), track.Width, track.Height)
		}
		got, err := d.Decode(unit.Payload)
		if err != nil {
			t.Fatal(err)
		}
		checkNear(t, fmt.Sprintf("picture %d", i), got, want, 6)
	}
}

func TestTheFormatMayChange(t *testing.T) {
	v := newVideo(t, VideoOptions{Rate: 10})
	d := newH264Decoder(t)
	for i, f := range []media.Format{media.FormatMJPEG, media.FormatYUYV, media.FormatMJPEG, media.FormatI420} {
		want := scene(320, 240, f == media.FormatMJPEG)
		_, unit := encodeOne(t, v, pictureOf(t, want, f, hour+time.Duration(i)*100*time.Millisecond))
		got, err := d.Decode(unit.Payload)
		if err != nil || !unit.IsKey() {
			t.Fatalf("picture %d: key %v, %v", i, unit.IsKey(), err)
		}
		checkNear(t, fmt.Sprintf("picture %d", i), got, want, 6)
	}
}

func TestABrokenPictureIsDroppedAndTheNextSaysSo(t *testing.T) {
	onlyDecodingShows := []string{"restart marker out of place", "taller than its data", "zeros in the place of the scan", "EOI inside the scan"}
	good := jpegOf(t, scene(320, 240, true), 85)
	for _, untouched := range []bool{false, true} {
		v := newVideo(t, VideoOptions{Rate: 30, Untouched: untouched})
		at := hour
		for name, bad := range brokenJPEG(t) {
			if untouched && slices.Contains(onlyDecodingShows, name) {
				continue
			}
			for i, data := range [][]byte{bad, good, good} {
				at++
				p := media.Picture{Format: media.FormatMJPEG, Width: 320, Height: 240, At: at, Data: data}
				_, unit, ok, err := v.Encode(p)
				if ok != (i > 0) || (err == nil) != ok {
					t.Errorf("%s, untouched %v, picture %d: %v, %v", name, untouched, i, ok, err)
				}
				if lost := unit.Flags&media.Lost != 0; lost != (i == 1) {
					t.Errorf("%s, untouched %v, picture %d: flags %b", name, untouched, i, unit.Flags)
				}
			}
		}
	}
}

func TestRawPicturesThatAreTooShort(t *testing.T) {
	v := newVideo(t, VideoOptions{Rate: 30})
	for i, p := range []media.Picture{
		{Format: media.FormatYUYV, Width: 64, Height: 64, Data: make([]byte, 64*64*2-1)},
		{Format: media.FormatI420, Width: 64, Height: 64, Data: make([]byte, 64*64*3/2-1)},
		{Format: media.FormatI420, Width: 65, Height: 65, Data: make([]byte, 65*65*3/2)},
		{Format: media.FormatYUYV, Width: 0, Height: 64},
		{Format: media.FormatYUYV, Width: -64, Height: -64},
		{Format: media.FormatI420, Width: 1 << 31, Height: 1 << 31},
		{Format: 9, Width: 64, Height: 64, Data: make([]byte, 1<<20)},
		{Width: 64, Height: 64},
	} {
		p.At = hour
		if _, _, ok, err := v.Encode(p); ok || err == nil {
			t.Errorf("picture %d: %v, %v", i, ok, err)
		}
	}
}

func TestOddSidesLoseTheirLastRow(t *testing.T) {
	v := newVideo(t, VideoOptions{Rate: 30})
	data := make([]byte, 65*47+2*33*24)
	for i := range data {
		data[i] = byte(90 + i%65/8)
	}
	track, unit := encodeOne(t, v, media.Picture{Format: media.FormatI420, Width: 65, Height: 47, At: hour, Data: data})
	if track.Width != 64 || track.Height != 46 {
		t.Errorf("track %dx%d, want 64x46", track.Width, track.Height)
	}
	if m, err := newH264Decoder(t).Decode(unit.Payload); err != nil || m.Width != 64 || m.Height != 46 {
		t.Errorf("decoded to %dx%d, %v", m.Width, m.Height, err)
	}
}

func TestStampsHaveToRise(t *testing.T) {
	m := scene(64, 64, false)
	v := newVideo(t, VideoOptions{Rate: 30})
	for _, c := range []struct {
		at time.Duration
		ok bool
	}{{hour, true}, {hour, false}, {hour - 1, false}, {hour + 1, true}, {0, false}, {hour + 2, true}} {
		if _, unit, ok, err := v.Encode(pictureOf(t, m, media.FormatI420, c.at)); ok != c.ok || (err == nil) != c.ok || ok && unit.DTS != c.at {
			t.Errorf("picture of %v: DTS %v, %v, %v", c.at, unit.DTS, ok, err)
		}
	}
}

func TestScalingDown(t *testing.T) {
	v := newVideo(t, VideoOptions{Rate: 30, Width: 640, Height: 640, Bitrate: 3_000_000})
	track, unit := encodeOne(t, v, pictureOf(t, scene(1280, 720, false), media.FormatI420, hour))
	if track.Width != 640 || track.Height != 360 {
		t.Fatalf("1280x720 became %dx%d, want 640x360", track.Width, track.Height)
	}
	got, err := newH264Decoder(t).Decode(unit.Payload)
	if err != nil {
		t.Fatal(err)
	}
	want, err := scene(1280, 720, false).Scale(640, 360)
	if err != nil {
		t.Fatal(err)
	}
	checkNear(t, "scaled", got, want, 4)
	if y, _, _ := want.Planes(); y[0] < 39 || y[0] > 41 || y[639] < 187 || y[639] > 191 {
		t.Errorf("the first row goes from %d to %d, want 40 to 189", y[0], y[639])
	}
}

func TestKeepingFewerPictures(t *testing.T) {
	for _, c := range []struct {
		rate, keep float64
		want       int
	}{{30, 15, 150}, {30, 10, 100}, {30, 20, 200}, {25, 12.5, 125}, {30, 30, 300}, {30, 0, 300}, {30, 60, 300}} {
		v := newVideo(t, VideoOptions{Rate: c.rate, Keep: c.keep})
		r := rand.New(rand.NewPCG(1, 1))
		m := scene(64, 64, false)
		kept := 0
		for i := range int(10 * c.rate) {
			at := hour + time.Duration(float64(i)/c.rate*1e9) + time.Duration(r.Int64N(int64(4*time.Millisecond)))
			_, _, ok, err := v.Encode(pictureOf(t, m, media.FormatI420, at))
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				kept++
			}
		}
		if kept < c.want-2 || kept > c.want+2 {
			t.Errorf("%g of %g a second: %d pictures in 10 s, want %d", c.keep, c.rate, kept, c.want)
		}
	}
}

func TestUntouched(t *testing.T) {
	v := newVideo(t, VideoOptions{Rate: 30, Untouched: true})
	p := pictureOf(t, scene(320, 240, true), media.FormatMJPEG, hour)
	track, unit := encodeOne(t, v, p)
	if track.Codec != media.MJPEG || track.ClockRate != 90000 || track.Width != 320 || track.Height != 240 || track.Config != nil {
		t.Errorf("track %+v", track)
	}
	if unit.Flags != media.Key || unit.DTS != hour || !bytes.Equal(unit.Payload, p.Data) {
		t.Errorf("flags %b, DTS %v, %d bytes of %d", unit.Flags, unit.DTS, len(unit.Payload), len(p.Data))
	}
	p.Data, p.At = without(t, p.Data, jpegDHT), hour+1
	if _, unit = encodeOne(t, v, p); !bytes.Contains(unit.Payload, []byte(standardDHT)) {
		t.Error("an image without Huffman tables is kept without them")
	}
}

func TestOneDamagedSizeIsNotBelieved(t *testing.T) {
	for _, untouched := range []bool{false, true} {
		v := newVideo(t, VideoOptions{Rate: 30, Untouched: untouched})
		small, large := jpegOf(t, scene(320, 240, true), 80), jpegOf(t, scene(640, 480, true), 80)
		for i, c := range []struct {
			data []byte
			ok   bool
		}{{small, true}, {large, false}, {small, true}, {large, false}, {large, true}, {large, true}, {small, true}} {
			p := media.Picture{Format: media.FormatMJPEG, Width: 320, Height: 240, At: hour + time.Duration(i), Data: c.data}
			if _, _, ok, err := v.Encode(p); ok != c.ok {
				t.Errorf("untouched %v: picture %d: %v, %v", untouched, i, ok, err)
			}
		}
	}
}

func TestPassingThrough(t *testing.T) {
	v := newVideo(t, VideoOptions{Rate: 25})
	annexB := func(s string) []byte { return JoinAnnexB(nals(s)...) }
	ms := func(n int) time.Duration { return hour + time.Duration(n)*time.Millisecond }
	for i, c := range []struct {
		at    time.Duration
		data  []byte
		ok    bool
		fault bool
		dts   time.Duration
		flags media.Flags
	}{
		{ms(0), annexB(pSlice), false, false, 0, 0},
		{ms(40), annexB(sps360 + " " + ppsX264), false, false, 0, 0},
		{ms(80), annexB(aud + " " + idr), true, false, ms(80), media.Key},
		{ms(120), annexB(pSlice), true, false, ms(120), 0},
		{ms(160), annexB("c19a21"), false, true, 0, 0},
		{ms(200), annexB(pSlice), true, false, ms(200), media.Lost},
		{ms(190), annexB(pSlice), true, false, ms(200) + leastGap, 0}, // put right, not dropped
		{ms(240), annexB(pSlice), true, false, ms(240), 0},
		{ms(240) - 2*time.Second, annexB(pSlice), false, true, 0, 0},
		{ms(280), []byte("not H.264"), false, true, 0, 0},
		{ms(320), annexB(idr), true, false, ms(320), media.Key | media.Lost},
	} {
		track, unit, ok, err := v.Encode(media.Picture{Format: media.FormatH264, Width: 640, Height: 360, At: c.at, Data: c.data})
		if ok != c.ok || (err != nil) != c.fault || unit.DTS != c.dts || unit.Flags != c.flags {
			t.Errorf("picture %d: %v, DTS %v, flags %b, %v", i, ok, unit.DTS, unit.Flags, err)
		}
		if ok && (track.Codec != media.H264 || track.Width != 640 || track.Height != 360 || len(track.Config) == 0) {
			t.Errorf("picture %d: track %+v", i, track)
		}
	}
}

func TestVideoOptionsOutOfRange(t *testing.T) {
	for _, o := range []VideoOptions{{}, {Rate: -1}, {Rate: 2000}, {Rate: 30, Bitrate: -1}, {Rate: 30, Width: -1}, {Rate: 30, Keep: -1}} {
		if _, err := NewVideo(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}
