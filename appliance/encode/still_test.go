package encode

import (
	"bytes"
	"image/color"
	"image/jpeg"
	"testing"
	"time"

	"hindsight/media"
)

func newJPEGEncoder(t testing.TB) *JPEGEncoder {
	t.Helper()
	e, err := NewJPEGEncoder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// Colours coded by BT.709 come out of a JPEG image, which knows BT.601 only, as
// they were. The values are those of Rec. ITU-R BT.709 for full range.
func TestBT709InJPEG(t *testing.T) {
	e := newJPEGEncoder(t)
	for _, c := range []struct{ r, g, b, y, u, v byte }{
		{255, 0, 0, 54, 99, 255}, {0, 255, 0, 182, 30, 12}, {0, 0, 255, 18, 255, 116}, {128, 128, 128, 128, 128, 128}, {200, 40, 90, 78, 135, 206},
	} {
		m := NewImage(32, 16)
		m.FullRange, m.BT709 = true, true
		for p, b := range map[int]byte{0: c.y, 1: c.u, 2: c.v} {
			y, u, v := m.Planes()
			plane := [3][]byte{y, u, v}[p]
			for i := range plane {
				plane[i] = b
			}
		}
		data, err := e.Encode(m, 100)
		if err != nil {
			t.Fatal(err)
		}
		got, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		rgb := color.RGBAModel.Convert(got.At(16, 8)).(color.RGBA)
		for i, d := range [3]int{int(rgb.R) - int(c.r), int(rgb.G) - int(c.g), int(rgb.B) - int(c.b)} {
			if d < -5 || d > 5 {
				t.Errorf("%v comes out as %v: component %d is off by %d", c, rgb, i, d)
			}
		}
	}
}

// A picture that was scaled down may be smaller than any camera's.
func TestSmallPictures(t *testing.T) {
	m, err := scene(160, 90, true).Scale(16, 9)
	if err != nil || m.Width != 16 || m.Height != 8 || !m.FullRange {
		t.Fatalf("%dx%d, %v", m.Width, m.Height, err)
	}
	data, err := newJPEGEncoder(t).Encode(m, 85)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := jpeg.Decode(bytes.NewReader(data)); err != nil || got.Bounds().Dx() != 16 || got.Bounds().Dy() != 8 {
		t.Errorf("%v", err)
	}
	for _, size := range [][2]int{{1, 8}, {8, 0}, {-2, 8}, {20000, 2}} {
		if _, err := scene(160, 90, true).Scale(size[0], size[1]); err == nil {
			t.Errorf("scaled to %v", size)
		}
	}
}

// A picture that was followed only is as good for those after it as one handed out.
func TestFollow(t *testing.T) {
	v := newVideo(t, VideoOptions{Rate: 10})
	d, followed := newH264Decoder(t), newH264Decoder(t)
	var want, got Image
	for i := range 9 {
		_, unit := encodeOne(t, v, pictureOf(t, moved(scene(320, 240, false), i), media.FormatI420, hour+time.Duration(i)*100*time.Millisecond))
		var err error
		if want, err = d.Decode(unit.Payload); err != nil {
			t.Fatal(err)
		}
		if i < 8 {
			err = followed.Follow(unit.Payload)
		} else {
			got, err = followed.Decode(unit.Payload)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got.Data, want.Data) {
		t.Error("another picture")
	}
	followed.Close()
	if err := followed.Follow(nil); err == nil {
		t.Error("a closed decoder decodes")
	}
}
