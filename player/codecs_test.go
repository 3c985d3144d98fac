package player_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/player"
)

// made is a file that ffmpeg makes of its test sources.
func made(t *testing.T, name string, args ...string) string {
	t.Helper()
	path := program(t, "ffmpeg")
	out := filepath.Join(t.TempDir(), name)
	args = append(append([]string{"-v", "error", "-y"}, args...), out)
	if b, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg cannot make %s: %v: %s", name, err, b)
	}
	return out
}

// order is the presentation time of each picture of a file in decoding order, in frames of 25 a second.
func order(t *testing.T, file string) (pts []int) {
	t.Helper()
	b, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0", file).Output()
	must(t, err)
	for _, l := range strings.Fields(string(b)) {
		var s float64
		_, err := fmt.Sscanf(l, "%f", &s)
		must(t, err)
		pts = append(pts, int(math.Round(s*25)))
	}
	return pts
}

// units are the access units of an H.264 byte stream, NAL units behind 4-byte lengths.
func units(t *testing.T, file string) (us [][]byte) {
	t.Helper()
	b, err := os.ReadFile(file)
	must(t, err)
	var unit []byte
	for _, nal := range bytes.Split(b, []byte{0, 0, 1}) {
		nal = bytes.TrimRight(nal, "\x00")
		if len(nal) == 0 {
			continue
		}
		unit = append(binary.BigEndian.AppendUint32(unit, uint32(len(nal))), nal...)
		if k := nal[0] & 0x1f; k == 1 || k == 5 {
			us, unit = append(us, unit), nil
		}
	}
	return us
}

// TestPicturesInAnotherOrderThanTheyAreShown: groups with B frames keep their order of decoding and
// the times at which they are shown, in the fMP4 and in the headers.
func TestPicturesInAnotherOrderThanTheyAreShown(t *testing.T) {
	source := []string{"-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=4", "-c:v", "libx264", "-bf", "2", "-b_strategy", "0", "-g", "25", "-sc_threshold", "0", "-x264-params", "repeat-headers=1:open-gop=0:slices=1:aud=0"}
	mkv := made(t, "b.mkv", source...)
	stream := made(t, "b.h264", "-i", mkv, "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264")
	shown, us := order(t, mkv), units(t, stream)
	if len(shown) != 100 || len(us) != 100 || slices.IsSorted(shown) {
		t.Fatalf("%d times, %d pictures, in order %v", len(shown), len(us), slices.IsSorted(shown))
	}
	const lead = 2 * frame // a picture is decoded so long before the first is shown
	x := newTape(t, 4*time.Second, func(k media.Kind, _ time.Duration) bool { return k == media.Audio })
	var all []player.Item
	for i, p := range us {
		u := media.Unit{Track: pictureID, DTS: time.Duration(i) * frame, Payload: p}
		u.Offset = time.Duration(shown[i]-shown[0])*frame + lead - u.DTS
		if i%25 == 0 {
			u.Flags = media.Key
		}
		all = append(all, player.Item{Unit: u})
	}
	x.tracks[0].Config = nil // the parameter sets are in band
	x.items = append(x.items, all...)
	slices.SortStableFunc(x.items, func(a, b player.Item) int { return int(a.DTS - b.DTS) })
	lossless(t, x, nil, func(c *client) {
		c.seek(1, map[string]any{"recorded": 0})
		c.landed(1)
		c.await("the end", func(s said) bool { return s.Is == "end" })
		movie := file(c.data, 1)
		pts := packets(t, movie, "v")
		if len(pts) != 100 {
			t.Fatalf("%d pictures of 100", len(pts))
		}
		for i, p := range pts {
			if want := int64((shown[i]-shown[0])*3600) + 7200; p != want {
				t.Fatalf("picture %d is shown at %d, want %d", i, p, want)
			}
		}
		at, _ := frames(t, movie)
		if len(at) != 100 || !slices.IsSorted(at) {
			t.Errorf("%d pictures are decoded, in order %v", len(at), slices.IsSorted(at))
		}
		for _, d := range c.data {
			if !slices.IsSorted(d.header.Frames) {
				t.Errorf("frames %v do not rise", d.header.Frames)
			}
		}
		if n := len(c.pictures(0)); n != 100 {
			t.Errorf("the headers tell of %d pictures", n)
		}
	})
}

// TestAAC: sound of IP cameras, 1024 samples at 48 kHz a unit, comes unchanged and in its place.
func TestAAC(t *testing.T) {
	adts := made(t, "a.aac", "-f", "lavfi", "-i", "sine=frequency=1000:sample_rate=48000:duration=4", "-c:a", "aac", "-ac", "1", "-f", "adts")
	b, err := os.ReadFile(adts)
	must(t, err)
	x := newTape(t, 4*time.Second, func(k media.Kind, _ time.Duration) bool { return k == media.Video })
	n := 0
	for ; len(b) > 7; n++ {
		size := int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5
		x.items = append(x.items, player.Item{Unit: media.Unit{Track: soundID, Flags: media.Key, DTS: time.Duration(n) * 1024 * time.Second / 48000, Payload: b[7:size]}})
		b = b[size:]
	}
	x.tracks[1] = media.Track{ID: soundID, Kind: media.Audio, Codec: media.AAC, ClockRate: 48000, Channels: 1, Config: []byte{0x11, 0x88}} // LC, 48 kHz, one channel
	slices.SortStableFunc(x.items, func(a, b player.Item) int { return int(a.DTS - b.DTS) })
	lossless(t, x, nil, func(c *client) {
		c.seek(1, map[string]any{"recorded": 0})
		c.landed(1)
		c.await("the end", func(s said) bool { return s.Is == "end" })
		tr := c.await("tracks", func(s said) bool { return s.Is == "tracks" })
		if tr.Audio == nil || !tr.Audio.Playable || !strings.Contains(tr.MIME, "mp4a.40.2") {
			t.Errorf("tracks %q %+v", tr.MIME, tr.Audio)
		}
		movie := file(c.data, 1)
		pts := packets(t, movie, "a")
		if len(pts) < n-1 {
			t.Fatalf("%d pieces of %d", len(pts), n)
		}
		for i, p := range pts {
			if d := p - int64(i)*1024; d > 48 || d < -48 { // a millisecond
				t.Fatalf("piece %d at %d, want %d", i, p, i*1024)
			}
		}
		crossings, pcm := 0, samples(t, movie)
		for i := 48000; i < 96000 && len(pcm) >= 96000; i++ {
			if pcm[i-1] < 0 && pcm[i] >= 0 {
				crossings++
			}
		}
		if crossings < 998 || crossings > 1002 {
			t.Errorf("%d waves in a second, want 1000", crossings)
		}
	})
}

// TestSizeChangesInBand: other parameter sets at a key frame make another init segment, and all pictures decode.
func TestSizeChangesInBand(t *testing.T) {
	parts := [2][][]byte{}
	for i, size := range []string{"160x90", "320x180"} {
		mkv := made(t, "s.mkv", "-f", "lavfi", "-i", "testsrc2=size="+size+":rate=25:duration=2", "-c:v", "libx264", "-bf", "0", "-g", "25", "-sc_threshold", "0", "-x264-params", "repeat-headers=1:slices=1:aud=0")
		parts[i] = units(t, made(t, "s.h264", "-i", mkv, "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264"))
	}
	x := newTape(t, 4*time.Second, func(k media.Kind, _ time.Duration) bool { return k == media.Audio })
	for i := range 100 {
		u := media.Unit{Track: pictureID, DTS: time.Duration(i) * frame, Payload: parts[i/50][i%50]}
		if i%25 == 0 {
			u.Flags = media.Key
		}
		x.items = append(x.items, player.Item{Unit: u})
	}
	x.tracks[0].Config, x.tracks[0].Width, x.tracks[0].Height = nil, 160, 90
	slices.SortStableFunc(x.items, func(a, b player.Item) int { return int(a.DTS - b.DTS) })
	lossless(t, x, nil, func(c *client) {
		c.seek(1, map[string]any{"recorded": 0})
		c.landed(1)
		c.await("the end", func(s said) bool { return s.Is == "end" })
		var sizes []string
		for _, s := range c.says {
			if s.Is == "tracks" {
				sizes = append(sizes, fmt.Sprintf("%dx%d", s.Video.Width, s.Video.Height))
			}
		}
		if !slices.Equal(sizes, []string{"160x90", "320x180"}) {
			t.Errorf("sizes %v", sizes)
		}
		at, sums := frames(t, file(c.data, 1)) // from the second init segment on
		if len(at) != 50 || len(sums) != 50 || math.Abs(at[0]-2) > 0.001 {
			t.Errorf("%d pictures are decoded from %v on, want 50 from 2 s", len(at), at)
		}
		if n := len(c.pictures(0)); n != 100 {
			t.Errorf("the headers tell of %d pictures", n)
		}
	})
}
