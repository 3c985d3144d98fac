package encode

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	stdjpeg "image/jpeg"
	"math"
	"os"
	"testing"
)

// segments of a JPEG image, by marker: what stands in front of the scan.
func segments(t testing.TB, data []byte) (head [][]byte, scan []byte) {
	t.Helper()
	at := 2
	for {
		n := 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		if data[at+1] == jpegSOS {
			return head, data[at:]
		}
		head = append(head, data[at:at+n])
		at += n
	}
}

// without leaves out the segments of a marker.
func without(t testing.TB, data []byte, marker byte) []byte {
	t.Helper()
	out := []byte{0xFF, jpegSOI}
	head, scan := segments(t, data)
	for _, s := range head {
		if s[1] != marker {
			out = append(out, s...)
		}
	}
	return append(out, scan...)
}

// scene is a picture with soft and hard edges in luma and chroma.
func scene(width, height int, full bool) Image {
	m := NewImage(width, height)
	m.FullRange = full
	y, u, v := m.Planes()
	for r := range m.Height {
		for c := range m.Width {
			y[r*m.Width+c] = byte(40 + 150*c/m.Width + r/8%2*20)
		}
	}
	for i := range u {
		r, c := i/(m.Width/2), i%(m.Width/2)
		u[i], v[i] = byte(80+80*r/(m.Height/2)), byte(100+60*c/(m.Width/2))
	}
	return m
}

func jpegOf(t testing.TB, m Image, quality int) []byte {
	t.Helper()
	e, err := NewJPEGEncoder()
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	data, err := e.Encode(m, quality)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// far is the mean distance between two planes.
func far(a, b []byte) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	sum := 0.0
	for i := range a {
		sum += math.Abs(float64(a[i]) - float64(b[i]))
	}
	return sum / float64(len(a))
}

func checkNear(t *testing.T, name string, got, want Image, most float64) {
	t.Helper()
	if got.Width != want.Width || got.Height != want.Height || got.FullRange != want.FullRange {
		t.Fatalf("%s: %dx%d, full range %v; want %dx%d, %v", name, got.Width, got.Height, got.FullRange, want.Width, want.Height, want.FullRange)
	}
	gy, gu, gv := got.Planes()
	wy, wu, wv := want.Planes()
	if y, u, v := far(gy, wy), far(gu, wu), far(gv, wv); y > most || u > most || v > most {
		t.Errorf("%s: off by %.2f in Y, %.2f in U, %.2f in V, want at most %.2f", name, y, u, v, most)
	}
}

func newJPEGDecoder(t testing.TB) *JPEGDecoder {
	t.Helper()
	d, err := NewJPEGDecoder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func TestJPEGThereAndBack(t *testing.T) {
	d := newJPEGDecoder(t)
	for _, size := range [][2]int{{16, 16}, {322, 182}, {640, 480}, {1280, 720}} {
		want := scene(size[0], size[1], true)
		got, err := d.Decode(jpegOf(t, want, 95))
		if err != nil {
			t.Fatal(err)
		}
		checkNear(t, "full range", got, want, 1.5)
	}
	got, err := d.Decode(jpegOf(t, scene(320, 240, false), 95))
	if err != nil {
		t.Fatal(err)
	}
	y, _, _ := scene(320, 240, false).Planes()
	if want := float64(y[0]-16) * 255 / 219; math.Abs(float64(got.Data[0])-want) > 4 {
		t.Errorf("luma %d of 16 to 235 became %d of 0 to 255, want %.0f", y[0], got.Data[0], want)
	}
}

func TestJPEGAgainstAnotherDecoder(t *testing.T) {
	d := newJPEGDecoder(t)
	grey := image.NewGray(image.Rect(0, 0, 64, 48))
	colour := image.NewYCbCr(image.Rect(0, 0, 101, 67), image.YCbCrSubsampleRatio420)
	for y := range 67 {
		for x := range 101 {
			grey.SetGray(x, y, color.Gray{Y: byte(3*x + y)})
			colour.Y[colour.YOffset(x, y)] = byte(2*x + y)
			colour.Cb[colour.COffset(x, y)], colour.Cr[colour.COffset(x, y)] = byte(100+x/2), byte(160-y)
		}
	}
	for name, src := range map[string]image.Image{"grey": grey, "odd sides": colour} {
		var data bytes.Buffer
		if err := stdjpeg.Encode(&data, src, &stdjpeg.Options{Quality: 95}); err != nil {
			t.Fatal(err)
		}
		got, err := d.Decode(data.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		other, err := stdjpeg.Decode(&data)
		if err != nil {
			t.Fatal(err)
		}
		checkNear(t, name, got, imageFrom(other), 1)
	}
}

// The images in testdata are 66x50 with a ramp in every channel.
func TestEveryChromaSampling(t *testing.T) {
	d := newJPEGDecoder(t)
	for _, name := range []string{"444", "422", "440", "411", "progressive", "422-ffmpeg"} {
		data, err := os.ReadFile("testdata/" + name + ".jpg")
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Decode(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		other, err := stdjpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		checkNear(t, name, got, imageFrom(other), 2)
	}
}

// imageFrom takes what Go's decoder gives.
func imageFrom(src image.Image) Image {
	b := src.Bounds()
	m := NewImage(b.Dx(), b.Dy())
	m.FullRange = true
	y, u, v := m.Planes()
	for i := range y {
		r, g, bl, _ := src.At(i%m.Width, i/m.Width).RGBA()
		y[i], _, _ = color.RGBToYCbCr(byte(r>>8), byte(g>>8), byte(bl>>8))
		if c, ok := src.(*image.YCbCr); ok {
			y[i] = c.Y[c.YOffset(i%m.Width, i/m.Width)]
		}
	}
	for i := range u {
		u[i], v[i] = 128, 128
		if c, ok := src.(*image.YCbCr); ok {
			at := c.COffset(i%(m.Width/2)*2, i/(m.Width/2)*2)
			u[i], v[i] = c.Cb[at], c.Cr[at]
		}
	}
	return m
}

func TestJPEGWithoutHuffmanTables(t *testing.T) {
	want := scene(640, 480, true)
	plain := jpegOf(t, want, 95)
	bare := without(t, plain, jpegDHT)
	if len(bare) >= len(plain) {
		t.Fatal("there were no Huffman tables")
	}
	d := newJPEGDecoder(t)
	// A handle that has seen other tables must not use them.
	var custom bytes.Buffer
	if err := stdjpeg.Encode(&custom, image.NewGray(image.Rect(0, 0, 32, 32)), nil); err != nil {
		t.Fatal(err)
	}
	for _, data := range [][]byte{bare, custom.Bytes(), bare, plain, bare} {
		got, err := d.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		if got.Width == want.Width {
			checkNear(t, "without tables", got, want, 1.5)
		}
	}
	whole, _, err := completeJPEG(bare)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stdjpeg.Decode(bytes.NewReader(whole)); err != nil {
		t.Errorf("a strict decoder refuses the completed image: %v", err)
	}
}

// brokenJPEG are images that are refused, made of a good one.
func brokenJPEG(t testing.TB) map[string][]byte {
	good := jpegOf(t, scene(320, 240, true), 85)
	_, scan := segments(t, good)
	at := len(good) - len(scan)
	patch := func(offset int, b ...byte) []byte {
		out := bytes.Clone(good)
		copy(out[offset:], b)
		return out
	}
	sof := bytes.Index(good, []byte{0xFF, 0xC0})
	return map[string][]byte{
		"nothing":                        {},
		"SOI alone":                      {0xFF, 0xD8},
		"SOI and EOI":                    {0xFF, 0xD8, 0xFF, 0xD9},
		"no SOI":                         good[2:],
		"half":                           good[:len(good)/2],
		"all but EOI":                    good[:len(good)-2],
		"all but the last byte":          good[:len(good)-1],
		"cut inside the header":          good[:at/2],
		"a marker inside the scan":       patch(at+200, 0xFF, 0xC4, 0x00, 0x10),
		"EOI inside the scan":            patch(at+200, 0xFF, 0xD9),
		"restart marker out of place":    patch(at+200, 0xFF, 0xD3),
		"size 0x0":                       patch(sof+5, 0, 0, 0, 0),
		"size 65535x65535":               patch(sof+5, 0xFF, 0xFF, 0xFF, 0xFF),
		"taller than its data":           patch(sof+5, 0x10),
		"12 bits":                        patch(sof+4, 12),
		"lossless":                       patch(sof, 0xFF, 0xC3),
		"arithmetic coding":              patch(sof, 0xFF, 0xC9),
		"four components":                patch(sof+9, 4),
		"component of sampling 0":        patch(sof+11, 0),
		"no quantisation tables":         without(t, good, jpegDQT),
		"no frame header":                without(t, good, 0xC0),
		"segment longer than the image":  patch(4, 0xFF, 0xFF),
		"segment of no length":           patch(4, 0, 0),
		"scan of an unknown component":   patch(at+5, 77),
		"scan of an unknown table":       patch(at+6, 0x22),
		"zeros in the place of the scan": append(bytes.Clone(good[:at+14]), append(make([]byte, 50), 0xFF, 0xD9)...),
		"H.264":                          {0, 0, 0, 1, 0x67, 0x42, 0xC0, 0x28},
	}
}

func TestBrokenJPEGIsRefused(t *testing.T) {
	d := newJPEGDecoder(t)
	want := scene(320, 240, true)
	good := jpegOf(t, want, 95)
	for name, data := range brokenJPEG(t) {
		if m, err := d.Decode(data); err == nil {
			t.Errorf("%s: taken as %dx%d", name, m.Width, m.Height)
		}
		got, err := d.Decode(good)
		if err != nil {
			t.Fatalf("after %s a good image is refused: %v", name, err)
		}
		checkNear(t, "after "+name, got, want, 1.5)
	}
}

func TestJPEGEndsAtEOI(t *testing.T) {
	good := jpegOf(t, scene(320, 240, true), 85)
	got, _, err := completeJPEG(append(bytes.Clone(good), make([]byte, 1000)...))
	if err != nil || !bytes.Equal(got, good) {
		t.Errorf("%d bytes of %d, %v", len(got), len(good), err)
	}
}

func TestStandardTables(t *testing.T) {
	good := jpegOf(t, scene(64, 64, true), 85)
	var tables []byte // of the library, one segment each or all in one
	head, _ := segments(t, good)
	for _, s := range head {
		if s[1] == jpegDHT {
			tables = append(tables, s[4:]...)
		}
	}
	if string(tables) != standardDHT[4:] {
		t.Errorf("the standard tables are\n%x, the library writes\n%x", standardDHT[4:], tables)
	}
}

func FuzzJPEG(f *testing.F) {
	small := jpegOf(f, scene(32, 32, true), 50)
	f.Add(small)
	f.Add(without(f, small, jpegDHT))
	for _, data := range brokenJPEG(f) {
		if len(data) < 1000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		whole, head, err := completeJPEG(data)
		if err != nil || head.width*head.height > 1<<20 {
			return
		}
		again, _, err := completeJPEG(whole)
		if err != nil || !bytes.Equal(again, whole) {
			t.Fatalf("a completed image is completed again: %v", err)
		}
		d := newJPEGDecoder(t)
		m, err := d.Decode(data)
		d.Close()
		if err == nil && (m.check() != nil || m.Width != head.width&^1 || m.Height != head.height&^1) {
			t.Fatalf("decoded to %dx%d with %d bytes", m.Width, m.Height, len(m.Data))
		}
	})
}
