package encode

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

func newH264Decoder(t testing.TB) *H264Decoder {
	t.Helper()
	d, err := NewH264Decoder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func TestDecodersRefuseGarbage(t *testing.T) {
	d := newH264Decoder(t)
	v := newVideo(t, VideoOptions{Rate: 10})
	_, key := encodeOne(t, v, pictureOf(t, scene(320, 240, false), media.FormatI420, hour))
	if _, err := d.Decode([]byte{0, 0, 0, 2, 0x41, 0x9a}); err == nil {
		t.Error("decoding begins without a key frame")
	}
	r := rand.New(rand.NewPCG(5, 5))
	for range 200 { // whatever becomes of a damaged picture, a good key frame is decoded after it
		bad := bytes.Clone(key.Payload)
		for range 1 + r.IntN(40) {
			bad[60+r.IntN(len(bad)-60)] = byte(r.Uint32())
		}
		d.Decode(bad)
		m, err := d.Decode(key.Payload)
		if err != nil {
			t.Fatal(err)
		}
		checkNear(t, "after damage", m, scene(320, 240, false), 6)
	}
	o, err := NewOpusDecoder(1)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if _, err := o.Decode(nil); err == nil {
		t.Error("no packet is decoded")
	}
	if _, err := o.Decode([]byte{0xff, 0xff, 0xff}); err == nil {
		t.Error("a broken packet is decoded")
	}
}

// What another implementation says of the stream.
func TestFFprobeReadsIt(t *testing.T) {
	ffprobe, err := exec.LookPath("ffprobe")
	if err != nil {
		t.Fatal("ffprobe is missing: install the package ffmpeg")
	}
	for name, c := range map[string]struct {
		format media.Format
		pixels string
	}{"MJPEG": {media.FormatMJPEG, "yuvj420p"}, "YUYV": {media.FormatYUYV, "yuv420p"}} {
		v := newVideo(t, VideoOptions{Rate: 10})
		var stream []byte
		for i := range 25 {
			m := moved(scene(322, 182, c.format == media.FormatMJPEG), i)
			_, unit := encodeOne(t, v, pictureOf(t, m, c.format, hour+time.Duration(i)*100*time.Millisecond))
			split, err := SplitLengths(unit.Payload)
			if err != nil {
				t.Fatal(err)
			}
			stream = append(stream, JoinAnnexB(split...)...)
		}
		cmd := exec.Command(ffprobe, "-v", "warning", "-f", "h264", "-count_frames", "-show_entries",
			"stream=profile,width,height,pix_fmt,has_b_frames,color_space,nb_read_frames", "-of", "default=nw=1:nk=1", "-")
		cmd.Stdin = bytes.NewReader(stream)
		out, err := cmd.CombinedOutput()
		want := "Constrained Baseline\n322\n182\n0\n" + c.pixels + "\nsmpte170m\n25\n"
		if err != nil || strings.TrimSpace(string(out)) != strings.TrimSpace(want) {
			t.Errorf("%s: ffprobe says %q, %v; want %q", name, out, err, want)
		}
	}
}

// Streams of another encoder, one grey level for each picture in order of
// presentation: with B frames a picture is decoded before those shown earlier.
func TestDecodingInOrderOfTheUnits(t *testing.T) {
	for file, order := range map[string][]int{
		"x264-high-0b.h264": {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19},
		"x264-main-2b.h264": {0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 10, 13, 11, 12, 16, 14, 15, 19, 17, 18},
	} {
		data, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		split, err := SplitAnnexB(data)
		if err != nil {
			t.Fatal(err)
		}
		d := newH264Decoder(t)
		var unit [][]byte
		n := 0
		for _, nal := range split {
			unit = append(unit, nal)
			if nalType(nal) != nalSlice && nalType(nal) != nalIDR {
				continue
			}
			m, err := d.Decode(JoinLengths(unit...))
			if err != nil {
				t.Fatalf("%s: unit %d: %v", file, n, err)
			}
			if got, want := int(m.Data[0]), 20+8*order[n]; got < want-2 || got > want+2 {
				t.Errorf("%s: unit %d is of grey %d, want %d", file, n, got, want)
			}
			unit = nil
			n++
		}
		if n != len(order) {
			t.Errorf("%s: %d pictures", file, n)
		}
	}
}
