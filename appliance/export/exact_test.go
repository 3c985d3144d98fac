package export

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"hindsight/media"
)

const base = 5 * time.Second // media time at which the clips begin

// save plans and writes an export and returns the file.
func save(t testing.TB, tl Timeline, from, to media.Position, o Options) (*Movie, string) {
	t.Helper()
	o.Wait = 50 * time.Millisecond
	m, err := Plan(context.Background(), tl, from, to, o)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "out.mp4")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := m.Write(context.Background(), f); err != nil {
		t.Fatal(err)
	}
	if st, err := f.Stat(); err != nil || st.Size() != m.Size() {
		t.Fatalf("wrote %d bytes, Size said %d (%v)", st.Size(), m.Size(), err)
	}
	if keep := os.Getenv("KEEP_EXPORT"); keep != "" {
		b, _ := os.ReadFile(name)
		_ = os.WriteFile(filepath.Join(keep, filepath.Base(t.Name())+".mp4"), b, 0o644)
	}
	return m, name
}

type frame struct {
	Media  string `json:"media_type"`
	PTS    string `json:"best_effort_timestamp_time"`
	Length string `json:"pkt_duration_time"`
}

func (f frame) at(t testing.TB) float64 {
	v, err := strconv.ParseFloat(f.PTS, 64)
	if err != nil {
		t.Fatalf("frame without a time: %+v", f)
	}
	return v
}

type stream struct {
	Type     string `json:"codec_type"`
	Codec    string `json:"codec_name"`
	Width    int    `json:"width"`
	Height   int    `json:"height"`
	Rate     string `json:"sample_rate"`
	Start    string `json:"start_time"`
	Duration string `json:"duration"`
}

type probed struct {
	Streams  []stream `json:"streams"`
	Frames   []frame  `json:"frames"`
	Chapters []struct {
		Start string            `json:"start_time"`
		Tags  map[string]string `json:"tags"`
	} `json:"chapters"`
	Format struct {
		Duration string            `json:"duration"`
		Tags     map[string]string `json:"tags"`
	} `json:"format"`
}

// probe is what ffprobe says; frames are those it decodes and would show.
func probe(t testing.TB, file string) probed {
	t.Helper()
	out, errs := tool(t, "ffmpeg", "ffprobe", "-v", "error", "-show_streams", "-show_format", "-show_chapters", "-show_frames", "-of", "json", file)
	if errs != "" {
		t.Errorf("ffprobe: %s", errs)
	}
	var p probed
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p probed) frames(kind string) (out []frame) {
	for _, f := range p.Frames {
		if f.Media == kind {
			out = append(out, f)
		}
	}
	return out
}

// numbers decodes the pictures and reads the numbers painted into them.
func numbers(t testing.TB, file string) (out []int) {
	t.Helper()
	raw, errs := tool(t, "ffmpeg", "ffmpeg", "-v", "error", "-i", file, "-map", "0:v", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-")
	if errs != "" {
		t.Errorf("decoding: %s", errs)
	}
	return painted(raw)
}

// painted are the numbers in grey pictures of 160x96.
func painted(raw string) (out []int) {
	for i := 0; i+160*96 <= len(raw); i += 160 * 96 {
		n := 0
		for b := range 10 {
			n <<= 1
			if raw[i+8*160+b*16+8] > 127 {
				n |= 1
			}
		}
		out = append(out, n)
	}
	return out
}

// beeps decodes the sound by its time stamps and finds where it gets loud, in seconds.
func beeps(t testing.TB, file string) (out []float64) {
	t.Helper()
	raw, errs := tool(t, "ffmpeg", "ffmpeg", "-v", "error", "-i", file, "-map", "0:a", "-af", "aresample=async=1:first_pts=0:min_hard_comp=0.001", "-ac", "1", "-ar", "48000", "-f", "s16le", "-")
	if errs != "" {
		t.Errorf("decoding: %s", errs)
	}
	return loud(raw)
}

// loud is where 16-bit samples at 48 kHz get loud after a tenth of a second of silence, in seconds.
func loud(raw string) (out []float64) {
	quiet := 48000
	for i := 0; i+2 <= len(raw); i += 2 {
		v := int16(uint16(raw[i]) | uint16(raw[i+1])<<8)
		if v > 3000 || v < -3000 {
			if quiet > 4800 {
				out = append(out, float64(i/2)/48000)
			}
			quiet = 0
		} else {
			quiet++
		}
	}
	return out
}

func near(a, b, within float64) bool { return math.Abs(a-b) <= within }

// decodes fails the test unless ffmpeg decodes everything without a word.
func decodes(t testing.TB, file string) {
	t.Helper()
	if _, errs := tool(t, "ffmpeg", "ffmpeg", "-v", "error", "-i", file, "-map", "0:v?", "-map", "0:a?", "-f", "null", "-"); errs != "" {
		t.Errorf("ffmpeg: %s", errs)
	}
}

func at(run media.Run, t time.Duration) media.Position { return media.Position{Run: run, Time: t} }

func TestTenSecondsAreThreeHundredFrames(t *testing.T) {
	f := &fake{}
	f.put(1, base, 0, time.Hour, h264Clip(t, "13"), opusClip(t, "13"))
	f.span(1, base, base+13*time.Second, "")

	const ms = time.Millisecond
	for _, c := range []struct {
		name     string
		from, to time.Duration // within the clip
		first, n int           // frames
		beep     float64
	}{
		{"from a key frame", 1000 * ms, 11000 * ms, 30, 300, 0},
		{"from the middle of a group", 1500 * ms, 11500 * ms, 45, 300, 0.5},
		{"from within a frame", 1510 * ms, 11500 * ms, 45, 300, 0.5},
		{"to within a frame", 1500 * ms, 11510 * ms, 45, 300, 0.5},
		{"both within a frame", 1510 * ms, 11510 * ms, 45, 300, 0.5},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, file := save(t, f, at(1, base+c.from), at(1, base+c.to), Options{Camera: "cam"})
			if m.Length != 10*time.Second || m.Next != (media.Position{}) {
				t.Errorf("length %v, next %v", m.Length, m.Next)
			}
			decodes(t, file)
			p := probe(t, file)
			v := p.frames("video")
			if len(v) != c.n {
				t.Fatalf("%d frames, want %d", len(v), c.n)
			}
			for i, f := range v {
				want := float64(i) / 30
				if !near(f.at(t), want, 0.00002) {
					t.Fatalf("frame %d at %v, want %v", i, f.at(t), want)
				}
			}
			for i, n := range numbers(t, file) {
				if n != c.first+i {
					t.Fatalf("frame %d shows number %d, want %d", i, n, c.first+i)
				}
			}
			if d, _ := strconv.ParseFloat(p.Format.Duration, 64); !near(d, 10, 0.001) {
				t.Errorf("duration %v", d)
			}
			heard := beeps(t, file)
			if len(heard) != 10 && len(heard) != 11 {
				t.Errorf("%d beeps in 10 s", len(heard))
			}
			for i, b := range heard {
				if !near(b, c.beep+float64(i), 0.001) {
					t.Errorf("beep %d at %.4f, want %.4f", i, b, c.beep+float64(i))
				}
			}
		})
	}
}
