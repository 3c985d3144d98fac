package asr

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"hindsight/media"
)

// say makes words of a text of words and pauses: each word lasts 300 ms and is
// followed by 100 ms; a number in braces is a pause in ms instead.
func say(text string) []media.Word {
	var words []media.Word
	at := time.Second
	for _, f := range strings.Fields(text) {
		var ms int
		if n, _ := fmt.Sscanf(f, "{%d}", &ms); n == 1 {
			at += time.Duration(ms-100) * time.Millisecond
			continue
		}
		words = append(words, media.Word{Text: f, Start: at, End: at + 300*time.Millisecond, Confidence: 1})
		at += 400 * time.Millisecond
	}
	return words
}

func TestSegment(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"nothing", "", nil},
		{"one word", "hello", []string{"hello"}},
		{"one line, exactly", "aaaaaaaaaa bbbbbbbbbb cccccccccc ddddddddd", []string{"aaaaaaaaaa bbbbbbbbbb cccccccccc ddddddddd"}},
		{"one more makes two, as equal as can be", "aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd", []string{"aaaaaaaaaa bbbbbbbbbb\ncccccccccc dddddddddd"}},
		{"a long pause parts", "one two {2000} three", []string{"one two", "three"}},
		{"a shorter one does not", "one two {1999} three", []string{"one two three"}},
		// 18 words last 7.1 s, 17 of them 6.7 s.
		{"at most 7 s, cut at the longest pause of the second half", "a b c {150} d e f g h i j k {140} l m n o p q r s", []string{"a b c d e f g h i j k", "l m n o p q r s"}},
		{"of equal pauses the last", "a b c d e f g h i j k l m n o p q r s", []string{"a b c d e f g h i j k l m n o p q", "r s"}},
		{"at most two lines", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb cccccccccccccccccccc",
			[]string{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "cccccccccccccccccccc"}},
		{"korean: blanks", "오늘 날씨가 좋습니다", []string{"오늘 날씨가 좋습니다"}},
		{"mixed", "我 用 Linux 系统", []string{"我用 Linux 系统"}},
		{"a word wider than two lines", strings.Repeat("x", 100), []string{strings.Repeat("x", 42) + "\n" + strings.Repeat("x", 42), strings.Repeat("x", 16)}},
	} {
		var got []string
		for _, caption := range Segment(say(c.text), DefaultLimits()) {
			got = append(got, caption.Text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func TestSegmentOfChinese(t *testing.T) {
	words := say(strings.TrimSpace(strings.Repeat("今天 ", 10) + strings.Repeat("天气 ", 12)))
	for i := range words { // quick speech: 22 words in 5.5 s
		words[i].Start, words[i].End = time.Duration(i)*250*time.Millisecond, time.Duration(i)*250*time.Millisecond+200*time.Millisecond
	}
	got := Segment(words, DefaultLimits())
	first := strings.Repeat("今天", 10) + "\n" + strings.Repeat("天气", 10)
	if len(got) != 2 || got[0].Text != first || got[1].Text != "天气天气" {
		t.Errorf("captions %+v", got)
	}
	if got[0].Start != 0 || got[0].End != 4950*time.Millisecond || got[1].Start != 5*time.Second || len(got[0].Words) != 20 {
		t.Errorf("times %v to %v, then from %v", got[0].Start, got[0].End, got[1].Start)
	}
}

// A word that is cut shares its time, and nothing of it is lost.
func TestSegmentCutsWideWords(t *testing.T) {
	w := media.Word{Text: strings.Repeat("字", 50), Start: time.Second, End: 2 * time.Second, Confidence: 0.5}
	got := Segment([]media.Word{w}, DefaultLimits())
	if len(got) != 2 || got[0].Text != strings.Repeat("字", 20)+"\n"+strings.Repeat("字", 20) || got[1].Text != strings.Repeat("字", 10) {
		t.Fatalf("captions %+v", got)
	}
	if got[0].End != 1800*time.Millisecond || got[1].Start != 1800*time.Millisecond || got[1].End != 2*time.Second || got[1].Words[0].Confidence != 0.5 {
		t.Errorf("times %+v", got)
	}
}

// Whatever is said, captions keep the limits and all words in order.
func FuzzSegment(f *testing.F) {
	f.Add("one two {2000} three", 7000)
	f.Add("今天 天气 很 好 {500} hello 오늘 ภาษา ไทย", 900)
	f.Add(strings.Repeat("word ", 60), 7000)
	f.Add(strings.Repeat("x", 300)+" y", 100)
	f.Add("e\u0301\u0301 \u0301 가각", 7000)
	f.Fuzz(func(t *testing.T, text string, longest int) {
		if !utf8.ValidString(text) || len(text) > 2000 {
			return
		}
		l := DefaultLimits()
		l.Longest = time.Duration(longest%20000) * time.Millisecond
		words := say(text)
		for _, w := range words {
			if w.Start < 0 || w.End > 1000*time.Hour {
				return
			}
		}
		var said, kept strings.Builder
		for _, w := range words {
			said.WriteString(w.Text)
		}
		for _, c := range Segment(words, l) {
			checkCaption(t, l, c)
			for _, w := range c.Words {
				kept.WriteString(w.Text)
			}
		}
		if said.String() != kept.String() {
			t.Errorf("said %q, kept %q", said.String(), kept.String())
		}
	})
}

func checkCaption(t *testing.T, l Limits, c media.Caption) {
	lines := strings.Split(c.Text, "\n")
	if len(lines) > l.Lines {
		t.Errorf("%d lines: %q", len(lines), c.Text)
	}
	for _, line := range lines {
		if l.width(line) > l.full() {
			t.Errorf("too wide: %q", line)
		}
	}
	if c.End-c.Start > l.Longest && len(c.Words) > 1 && c.Words[0].End-c.Words[0].Start <= l.Longest {
		t.Errorf("%q lasts %v", c.Text, c.End-c.Start)
	}
	if c.Start != c.Words[0].Start || c.End != c.Words[len(c.Words)-1].End {
		t.Errorf("times of %+v", c)
	}
}

func TestJoin(t *testing.T) {
	for _, c := range []struct{ words, want string }{
		{"", ""}, {"one", "one"}, {"one two", "one two"}, {"今天 天气 很 好", "今天天气很好"},
		{"今日 は いい 天気", "今日はいい天気"}, {"コーヒー を", "コーヒーを"}, {"오늘 날씨", "오늘 날씨"},
		{"ภาษา ไทย", "ภาษาไทย"}, {"ที่ นี่", "ที่นี่"}, {"我 用 linux 系统", "我用 linux 系统"}, {"第 5 个", "第 5 个"},
	} {
		if got := Join(strings.Fields(c.words)); got != c.want {
			t.Errorf("%q: %q, want %q", c.words, got, c.want)
		}
	}
	if got := Join([]string{"", "a", "", "b", ""}); got != "a b" {
		t.Errorf("with empty words: %q", got)
	}
}
