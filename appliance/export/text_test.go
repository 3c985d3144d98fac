package export

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

func caption(track uint16, run media.Run, from, until time.Duration, language, text string) media.Caption {
	return media.Caption{Run: run, Start: from, End: until, Text: text, Language: language, Track: track, Model: media.Model{Name: "m"}}
}

// Captions are a track a language, whose times fit the file: gaps are closed,
// and what lies in a gap or beside the range is cut.
func TestCaptionsAreATrackEach(t *testing.T) {
	v, a := h264Clip(t, "9"), opusClip(t, "9")
	d := newDeck(t)
	const s, ms = time.Second, time.Millisecond
	d.play(s, 0, 4*s, v, a)
	d.Lose(0, 5*s, media.CameraLost, "unplugged")
	d.pass(5500 * ms)
	d.Regain(0, 10500*ms)
	d.play(6500*ms, 4*s, 6*s, v, a)
	track := uint16(2)
	if _, err := d.AddCaptions([]media.Caption{
		caption(track, 1, 1*s, 1500*ms, "ko", "before the file"),
		caption(track, 1, 2200*ms, 3*s, "ko", "오늘 날씨"),              // begins before it: shown from 0
		caption(track, 1, 3500*ms, 4*s, "ko", "one\ntwo & <three>"), // 1.0 to 1.5
		caption(track, 1, 3200*ms, 3700*ms, "zh-TW", "今天天氣"),
		caption(track, 1, 4500*ms, 5500*ms, "ko", "into the gap"), // 2.0 to 2.5
		caption(track, 1, 11*s, 11500*ms, "ko", "behind it"),      // 3.0 to 3.5
		caption(track, 1, 11200*ms, 11700*ms, "ko", "at once"),    // 3.2 to 3.7
		caption(track, 1, 12400*ms, 13*s, "ko", "behind the file"),
	}); err != nil {
		t.Fatal(err)
	}
	m, file := save(t, Of(d.Timeline), at(1, 2500*ms), at(1, 12*s), Options{Camera: "cam", Captions: d.Captions})
	decodes(t, file)
	if got, want := numbers(t, file), sequence(45, 120); !slices.Equal(got, want) {
		t.Errorf("frames %v, want %v", got, want)
	}
	out, _ := tool(t, "ffmpeg", "ffprobe", "-v", "error", "-show_entries", "stream=codec_type,codec_name:stream_tags=language", "-of", "csv=p=0", file)
	if got := strings.Fields(out); !slices.Equal(got, []string{"h264,video,und", "opus,audio,und", "mov_text,subtitle,kor", "mov_text,subtitle,zho"}) {
		t.Errorf("streams %q", got)
	}
	for language, want := range map[string]string{
		"kor": "1\n00:00:00,000 --> 00:00:00,500\n오늘 날씨\n\n" +
			"2\n00:00:01,000 --> 00:00:01,500\none\ntwo & <three>\n\n" +
			"3\n00:00:02,000 --> 00:00:02,500\ninto the gap\n\n" +
			"4\n00:00:03,000 --> 00:00:03,200\nbehind it\n\n" +
			"5\n00:00:03,200 --> 00:00:03,500\nbehind it\nat once\n\n" +
			"6\n00:00:03,500 --> 00:00:03,700\nat once\n\n",
		"zho": "1\n00:00:00,700 --> 00:00:01,200\n今天天氣\n\n",
	} {
		got, _ := tool(t, "ffmpeg", "ffmpeg", "-v", "error", "-i", file, "-map", "0:m:language:"+language, "-f", "srt", "-")
		if got = strings.ReplaceAll(got, "\r\n", "\n"); strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("%s:\n%q\nwant\n%q", language, got, want)
		}
	}
	for p, want := range map[media.Position]time.Duration{
		at(1, s): 0, at(1, 3500*ms): s, at(1, 7*s): 2500 * ms, at(1, 11*s): 3 * s, at(1, time.Hour): m.Length, at(2, 0): m.Length,
	} {
		if got := m.Time(p); got != want {
			t.Errorf("%v lies at %v, want %v", p, got, want)
		}
	}
	// Players find the captions, and play.
	said, _ := tool(t, "mpv", "mpv", "--no-config", "--vo=null", "--ao=null", "--untimed", "--end=0.5", "--sid=1", "--term-playing-msg=first", "--msg-level=all=v", file)
	if !strings.Contains(said, "mov_text") {
		t.Errorf("mpv does not name the captions:\n%s", said)
	}
}

// A file without captions has no track of them.
func TestNoCaptionsNoTrack(t *testing.T) {
	d := newDeck(t)
	d.play(time.Second, 0, 2*time.Second, h264Clip(t, "9"))
	_, file := save(t, Of(d.Timeline), at(1, time.Second), at(1, 3*time.Second), Options{Captions: d.Captions})
	out, _ := tool(t, "ffmpeg", "ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", file)
	if strings.TrimSpace(out) != "video" {
		t.Errorf("streams %q", out)
	}
}
