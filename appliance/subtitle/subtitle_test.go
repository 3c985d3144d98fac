package subtitle

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

var cues = []Cue{
	{Start: 0, End: 1500 * time.Millisecond, Text: "one & two\n<three> --> four", Words: []Word{{"one", 0}, {"&", 400 * time.Millisecond}, {"two", 400 * time.Millisecond}, {"<three>", 900 * time.Millisecond}}},
	{Start: 100*time.Hour + 59*time.Minute + 59*time.Second + 999600*time.Microsecond, End: 101 * time.Hour, Text: "\n今天天氣\n\n很好\n", Speaker: "far"},
	{Start: 101 * time.Hour, End: 101 * time.Hour, Text: "short\x1b[31m\u2028x"},
	{Start: 102 * time.Hour, End: 103 * time.Hour, Text: " \n\t"},
	{Start: -time.Second, End: 2 * time.Second, Text: "before"},
}

func TestVTT(t *testing.T) {
	var b strings.Builder
	if err := VTT(&b, Header{Language: "zh-TW", Note: "0 is 10:00\n--> UTC"}, slices.Values(cues), false); err != nil {
		t.Fatal(err)
	}
	want := "WEBVTT\nLanguage: zh-TW\n\nNOTE 0 is 10:00 → UTC\n\n" +
		"00:00:00.000 --> 00:00:01.500\none &amp; two\n&lt;three&gt; --&gt; four\n\n" +
		"101:00:00.000 --> 101:00:00.001\n<v far>今天天氣\n很好\n\n" +
		"101:00:00.000 --> 101:00:00.001\nshort [31m x\n\n" +
		"00:00:00.000 --> 00:00:02.000\nbefore\n\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	b.Reset()
	if err := VTT(&b, Header{}, slices.Values(cues[:1]), true); err != nil {
		t.Fatal(err)
	}
	if want := "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\none <00:00:00.400>&amp; two\n<00:00:00.900>&lt;three&gt; --&gt; four\n\n"; b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestSRT(t *testing.T) {
	var b strings.Builder
	if err := SRT(&b, slices.Values(cues[:2])); err != nil {
		t.Fatal(err)
	}
	want := "1\n00:00:00,000 --> 00:00:01,500\none & two\n<\u2060three> → four\n\n2\n101:00:00,000 --> 101:00:00,001\n今天天氣\n很好\n\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"one two\nthree": "one two three", "今天\n天氣": "今天天氣", "오늘\n날씨": "오늘 날씨", "好\nok": "好 ok", "": "", "\n a \n\n": "a",
	} {
		if got := OneLine(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// Of several models' captions of the same sound one is shown.
func TestShown(t *testing.T) {
	c := func(id uint64, from, to int, model, language string) timeline.Caption {
		return timeline.Caption{Caption: media.Caption{ID: id, Run: 1, Start: time.Duration(from) * time.Second, End: time.Duration(to) * time.Second,
			Text: model, Language: language, Track: 1, Model: media.Model{Name: model}}}
	}
	edited := c(3, 20, 25, "a", "ko")
	edited.Original = "x"
	var got []uint64
	for _, x := range Shown([]timeline.Caption{
		c(9, 2, 6, "b", "ko"), c(1, 0, 5, "a", "ko"), c(2, 10, 15, "a", "ko"), c(4, 12, 13, "a", "ko"), edited, c(10, 21, 22, "b", "ko"), c(11, 0, 5, "b", "en"),
	}) {
		got = append(got, x.ID)
	}
	want := []uint64{11, 9, 2, 4, 3}
	if len(got) != len(want) {
		t.Fatalf("shown %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("shown %v, want %v", got, want)
		}
	}
}

// ffmpeg reads what is written.
func TestFFmpegReads(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Fatal("ffmpeg is missing; install the Debian package ffmpeg")
	}
	dir := t.TempDir()
	some := []Cue{{Start: time.Second, End: 2 * time.Second, Text: "first & last\nsecond"}, {Start: 3 * time.Second, End: 4500 * time.Millisecond, Text: "天氣"}}
	for name, write := range map[string]func(*os.File) error{
		"a.vtt": func(f *os.File) error { return VTT(f, Header{Language: "en", Note: "n"}, slices.Values(some), false) },
		"a.srt": func(f *os.File) error { return SRT(f, slices.Values(some)) },
	} {
		path := filepath.Join(dir, name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := write(f); err != nil {
			t.Fatal(err)
		}
		f.Close()
		out, err := exec.Command("ffmpeg", "-v", "error", "-i", path, "-f", "srt", "-").CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		for _, want := range []string{"00:00:01,000 --> 00:00:02,000\n", "second\n", "00:00:03,000 --> 00:00:04,500\n天氣\n"} {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s: ffmpeg reads\n%s\nwithout %q", name, out, want)
			}
		}
	}
}
