package subtitle

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// tool runs a program of ffmpeg's.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is missing; install the Debian package ffmpeg", name)
	}
	var wrong strings.Builder
	cmd := exec.Command(name, append([]string{"-v", "error"}, args...)...)
	cmd.Stderr = &wrong
	out, err := cmd.Output()
	if err != nil || wrong.Len() > 0 {
		t.Fatalf("%s: %v\n%s", name, err, wrong.String())
	}
	return string(out)
}

// real are cues as they come, and what a player must show of them.
var real = []struct {
	cue  Cue
	text string
}{
	{Cue{Start: sec, End: 2500 * msec, Text: "R&D <script> a < b\nx --> y &amp; z", Words: []Word{{"R&D", sec}, {"<script>", 1500 * msec}}}, "R&D <script> a < b\nx --> y &amp; z"},
	{Cue{Start: 2 * sec, End: 4 * sec, Text: "overlaps"}, "overlaps"},
	{Cue{Start: 5 * sec, End: 7 * sec, Text: "今天天氣\n很好", Words: []Word{{"今天", 5 * sec}, {"天氣", 6 * sec}}, Speaker: "far"}, "今天天氣\n很好"},
	{Cue{Start: 7 * sec, End: 8 * sec, Text: "2\n\n\nsecond"}, "2\nsecond"},
	{Cue{Start: 9 * sec, End: 10 * sec, Text: "<i>no markup</i> {\\an8}none"}, "<i>no markup</i> {\\an8}none"},
	{Cue{Start: 101*time.Hour + 2*time.Minute + 3*sec + 45*msec, End: 101*time.Hour + 2*time.Minute + 4*sec, Text: "오늘 날씨"}, "오늘 날씨"},
}

func realCues(yield func(Cue) bool) {
	for _, r := range real {
		if !yield(r.cue) {
			return
		}
	}
}

// ffmpeg reads every cue at its time, and shows its text as it is.
func TestFFmpegReads(t *testing.T) {
	for name, write := range map[string]func(io.Writer) error{
		"plain.vtt": func(w io.Writer) error { return VTT(w, Header{Language: "zh-TW", Note: "n"}, realCues, false) },
		"words.vtt": func(w io.Writer) error { return VTT(w, Header{}, realCues, true) },
		"plain.srt": func(w io.Writer) error { return SRT(w, realCues) },
	} {
		path := filepath.Join(t.TempDir(), name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := write(f); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		var probed struct {
			Packets []struct {
				PTS      string `json:"pts_time"`
				Duration string `json:"duration_time"`
			}
		}
		if err := json.Unmarshal([]byte(tool(t, "ffprobe", "-show_packets", "-of", "json", path)), &probed); err != nil {
			t.Fatal(err)
		}
		if len(probed.Packets) != len(real) {
			t.Fatalf("%s: ffprobe finds %d cues, want %d", name, len(probed.Packets), len(real))
		}
		for i, p := range probed.Packets {
			c := real[i].cue
			if p.PTS != fmt.Sprintf("%.6f", c.Start.Seconds()) || p.Duration != fmt.Sprintf("%.6f", (c.End-c.Start).Seconds()) {
				t.Errorf("%s: cue %d is at %s for %s, want %v to %v", name, i, p.PTS, p.Duration, c.Start, c.End)
			}
		}
		if got := shownBy(t, path); !slices.Equal(got, realTexts()) {
			t.Errorf("%s: ffmpeg shows\n%q\nwant\n%q", name, got, realTexts())
		}
	}
}

func realTexts() (out []string) {
	for _, r := range real {
		out = append(out, strings.ReplaceAll(r.text, "-->", "→"))
	}
	return out
}

// shownBy is what each cue shows, as ffmpeg hands it to a renderer: in SubStation
// Alpha, where \N ends a line and a brace without a backslash begins an order.
func shownBy(t *testing.T, path string) (out []string) {
	t.Helper()
	for _, l := range strings.Split(tool(t, "ffmpeg", "-i", path, "-f", "ass", "-"), "\n") {
		fields := strings.SplitN(strings.TrimRight(l, "\r"), ",", 10)
		if !strings.HasPrefix(l, "Dialogue:") || len(fields) < 10 {
			continue
		}
		text := strings.ReplaceAll(fields[9], `\{`, "\x00")
		if strings.Contains(text, `{\`) {
			t.Errorf("%s: an order to the renderer: %q", path, text)
		}
		out = append(out, strings.NewReplacer("\x00", "{", `\}`, "}", `\N`, "\n", "\u2060", "", "-->", "→").Replace(text))
	}
	return out
}

// What a file holds survives ffmpeg's way from either form to the other.
func TestFFmpegConverts(t *testing.T) {
	dir := t.TempDir()
	srt := filepath.Join(dir, "a.srt")
	f, err := os.Create(srt)
	if err != nil {
		t.Fatal(err)
	}
	some := []Cue{{Start: sec, End: 2 * sec, Text: "first & last\nsecond"}, {Start: 3 * sec, End: 4500 * msec, Text: "天氣"}}
	if err := SRT(f, slices.Values(some)); err != nil {
		t.Fatal(err)
	}
	f.Close()
	vtt := filepath.Join(dir, "a.vtt")
	tool(t, "ffmpeg", "-i", srt, vtt)
	got := tool(t, "ffmpeg", "-i", vtt, "-f", "srt", "-")
	want, err := os.ReadFile(srt)
	if err != nil {
		t.Fatal(err)
	}
	if got = strings.ReplaceAll(got, "\r\n", "\n"); strings.TrimSpace(got) != strings.TrimSpace(string(want)) {
		t.Errorf("came back as\n%s\nwas\n%s", got, want)
	}
}
