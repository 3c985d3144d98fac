package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hindsight/appliance/pattern"
)

const (
	width, height, rate = 320, 240, 30
	runStart            = 1795860000123 // ms since 1970, beyond 32 bits
)

// recording is a file to be made, with its faults.
type recording struct {
	seconds int
	number  func(i int) int64         // of frame i; nil: i
	paint   func(i int, luma []byte)  // after the numbers are drawn
	pcm     func(pcm []int16) []int16 // what is done to the sound
	args    []string                  // of ffmpeg, before the output
	format  string                    // file extension; "": mp4
}

// make writes the file and returns its name.
func (r recording) make(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	pcm := make([]int16, r.seconds*pattern.SampleRate*pattern.Channels)
	pattern.NewSound().Fill(pcm, 0)
	if r.pcm != nil {
		pcm = r.pcm(pcm)
	}
	sound := filepath.Join(dir, "sound.s16")
	if err := os.WriteFile(sound, toBytes(pcm), 0o600); err != nil {
		t.Fatal(err)
	}
	format := r.format
	if format == "" {
		format = "mp4"
	}
	out := filepath.Join(dir, "out."+format)
	args := []string{"-v", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", fmt.Sprintf("%dx%d", width, height),
		"-r", fmt.Sprint(rate), "-i", "pipe:0", "-f", "s16le", "-ar", "48000", "-ac", "2", "-i", sound,
		"-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "libopus", "-fps_mode", "passthrough"}
	args = append(append(args, r.args...), out)
	cmd := exec.Command("ffmpeg", args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	cmd.Stdin = bytes.NewReader(r.pictures())
	if err := cmd.Run(); err != nil {
		t.Fatalf("ffmpeg (package ffmpeg): %v: %s", err, errs.String())
	}
	return out
}

func (r recording) pictures() []byte {
	var all []byte
	for i := range r.seconds * rate {
		n := int64(i)
		if r.number != nil {
			n = r.number(i)
		}
		luma := bytes.Repeat([]byte{90}, width*height)
		if pattern.Flash(n, rate) {
			x0, y0, x1, y1 := pattern.Middle(width, height)
			for y := y0; y < y1; y++ {
				for x := x0; x < x1; x++ {
					luma[y*width+x] = pattern.White
				}
			}
		}
		pattern.DrawNumbers(luma, width, height, uint32(n), uint32(runStart+pattern.FrameTime(n, rate).Milliseconds()))
		if r.paint != nil {
			r.paint(i, luma)
		}
		all = append(all, luma...)
	}
	return all
}

func toBytes(pcm []int16) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, v := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

// later moves the sound by so much, both ways.
func later(d time.Duration) func([]int16) []int16 {
	return func(pcm []int16) []int16 {
		n := int(d*pattern.SampleRate/time.Second) * pattern.Channels
		if n < 0 {
			return append(pcm[-n:], make([]int16, -n)...)
		}
		return append(make([]int16, n), pcm[:len(pcm)-n]...)
	}
}

// mute silences both channels from one time to another.
func mute(from, to time.Duration) func([]int16) []int16 {
	return func(pcm []int16) []int16 {
		at := func(d time.Duration) int { return int(d*pattern.SampleRate/time.Second) * pattern.Channels }
		clear(pcm[at(from):at(to)])
		return pcm
	}
}

func report(t *testing.T, name string, args ...string) (*Report, int, string) {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), append(append([]string{"-json"}, args...), name), &out, &errs)
	var r Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("exit %d, %q: %v", code, errs.String(), err)
	}
	return &r, code, errs.String()
}

func near(got, want, slack float64) bool { return math.Abs(got-want) <= slack }

func TestWholeRecording(t *testing.T) {
	for _, codec := range []string{"libopus", "aac"} {
		name := recording{seconds: 20, args: []string{"-c:a", codec}}.make(t)
		r, code, said := report(t, name, "-max-offset", "2ms", "-frames", "600", "-no-gaps", "-words", "30ms")
		if code != 0 || said != "" {
			t.Errorf("%s: exit %d: %s", codec, code, said)
		}
		f, s := r.Frames, r.Sound
		if f.Count != 600 || f.First != 0 || f.Last != 599 || r.Rate != rate || f.Width != width || f.WallSteps != 0 || math.Abs(f.WallError) > 1.1 {
			t.Errorf("%s: pictures %+v at %d", codec, f, r.Rate)
		}
		if s.Beeps != 20 || !near(s.Seconds, 20, 0.05) || s.HoleCount != 0 {
			t.Errorf("%s: sound %+v", codec, s)
		}
		// The first flash has no frame before it, so it does not count.
		if r.Sync.Pairs != 19 || !near(r.Sync.All.Median, 0, 1) || r.Words.Expected != 2 || r.Words.Found != 2 || r.Words.Extra != 0 {
			t.Errorf("%s: sync %+v, words %+v", codec, r.Sync, r.Words)
		}
	}
}

func TestFaultsAreFound(t *testing.T) {
	grey := func(i int, luma []byte) {
		if i == 100 || i == 101 {
			for k := range luma {
				luma[k] = 126
			}
		}
	}
	tests := []struct {
		name  string
		r     recording
		limit []string
		said  string
		check func(*Report) bool
	}{
		{"a frame dropped", recording{args: []string{"-vf", `select=not(eq(n\,100))`}}, []string{"-no-gaps"}, "of 239 frames 1 are missing",
			func(r *Report) bool {
				return r.Frames.Missing == 1 && r.Frames.Doubled == 0 && near(r.Sync.All.Max, 0, 1)
			}},
		{"the first frame of a flash dropped", recording{args: []string{"-vf", `select=not(eq(n\,90))`}}, []string{"-no-gaps"}, "1 are missing",
			func(r *Report) bool {
				return r.Sync.Pairs == 7 && near(r.Sync.All.Min, 0, 1) && near(r.Sync.All.Max, 0, 1)
			}},
		{"a frame doubled", recording{number: func(i int) int64 {
			if i == 101 {
				return 100
			}
			return int64(i)
		}}, []string{"-no-gaps"}, "1 are missing, 1 doubled, 0 backwards",
			func(r *Report) bool { return r.Frames.Doubled == 1 && r.Frames.Missing == 1 }},
		{"two frames exchanged", recording{number: func(i int) int64 {
			switch i {
			case 101:
				return 102
			case 102:
				return 101
			}
			return int64(i)
		}}, []string{"-no-gaps"}, "1 backwards", func(r *Report) bool { return r.Frames.Backwards == 1 }},
		{"two frames unreadable", recording{paint: grey}, []string{"-no-gaps"}, "2 unreadable", func(r *Report) bool { return r.Frames.Unreadable == 2 }},
		{"a frame too few", recording{}, []string{"-frames", "241"}, "240 frames, want 241", func(r *Report) bool { return r.Frames.Count == 240 }},
		{"sound 30 ms late", recording{pcm: later(30 * time.Millisecond)}, []string{"-max-offset", "20ms"}, "apart, at most 20ms is wanted",
			func(r *Report) bool {
				return near(r.Sync.All.Min, 30, 1) && near(r.Sync.All.Max, 30, 1) && near(r.Sync.FirstMinute.Median, 30, 1)
			}},
		{"sound 12.5 ms early", recording{pcm: later(-12500 * time.Microsecond)}, []string{"-max-offset", "10ms"}, "apart, at most 10ms is wanted",
			func(r *Report) bool { return near(r.Sync.All.Median, -12.5, 1) }},
		{"half a second of sound cut out", recording{args: []string{"-af", `aselect=not(between(t\,3.3\,3.8))`, "-c:a", "aac"}}, []string{"-no-gaps"}, "the sound has 1 holes",
			func(r *Report) bool {
				return r.Sound.HoleCount == 1 && near(r.Sound.Holes[0].At, 3.3, 0.1) && near(r.Sound.Holes[0].Length, 500, 60)
			}},
		{"a beep interrupted", recording{pcm: mute(4030*time.Millisecond, 4050*time.Millisecond)}, []string{"-no-gaps"}, "0 beeps are missing and 1 broken",
			func(r *Report) bool {
				return r.Sound.BrokenBeeps == 1 && r.Sound.Beeps == 8 && near(r.Sync.All.Max, 0, 1)
			}},
		{"a beep cut short", recording{pcm: mute(4050*time.Millisecond, 4500*time.Millisecond)}, []string{"-no-gaps"}, "1 broken",
			func(r *Report) bool { return r.Sound.BrokenBeeps == 1 && r.Sound.Beeps == 8 }},
		{"a beep missing", recording{pcm: mute(3900*time.Millisecond, 4500*time.Millisecond)}, []string{"-no-gaps"}, "1 beeps are missing",
			func(r *Report) bool { return r.Sound.MissingBeeps == 1 && r.Sound.Beeps == 7 && r.Sync.Alone == 1 }},
		{"a word missing", recording{pcm: mute(4800*time.Millisecond, 5999*time.Millisecond)}, []string{"-words", "50ms"}, "0 of 1 words were found",
			func(r *Report) bool { return r.Words.Expected == 1 && r.Words.Found == 0 }},
		{"a word too late", recording{pcm: later(200 * time.Millisecond)}, []string{"-words", "50ms"}, "a word begins 20",
			func(r *Report) bool { return r.Words.Found == 1 && near(r.Words.MaxError, 200, 20) }},
		{"no sound", recording{args: []string{"-an"}}, []string{"-no-gaps"}, "there is no sound", func(r *Report) bool { return r.Sound == nil && r.Frames.Count == 240 }},
		{"no pictures", recording{args: []string{"-vn"}}, []string{"-no-gaps"}, "there are no pictures", func(r *Report) bool { return r.Frames == nil && r.Sound.Beeps == 8 }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.r.seconds = 8
			r, code, said := report(t, tt.r.make(t), tt.limit...)
			if code != 1 || !strings.Contains(said, tt.said) {
				t.Errorf("exit %d: %q, want %q in it", code, said, tt.said)
			}
			if !tt.check(r) {
				b, _ := json.Marshal(r) //nolint:errchkjson // only to be shown
				t.Errorf("found %s", b)
			}
		})
	}
}

func TestRecordingFromTheMiddleOfARun(t *testing.T) {
	name := recording{seconds: 8, number: func(i int) int64 { return int64(i) + 4321*rate }}.make(t)
	r, code, said := report(t, name, "-no-gaps", "-max-offset", "2ms", "-frames", "240")
	if code != 0 || r.Frames.First != 4321*rate || r.Sync.Pairs != 7 {
		t.Errorf("exit %d: %s, %+v", code, said, r.Frames)
	}
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"a", "b"}, {"-frames", "many", "x"}, {"-nonsense", "x"}} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, &out, &errs); code != 2 || errs.Len() == 0 {
			t.Errorf("%v: exit %d, said %q", args, code, errs.String())
		}
	}
	for _, name := range []string{"testdata/none.mp4", "main.go", "rtsp://127.0.0.1:1/cam"} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{name}, &out, &errs); code != 1 || !strings.HasPrefix(errs.String(), "measure: ") {
			t.Errorf("%s: exit %d, said %q", name, code, errs.String())
		}
	}
}

func TestTextReport(t *testing.T) {
	name := recording{seconds: 3}.make(t)
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{name}, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	for _, want := range []string{"pictures  90 of 320x240, numbers 0 to 89 at 30 a second", "0 missing, 0 doubled", "3 beeps, 0 missing, 0 broken"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in:\n%s", want, out.String())
		}
	}
}

func TestBeepsAreFoundToAFractionOfAMillisecond(t *testing.T) {
	for _, early := range []float64{0, 0.25, 0.5, 7.75, 31.4} {
		pcm := make([]int16, 3*pattern.SampleRate)
		for i := range 4800 { // a tone that begins between two samples
			x := float64(i) - math.Mod(early, 1)
			if x >= 0 {
				pcm[48000+int(early)+i] = int16(12000 * math.Sin(2*math.Pi*1000*x/48000))
			}
		}
		b := newBeeps()
		b.reset(1000)
		b.add(pcm)
		b.reset(0)
		if len(b.found) != 1 {
			t.Fatalf("%d beeps", len(b.found))
		}
		got := b.found[0]
		if want := 1000 + 48000 + early; math.Abs(got.start-want) > 10 || math.Abs(got.end-want-4800) > 10 || got.broken {
			t.Errorf("beep from %.1f to %.1f (broken: %v), want %.1f to %.1f", got.start, got.end, got.broken, want, want+4800)
		}
	}
}

func TestLinesOfTheLog(t *testing.T) {
	tests := []struct {
		line   string
		frames []time.Duration
		pieces []piece
	}{
		{"[Parsed_showinfo_4 @ 0x55d0c8a0] n:   3 pts:  99999 pts_time:0.099999 duration: 0 fmt:gray cl:left sar:1/1 s:160x120 i:P iskey:0 type:P ", []time.Duration{99999 * time.Microsecond}, nil},
		{"[Parsed_showinfo_4 @ 0x55d0c8a0] n:   3 pts:-33333 pts_time:-0.03 pos: 12 fmt:gray", []time.Duration{-33333 * time.Microsecond}, nil},
		{"[Parsed_showinfo_4 @ 0x55d0c8a0] config in time_base: 1/1000000, frame_rate: 30/1", nil, nil},
		{"[Parsed_ashowinfo_3 @ 0x7f] n:12 pts:11208 pts_time:0.2335 pos:1183 fmt:s16 channels:2 chlayout:stereo rate:48000 nb_samples:960 checksum:01 plane_checksums: [ 01 ]", nil, []piece{{11208, 960}}},
		{"Stream #0:0: Video: rawvideo", nil, nil},
	}
	for _, tt := range tests {
		times := newTimes()
		times.read(strings.NewReader(tt.line + "\n"))
		if fmt.Sprint(times.frames) != fmt.Sprint(tt.frames) || fmt.Sprint(times.pieces) != fmt.Sprint(tt.pieces) {
			t.Errorf("%s\ngave %v %v", tt.line, times.frames, times.pieces)
		}
	}
}
