package camera

import (
	"bytes"
	"testing"

	"hindsight/media"
)

func TestPictureTakesThePaddingOut(t *testing.T) {
	// Rows are numbered by tens, padding is 99.
	yuyv := []byte{10, 11, 12, 13, 14, 15, 99, 99, 20, 21, 22, 23, 24, 25, 99, 99}
	tight := []byte{10, 11, 12, 13, 14, 15, 20, 21, 22, 23, 24, 25}
	// 2x2 in I420 with rows of 4 bytes in Y, 2 in U and V.
	yu12 := []byte{10, 11, 99, 99, 20, 21, 99, 99, 30, 99, 40, 99}
	for _, c := range []struct {
		name   string
		layout layout
		data   []byte
		want   []byte
		why    string
	}{
		{"padded", layout{format: formatYUYV, width: 3, height: 2, stride: 8}, yuyv, tight, ""},
		{"padded but for the last row", layout{format: formatYUYV, width: 3, height: 2, stride: 8}, yuyv[:14], tight, ""},
		{"stride named and not used", layout{format: formatYUYV, width: 3, height: 2, stride: 8}, tight, tight, ""},
		{"no stride named", layout{format: formatYUYV, width: 3, height: 2}, tight, tight, ""},
		{"stride too small", layout{format: formatYUYV, width: 3, height: 2, stride: 2}, tight, tight, ""},
		{"more than a frame", layout{format: formatYUYV, width: 3, height: 2, stride: 6}, append(bytes.Clone(tight), 1, 2, 3), tight, ""},
		{"cut off", layout{format: formatYUYV, width: 3, height: 2, stride: 8}, yuyv[:13], nil, "short frame: 13 of 14 bytes"},
		{"much too short", layout{format: formatYUYV, width: 3, height: 2, stride: 8}, yuyv[:5], nil, "short frame: 5 of 12 bytes"},
		{"planes", layout{format: formatYU12, width: 2, height: 2, stride: 4}, yu12, []byte{10, 11, 20, 21, 30, 40}, ""},
		{"odd sides", layout{format: formatYU12, width: 3, height: 3}, make([]byte, 17), make([]byte, 17), ""},
		{"unknown", layout{format: 'A', width: 2, height: 2}, yu12, nil, "unknown format A\x00\x00\x00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, why := c.layout.picture(frame{data: c.data})
			if why != c.why {
				t.Fatalf("why %q, want %q", why, c.why)
			}
			if why == "" && !bytes.Equal(p.Data, c.want) {
				t.Errorf("data %v, want %v", p.Data, c.want)
			}
		})
	}
}

func TestPictureTakesTheSizeFromWhatIsCoded(t *testing.T) {
	l := layout{format: formatMJPG, width: 1280, height: 720}
	p, why := l.picture(frame{data: jpegHead(640, 360)})
	if why != "" || p.Width != 640 || p.Height != 360 || p.Format != media.FormatMJPEG {
		t.Errorf("%dx%d %v %q, want 640x360 in JPEG", p.Width, p.Height, p.Format, why)
	}
	if _, why := l.picture(frame{data: []byte("no JPEG")}); why != "broken JPEG: it does not begin as one" {
		t.Errorf("why %q", why)
	}
	// 320x240, Constrained Baseline, as x264 writes it.
	sps := []byte{0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01, 0x41, 0xfb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0xc0, 0xf1, 0x42, 0xa4, 0x80}
	l = layout{format: formatH264, width: 1280, height: 720}
	key := append(append([]byte{0, 0, 0, 1}, sps...), 0, 0, 0, 1, 0x65, 0x88, 0x84)
	for _, data := range [][]byte{key, {0, 0, 0, 1, 0x41, 0x9a}} { // the second has no parameter set
		if p, why := l.picture(frame{data: data}); why != "" || p.Width != 320 || p.Height != 240 || p.Format != media.FormatH264 {
			t.Errorf("%dx%d %v %q, want 320x240 in H.264", p.Width, p.Height, p.Format, why)
		}
	}
}
