package camera

import (
	"errors"
	"slices"
	"testing"
)

// jpegHead is a JPEG up to its frame header.
func jpegHead(width, height int) []byte {
	return slices.Concat(
		[]byte{0xff, 0xd8, 0xff, 0xe0, 0, 4, 'A', 'B'}, // an application's segment
		[]byte{0xff, 0xff, 0xc4, 0, 3, 0},              // a fill byte, Huffman tables
		[]byte{0xff, 0xc0, 0, 11, 8, byte(height >> 8), byte(height), byte(width >> 8), byte(width), 1, 1, 0x11, 0},
	)
}

var jpegs = []struct {
	name          string
	data          []byte
	width, height int
	err           error
}{
	{"whole", jpegHead(1280, 720), 1280, 720, nil},
	{"huge", jpegHead(65535, 65535), 65535, 65535, nil},
	{"progressive", []byte{0xff, 0xd8, 0xff, 0xc2, 0, 8, 8, 0, 16, 0, 32, 1}, 32, 16, nil},
	{"stand-alone marker first", append([]byte{0xff, 0xd8, 0xff, 0x01}, jpegHead(8, 8)[2:]...), 8, 8, nil},
	{"empty", nil, 0, 0, errNoJPEG},
	{"only its start", []byte{0xff, 0xd8}, 0, 0, errNoJPEG},
	{"something else", []byte("RIFFxxxxAVI "), 0, 0, errNoJPEG},
	{"no marker", []byte{0xff, 0xd8, 1, 2, 3, 4}, 0, 0, errNoJPEG},
	{"cut in a segment", jpegHead(1280, 720)[:7], 0, 0, errJPEGCut},
	{"cut in the frame header", jpegHead(1280, 720)[:20], 0, 0, errJPEGCut},
	{"frame header too short", []byte{0xff, 0xd8, 0xff, 0xc0, 0, 4, 8, 0}, 0, 0, errJPEGCut},
	{"length too small", []byte{0xff, 0xd8, 0xff, 0xe0, 0, 1, 0, 0}, 0, 0, errJPEGCut},
	{"no width", jpegHead(0, 720), 0, 0, errJPEGSize},
	{"no height", jpegHead(1280, 0), 0, 0, errJPEGSize},
	{"scan before the size", []byte{0xff, 0xd8, 0xff, 0xda, 0, 2, 0, 0}, 0, 0, errJPEGSize},
	{"only fill bytes", []byte{0xff, 0xd8, 0xff, 0xff, 0xff, 0xff, 0xff}, 0, 0, errJPEGCut},
}

func TestJPEGSize(t *testing.T) {
	for _, c := range jpegs {
		w, h, err := jpegSize(c.data)
		if w != c.width || h != c.height || !errors.Is(err, c.err) {
			t.Errorf("%s: %dx%d, %v; want %dx%d, %v", c.name, w, h, err, c.width, c.height, c.err)
		}
	}
}

func FuzzJPEGSize(f *testing.F) {
	for _, c := range jpegs {
		f.Add(c.data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		w, h, err := jpegSize(data)
		if (err == nil) != (w > 0 && h > 0) || w > 65535 || h > 65535 {
			t.Errorf("%dx%d, %v", w, h, err)
		}
	})
}
