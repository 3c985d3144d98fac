package export

import (
	"bytes"
	"testing"

	"github.com/Eyevinn/mp4ff/mp4"
)

// nal is a NAL unit behind its length.
func nal(b ...byte) []byte { return append([]byte{0, 0, 0, byte(len(b))}, b...) }

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// The parameter sets of the recorder's own encoder at 640x480, and others.
var (
	sps640 = nal(0x67, 0x42, 0xc0, 0x1e, 0x8c, 0x8d, 0x40, 0x50, 0x1e, 0xd0, 0x0f, 0x08, 0x84, 0x6a)
	pps    = nal(0x68, 0xce, 0x3c, 0x80)
	pps2   = nal(0x68, 0x53, 0x8f, 0x20)
	idr    = nal(0x65, 0xb8, 0x00)
	sei    = nal(0x06, 0x05, 0x80)
)

var accessUnits = []struct {
	name    string
	known   []byte
	au      []byte
	sets    []byte // in force with it
	payload []byte // that remains
}{
	{"sets in front", nil, join(sps640, pps, idr), join(sps640, pps), idr},
	{"none: those known stay", join(sps640, pps), idr, join(sps640, pps), idr},
	{"twice the same", nil, join(sps640, pps, sps640, pps, idr), join(sps640, pps), idr},
	{"only another PPS", join(sps640, pps), join(pps2, idr), join(sps640, pps2), idr},
	{"PPS before SPS", nil, join(pps, sps640, sei, idr), join(sps640, pps), join(sei, idr)},
	{"nothing but sets stays as it is", nil, join(sps640, pps), join(sps640, pps), join(sps640, pps)},
	{"cut short", nil, join(sps640, pps, idr[:6]), join(sps640, pps), idr[:6]},
	{"a length of 0", nil, join(sps640, pps, []byte{0, 0, 0, 0, 0x65}), join(sps640, pps), []byte{0, 0, 0, 0, 0x65}},
	{"empty", join(sps640, pps), nil, join(sps640, pps), nil},
}

func TestParameterSets(t *testing.T) {
	for _, c := range accessUnits {
		if got := withParameterSets(string(c.known), c.au); got != string(c.sets) {
			t.Errorf("%s: sets %x, want %x", c.name, got, c.sets)
		}
		if got := join(withoutParameterSets(nil, c.au)...); !bytes.Equal(got, c.payload) {
			t.Errorf("%s: payload %x, want %x", c.name, got, c.payload)
		}
	}
	v, err := h264Entry(string(join(sps640, pps)))
	if err != nil || v.Width != 640 || v.Height != 480 {
		t.Errorf("entry: %v %v", v, err)
	}
	for _, bad := range [][]byte{nil, sps640, pps, join(nal(0x67), pps), join(nal(0x67, 0x42, 0xc0, 0x1e), pps)} {
		if _, err := h264Entry(string(bad)); err == nil {
			t.Errorf("%x: no error", bad)
		}
	}
}

var jpegs = []struct {
	name string
	b    []byte
	w, h int // 0: refused
}{
	{"baseline", []byte("\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x0b\x08\x00\x60\x00\xa0\x01\x01\x11\x00"), 160, 96},
	{"progressive behind fill bytes", []byte("\xff\xd8\xff\xff\xff\xc2\x00\x0b\x08\x02\xd0\x05\x00\x01\x01\x11\x00"), 1280, 720},
	{"tables first", []byte("\xff\xd8\xff\xc4\x00\x03x\xff\xc0\x00\x0b\x08\x00\x08\x00\x10\x01\x01\x11\x00"), 16, 8},
	{"no height", []byte("\xff\xd8\xff\xc0\x00\x0b\x08\x00\x00\x00\xa0\x01\x01\x11\x00"), 0, 0},
	{"segment too long", []byte("\xff\xd8\xff\xe0\xff\xffab"), 0, 0},
	{"segment of nothing", []byte("\xff\xd8\xff\xe0\x00\x00ab"), 0, 0},
	{"only the beginning", []byte("\xff\xd8"), 0, 0},
	{"no JPEG", []byte("GIF89a__"), 0, 0},
	{"empty", nil, 0, 0},
}

func TestJPEGSize(t *testing.T) {
	for _, c := range jpegs {
		w, h, err := jpegSize(c.b)
		if w != c.w || h != c.h || (err != nil) != (c.w == 0) {
			t.Errorf("%s: %dx%d, %v", c.name, w, h, err)
		}
	}
}

func FuzzJPEGSize(f *testing.F) {
	for _, c := range jpegs {
		f.Add(c.b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if w, h, err := jpegSize(b); err == nil && (w < 1 || h < 1 || w > 65535 || h > 65535) {
			t.Errorf("%dx%d", w, h)
		}
	})
}

func FuzzAccessUnit(f *testing.F) {
	for _, c := range accessUnits {
		f.Add(c.known, c.au)
	}
	f.Fuzz(func(t *testing.T, known, au []byte) {
		sets := withParameterSets(string(known), au)
		if again := withParameterSets(sets, au); again != sets {
			t.Errorf("the same unit changes its own parameter sets")
		}
		if n := length(withoutParameterSets(nil, au)); n > len(au) {
			t.Errorf("%d bytes of %d", n, len(au))
		}
		entry, err := h264Entry(sets)
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := entry.Encode(&b); err != nil || uint64(b.Len()) != entry.Size() {
			t.Fatalf("entry of %d bytes, want %d: %v", b.Len(), entry.Size(), err)
		}
		if _, err := mp4.DecodeBox(0, &b); err != nil {
			t.Errorf("unreadable entry: %v", err)
		}
	})
}
