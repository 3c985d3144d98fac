package snapshot

import (
	"bytes"
	"fmt"
	"image/color"
	"strings"
	"testing"
	"time"

	"hindsight/appliance/encode"
	"hindsight/media"
)

// An image that a camera made is handed out as it is stored; a smaller one is made of it.
func TestMJPEG(t *testing.T) {
	c := mjpegClip(t, "320x240", "1.5")
	d := newDeck(t)
	base := d.play(c, true)
	for i, u := range c.units {
		f := find(t, d, at(1, base+u.PTS()+time.Millisecond))
		for _, width := range []int{0, 320, 1000} {
			p, err := f.JPEG(t.Context(), width)
			must(t, err)
			if !bytes.Equal(p.JPEG, u.Payload) || p.Width != 320 || p.Height != 240 {
				t.Fatalf("frame %d, width %d: another image, of %dx%d", i, width, p.Width, p.Height)
			}
		}
		p, err := f.JPEG(t.Context(), 160)
		must(t, err)
		m := jpegOf(t, p)
		n := 0
		for b := range 10 { // squares of 8x8 now
			n = n<<1 | int(m.Y[4*m.YStride+b*8+4]>>7)
		}
		if n != i || p.Width != 160 || p.Height != 120 {
			t.Errorf("frame %d at half the size shows %d, %dx%d", i, n, p.Width, p.Height)
		}
	}
}

func TestWidth(t *testing.T) {
	d := newDeck(t)
	base := d.play(h264Clip(t, "320x180", "0.5", "-bf", "0"), false)
	f := find(t, d, at(1, base))
	for _, c := range []struct{ width, w, h int }{
		{0, 320, 180}, {16, 16, 8}, {17, 16, 10}, {100, 100, 56}, {160, 160, 90}, {319, 318, 178}, {320, 320, 180}, {321, 320, 180}, {MostWidth, 320, 180},
	} {
		p, err := f.JPEG(t.Context(), c.width)
		must(t, err)
		if jpegOf(t, p); p.Width != c.w || p.Height != c.h {
			t.Errorf("width %d: %dx%d, want %dx%d", c.width, p.Width, p.Height, c.w, c.h)
		}
	}
	for _, width := range []int{-1, 1, 15, MostWidth + 1} {
		if _, err := f.JPEG(t.Context(), width); err == nil {
			t.Errorf("width %d is taken", width)
		}
	}
}

// The size may change inside the stream, and the codec with a new track.
func TestStreamChanges(t *testing.T) {
	d := newDeck(t)
	var starts []time.Duration
	clips := []clip{h264Clip(t, "160x96", "1", "-bf", "2"), h264Clip(t, "320x240", "1", "-bf", "0"), mjpegClip(t, "176x144", "1"), h264Clip(t, "640x360", "1", "-bf", "2")}
	for _, c := range clips {
		starts = append(starts, d.play(c, true))
		d.pass(200 * time.Millisecond)
	}
	for k, c := range clips {
		for i, m := range c.frames() {
			f := find(t, d, at(1, starts[k]+m))
			if n := shows(t, f); n != i || f.At.Time != starts[k]+m {
				t.Errorf("clip %d, frame %d: shows %d at %v", k, i, n, f.At.Time-starts[k])
			}
		}
	}
}

// A picture that cannot be decoded without fault is an error that names it, and so
// is one decoded from it; those before it and from the next key frame on are in order.
func TestDamage(t *testing.T) {
	for name, harm := range map[string]func(c *clip){
		"a unit missing":     func(c *clip) { c.units = append(c.units[:10:10], c.units[11:]...) },
		"a unit cut short":   func(c *clip) { c.units[10].Payload = cutShort(t, c.units[10].Payload) },
		"a unit overwritten": func(c *clip) { c.units[10].Payload = scratched(c.units[10].Payload) },
	} {
		t.Run(name, func(t *testing.T) {
			c := h264Clip(t, "160x96", "2", "-bf", "0", "-g", "30", "-x264-params", "ref=1:scenecut=0")
			times := c.frames()
			harm(&c)
			d := newDeck(t)
			base := d.play(c, false)
			for i, m := range times {
				f := find(t, d, at(1, base+m))
				p, err := f.JPEG(t.Context(), 0)
				switch whole := i < 10 || i >= 30; {
				case i == 10 && name == "a unit missing": // it is the frame before it
				case whole && err != nil:
					t.Errorf("frame %d: %v", i, err)
				case !whole && err == nil:
					t.Errorf("frame %d is made, and shows %d", i, number(jpegOf(t, p).Y, p.Width))
				case !whole && (!strings.Contains(err.Error(), f.At.String()) || strings.Contains(err.Error(), "\n")):
					t.Errorf("frame %d: %v", i, err)
				}
			}
		})
	}
}

// cutShort leaves half of a unit's slice.
func cutShort(t *testing.T, payload []byte) []byte {
	nals, err := encode.SplitLengths(payload)
	must(t, err)
	last := len(nals) - 1
	nals[last] = nals[last][:len(nals[last])/2]
	return encode.JoinLengths(nals...)
}

// scratched has ones in the middle of a unit.
func scratched(payload []byte) []byte {
	out := bytes.Clone(payload)
	for i := len(out) / 3; i < len(out)/3+40 && i < len(out); i++ {
		out[i] = 0xff
	}
	return out
}

// A stream in which the only IDR picture is out of reach is an error, not nothing.
func TestNoIDR(t *testing.T) {
	c := h264Clip(t, "160x96", "2", "-bf", "3", "-x264-params", "open-gop=1:keyint=20:min-keyint=20:scenecut=0")
	for i := 1; i < len(c.units); i++ {
		if c.units[i].IsKey() {
			c.units = c.units[i:]
			break
		}
	}
	d := newDeck(t)
	base := d.play(c, true)
	if _, err := Find(t.Context(), d.whole(), at(1, base+time.Second)); err == nil || !strings.Contains(err.Error(), "IDR") {
		t.Errorf("error %v", err)
	}
}

// Parameter sets are in band, or else those of the track.
func TestParameterSetsOfTheTrack(t *testing.T) {
	c := h264Clip(t, "160x96", "1", "-bf", "0")
	sets := len(c.track.Config)
	for i, u := range c.units {
		if u.IsKey() && bytes.HasPrefix(u.Payload, c.track.Config) {
			c.units[i].Payload = u.Payload[sets:]
		}
	}
	d := newDeck(t)
	base := d.play(c, false)
	if n := shows(t, find(t, d, at(1, base+time.Second/2))); n != 15 {
		t.Errorf("shows %d", n)
	}
}

// Colours are those of the scene, whichever matrix coded them.
func TestColours(t *testing.T) {
	want := color.RGBA{200, 40, 90, 255}
	for _, matrix := range []string{"bt709", "smpte170m"} {
		source := fmt.Sprintf("color=c=0x%02x%02x%02x:size=160x96:rate=30,format=gbrp,scale=out_color_matrix=%s:out_range=tv,format=yuv420p", want.R, want.G, want.B, matrix)
		d := newDeck(t)
		base := d.play(clipOf(t, source, "160x96", "0.2", "-bf", "0", "-colorspace", matrix), false)
		p, err := find(t, d, at(1, base)).JPEG(t.Context(), 0)
		must(t, err)
		got := color.RGBAModel.Convert(jpegOf(t, p).At(80, 48)).(color.RGBA)
		for i, off := range [3]int{int(got.R) - int(want.R), int(got.G) - int(want.G), int(got.B) - int(want.B)} {
			if off < -6 || off > 6 {
				t.Errorf("%s: %v, want %v: component %d is off by %d", matrix, got, want, i, off)
			}
		}
	}
}

func FuzzHolds(f *testing.F) {
	for _, c := range nalCases {
		f.Add(c.payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		nals, err := encode.SplitLengths(payload)
		for kind := range byte(32) {
			want := false
			for _, n := range nals {
				want = want || n[0]&31 == kind
			}
			if got := holds(payload, kind); err == nil && got != want {
				t.Fatalf("%x holds %d: %v", payload, kind, got)
			}
		}
	})
}

var nalCases = []struct {
	payload  []byte
	idr, sps bool
}{
	{nil, false, false},
	{[]byte{0, 0, 0, 1, 0x65}, true, false},
	{[]byte{0, 0, 0, 1, 0x67, 0, 0, 0, 1, 0x65}, true, true},
	{[]byte{0, 0, 0, 1, 0x41}, false, false},
	{[]byte{0, 0, 0, 2, 0x65}, false, false}, // cut short
	{[]byte{0, 0, 0, 0, 0x65}, false, false}, // no NAL unit is empty
	{[]byte{0xff, 0xff, 0xff, 0xff, 0x65}, false, false},
	{[]byte{0, 0, 0}, false, false},
}

func TestHolds(t *testing.T) {
	for _, c := range nalCases {
		if holds(c.payload, nalIDR) != c.idr || holds(c.payload, nalSPS) != c.sps {
			t.Errorf("%x", c.payload)
		}
	}
	if begins(media.Track{Codec: media.Codec(99)}, nil) {
		t.Error("a codec that nobody knows is begun")
	}
}

// A snapshot of a camera's 720p in the middle of a group of 30.
func BenchmarkSnapshot(b *testing.B) {
	d := newDeck(b)
	base := d.play(h264Clip(b, "1280x720", "3", "-bf", "0", "-g", "30", "-qp", "26"), false)
	for _, width := range []int{0, 320} {
		b.Run(fmt.Sprintf("width=%d", width), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f := find(b, d, at(1, base+1500*time.Millisecond))
				if _, err := f.JPEG(b.Context(), width); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("find only", func(b *testing.B) {
		for b.Loop() {
			find(b, d, at(1, base+1500*time.Millisecond))
		}
	})
}
