package rtsp

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpmjpeg"
)

// drawn is a JPEG by Go's encoder: baseline, 4:2:0, standard Huffman tables.
func drawn(t testing.TB, w, h int, grey bool) []byte {
	t.Helper()
	r := image.Rect(0, 0, w, h)
	var m image.Image
	if grey {
		m = image.NewGray(r)
	} else {
		rgba := image.NewRGBA(r)
		for i := range w * h {
			rgba.Set(i%w, i/w, color.RGBA{uint8(i), uint8(i / 3), uint8(i / w), 255})
		}
		m = rgba
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 60}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// with replaces the one occurrence of a sequence of bytes.
func with(t testing.TB, b []byte, old, repl string) []byte {
	t.Helper()
	if bytes.Count(b, []byte(old)) != 1 {
		t.Fatalf("% x occurs %d times", old, bytes.Count(b, []byte(old)))
	}
	return bytes.Replace(b, []byte(old), []byte(repl), 1)
}

const (
	sosHead = "\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00"
	sofTail = "\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01" // three components, 4:2:0
)

// jpegs are pictures and, for those that RFC 2435 does not carry, part of the reason.
func jpegs(t testing.TB) map[string]struct {
	b   []byte
	bad string
} {
	good := drawn(t, 64, 48, false)
	dqt := bytes.Index(good, []byte{0xff, markDQT})
	dht := bytes.Index(good, []byte{0xff, markDHT})
	sos := bytes.Index(good, []byte(sosHead))
	sof := bytes.Index(good, []byte{0xff, markSOF0})
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	type c = struct {
		b   []byte
		bad string
	}
	return map[string]c{
		"go's encoder":         {good, ""},
		"1080 rows":            {drawn(t, 1920, 1080, false), ""},
		"no Huffman tables":    {join(good[:dht], good[sos:]), ""},
		"zeros behind":         {join(good, make([]byte, 100)), ""},
		"no EOI":               {good[:len(good)-2], ""},
		"comment, fill bytes":  {join(good[:dqt], []byte("\xff\xfe\x00\x05abc\xff\xff\xff\xef\x00\x03x"), good[dqt:]), ""},
		"restart interval":     {join(good[:sos], []byte{0xff, markDRI, 0, 4, 0, 12}, good[sos:]), ""},
		"empty":                {nil, "no SOI"},
		"only SOI":             {good[:2], "no SOI"},
		"no tables":            {join(good[:dqt], good[sof:]), "quantization tables are missing"},
		"cut in a header":      {good[:dqt+10], "a segment of"},
		"cut behind a marker":  {good[:dqt+2], "cut short"},
		"no scan":              {good[:sos], "no marker"},
		"empty scan":           {join(good[:sos], []byte(sosHead), []byte{0xff, markEOI}), "a scan of 0 bytes"},
		"EOI before the scan":  {join(good[:dqt], []byte{0xff, markEOI}, good[dqt:]), "before the scan"},
		"garbage for a marker": {join(good[:dqt], []byte("abc"), good[dqt:]), "no marker"},
		"grey":                 {drawn(t, 64, 48, true), "three components"},
		"odd size":             {drawn(t, 60, 48, false), "multiples of 8"},
		"too wide":             {drawn(t, 2048, 8, false), "multiples of 8 up to 2040"},
		"progressive":          {with(t, good, "\xff\xc0\x00\x11", "\xff\xc2\x00\x11"), "not baseline"},
		"4:4:4":                {with(t, good, sofTail, "\x03\x01\x11\x00\x02\x11\x01\x03\x11\x01"), "neither 4:2:2 nor 4:2:0"},
		"4:2:2 as ffmpeg":      {with(t, good, sofTail, "\x03\x01\x22\x00\x02\x12\x01\x03\x12\x01"), "neither 4:2:2 nor 4:2:0"},
		"4:2:2":                {with(t, good, sofTail, "\x03\x01\x21\x00\x02\x11\x01\x03\x11\x01"), ""},
		"table not there":      {with(t, good, sofTail, "\x03\x01\x22\x00\x02\x11\x03\x03\x11\x03"), "tables are missing"},
		"table beyond":         {with(t, good, sofTail, "\x03\x01\x22\x00\x02\x11\x09\x03\x11\x09"), "tables are missing"},
		"tables differ":        {with(t, good, sofTail, "\x03\x01\x22\x00\x02\x11\x01\x03\x11\x00"), "differ"},
		"16-bit table":         {with(t, good, "\xff\xdb\x00\x84\x00", "\xff\xdb\x00\x84\x10"), "16-bit"},
		"broken table":         {with(t, good, "\xff\xdb\x00\x84\x00", "\xff\xdb\x00\x84\x07"), "broken quantization"},
		"own Huffman tables":   {with(t, good, "\x00\x00\x01\x05\x01\x01\x01\x01\x01\x01", "\x00\x00\x01\x05\x01\x01\x01\x01\x01\x00"), "Huffman"},
		"two scans":            {with(t, good, sosHead, "\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"), "not one scan"},
		"broken restart":       {join(good[:sos], []byte{0xff, markDRI, 0, 5, 0, 12, 1}, good[sos:]), "restart"},
	}
}

func TestPackJPEG(t *testing.T) {
	for name, x := range jpegs(t) {
		t.Run(name, func(t *testing.T) {
			pieces, err := packJPEG(x.b)
			if x.bad != "" {
				if err == nil || !strings.Contains(err.Error(), x.bad) {
					t.Errorf("error %v, want one with %q", err, x.bad)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkJPEG(t, x.b, pieces)
		})
	}
}

// checkJPEG: another implementation puts together what decodes to the same picture.
func checkJPEG(t *testing.T, b []byte, pieces []piece) {
	t.Helper()
	for i, p := range pieces {
		if len(p.payload) > mostPayload || p.marker != (i == len(pieces)-1) {
			t.Errorf("piece %d of %d: %d bytes, marker %v", i, len(pieces), len(p.payload), p.marker)
		}
	}
	if pieces[0].payload[4] >= 64 {
		return // gortsplib's decoder does not know restart markers; ffmpeg's does
	}
	d := &rtpmjpeg.Decoder{}
	if err := d.Init(); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for _, p := range packets(pieces, 0) {
		if g, err := d.Decode(p); err == nil {
			got = g
		}
	}
	if got == nil {
		t.Fatal("the decoder put nothing together")
	}
	want, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		return // the picture itself is broken, or lacks what only Go's decoder needs
	}
	have, err := jpeg.Decode(bytes.NewReader(got))
	if err != nil {
		t.Fatalf("the picture that was put together: %v", err)
	}
	for _, at := range []image.Point{{0, 0}, {7, 9}, want.Bounds().Max.Sub(image.Pt(1, 1))} {
		if want.At(at.X, at.Y) != have.At(at.X, at.Y) {
			t.Errorf("pixel %v is %v, was %v", at, have.At(at.X, at.Y), want.At(at.X, at.Y))
		}
	}
}

// FuzzPackJPEG: no picture makes the packer panic, and what it sends fits.
func FuzzPackJPEG(f *testing.F) {
	for _, x := range jpegs(f) {
		if len(x.b) < 4096 {
			f.Add(x.b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		pieces, err := packJPEG(b)
		if err == nil && len(pieces) == 0 {
			t.Error("neither pieces nor an error")
		}
		for i, p := range pieces {
			if len(p.payload) > mostPayload {
				t.Errorf("piece %d has %d bytes", i, len(p.payload))
			}
		}
	})
}
