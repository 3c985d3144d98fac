package subtitle

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

const sec, msec = time.Second, time.Millisecond

var cues = []Cue{
	{Start: 0, End: 1500 * msec, Text: "one & two\n<three> --> four", Words: []Word{{"one", 0}, {"&", 400 * msec}, {"two", 400 * msec}, {"<three>", 900 * msec}}},
	{Start: 100*time.Hour + 59*time.Minute + 59*sec + 999600*time.Microsecond, End: 101 * time.Hour, Text: "\n今天天氣\n\n很好\n", Speaker: "far"},
	{Start: 101 * time.Hour, End: 101 * time.Hour, Text: "short\x1b[31m\u2028x"},
	{Start: 102 * time.Hour, End: 103 * time.Hour, Text: " \n\t"},
	{Start: -sec, End: 2 * sec, Text: "before"},
	{Start: 1999 * msec, End: sec, Text: "1\r\n00:00:09,000 --> 00:00:10,000\r\n\r\nNOTE <i>not</i> a {\\an8}cue"},
	{Start: 2 * sec, End: 3 * sec, Text: "bad \xff UTF-8", Speaker: "a>b\n&"},
}

func TestVTT(t *testing.T) {
	var b strings.Builder
	if err := VTT(&b, Header{Language: "zh-TW\n\nX", Note: "0 is 10:00\n\n--> UTC"}, slices.Values(cues), false); err != nil {
		t.Fatal(err)
	}
	want := "WEBVTT\nLanguage: zh-TW  X\n\nNOTE 0 is 10:00  → UTC\n\n" +
		"00:00:00.000 --> 00:00:01.500\none &amp; two\n&lt;three&gt; --&gt; four\n\n" +
		"101:00:00.000 --> 101:00:00.001\n<v far>今天天氣\n很好\n\n" +
		"101:00:00.000 --> 101:00:00.001\nshort [31m x\n\n" +
		"00:00:00.000 --> 00:00:02.000\nbefore\n\n" +
		"00:00:01.999 --> 00:00:02.000\n1\n00:00:09,000 --&gt; 00:00:10,000\nNOTE &lt;i&gt;not&lt;/i&gt; a {\\an8}cue\n\n" +
		"00:00:02.000 --> 00:00:03.000\n<v a&gt;b &amp;>bad \ufffd UTF-8\n\n"
	if b.String() != want {
		t.Errorf("got\n%q\nwant\n%q", b.String(), want)
	}
}

func TestSRT(t *testing.T) {
	var b strings.Builder
	if err := SRT(&b, slices.Values(cues)); err != nil {
		t.Fatal(err)
	}
	want := "1\n00:00:00,000 --> 00:00:01,500\none & two\n<\u2060three> → four\n\n" +
		"2\n101:00:00,000 --> 101:00:00,001\n今天天氣\n很好\n\n" +
		"3\n101:00:00,000 --> 101:00:00,001\nshort [31m x\n\n" +
		"4\n00:00:00,000 --> 00:00:02,000\nbefore\n\n" +
		"5\n00:00:01,999 --> 00:00:02,000\n1\n00:00:09,000 → 00:00:10,000\nNOTE <\u2060i>not<\u2060/i> a {\u2060\\an8}cue\n\n" +
		"6\n00:00:02,000 --> 00:00:03,000\nbad \ufffd UTF-8\n\n"
	if b.String() != want {
		t.Errorf("got\n%q\nwant\n%q", b.String(), want)
	}
}

func TestNothing(t *testing.T) {
	var b strings.Builder
	if err := VTT(&b, Header{}, slices.Values[[]Cue](nil), true); err != nil || b.String() != "WEBVTT\n\n" {
		t.Errorf("%q %v", b.String(), err)
	}
	b.Reset()
	if err := SRT(&b, slices.Values[[]Cue](nil)); err != nil || b.String() != "" {
		t.Errorf("%q %v", b.String(), err)
	}
}

// Words have the times at which they were spoken, as far as they still stand in the text.
func TestWordStamps(t *testing.T) {
	at := func(texts ...string) (ws []Word) { // one every 100 ms
		for i, x := range texts {
			ws = append(ws, Word{x, sec + time.Duration(i)*100*msec})
		}
		return ws
	}
	for name, x := range map[string]struct {
		cue  Cue
		want string
	}{
		"plain":                  {Cue{Text: "the other\nthing", Words: at("the", "other", "thing")}, "the <00:00:01.100>other\n<00:00:01.200>thing"},
		"no words":               {Cue{Text: "a & b"}, "a &amp; b"},
		"escaped":                {Cue{Text: "a <b> & c", Words: at("a", "<b>", "&", "c")}, "a <00:00:01.100>&lt;b&gt; <00:00:01.200>&amp; <00:00:01.300>c"},
		"Chinese":                {Cue{Text: "今天天氣\n很好", Words: at("今天", "天氣", "很", "好")}, "今天<00:00:01.100>天氣\n<00:00:01.200>很<00:00:01.300>好"},
		"Korean":                 {Cue{Text: "오늘 날씨가", Words: at("오늘", "날씨")}, "오늘 <00:00:01.100>날씨가"},
		"Chinese and Latin":      {Cue{Text: "用Python寫", Words: at("用", "Python", "寫")}, "用<00:00:01.100>Python<00:00:01.200>寫"},
		"a word put in front":    {Cue{Text: "now the end", Words: at("the", "end")}, "now the <00:00:01.100>end"},
		"a word changed":         {Cue{Text: "other weather", Words: at("the", "weather")}, "other <00:00:01.100>weather"},
		"the same word twice":    {Cue{Text: "no no", Words: at("no", "no")}, "no <00:00:01.100>no"},
		"one instant":            {Cue{Text: "a b c", Words: []Word{{"a", sec}, {"b", 1500 * msec}, {"c", 1500*msec + 300*time.Microsecond}}}, "a <00:00:01.500>b c"},
		"back in time":           {Cue{Text: "a b c", Words: []Word{{"a", sec}, {"b", 1500 * msec}, {"c", 1200 * msec}}}, "a <00:00:01.500>b c"},
		"at the beginning":       {Cue{Text: "a b", Words: []Word{{"a", sec}, {"b", sec}}}, "a b"},
		"at the end, rounded":    {Cue{Text: "a b", Words: []Word{{"a", sec}, {"b", 1999*msec + 700*time.Microsecond}}}, "a b"},
		"behind the end":         {Cue{Text: "a b", Words: []Word{{"a", sec}, {"b", 5 * sec}}}, "a b"},
		"before the file begins": {Cue{Start: -5 * sec, Text: "a b c", Words: []Word{{"a", -5 * sec}, {"b", -sec}, {"c", sec}}}, "a b <00:00:01.000>c"},
		"an empty word":          {Cue{Text: "a b", Words: at("a", "", "b")}, "a <00:00:01.200>b"},
	} {
		if x.cue.Start == 0 {
			x.cue.Start = sec
		}
		x.cue.End = 2 * sec
		if got := x.cue.stamped(); got != x.want {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
}

func TestMake(t *testing.T) {
	at := func(p media.Position) time.Duration { return time.Duration(p.Run)*time.Hour + p.Time }
	c := media.Caption{Run: 2, Start: sec, End: 3 * sec, Text: "a b", Role: media.Far, Words: []media.Word{{Text: "a", Start: sec, End: 2 * sec}, {Text: "b", Start: 2 * sec, End: 3 * sec}}}
	got := Make(c, at)
	if got.Start != 2*time.Hour+sec || got.End != 2*time.Hour+3*sec || got.Text != "a b" || got.Speaker != "far" ||
		!slices.Equal(got.Words, []Word{{"a", 2*time.Hour + sec}, {"b", 2*time.Hour + 2*sec}}) {
		t.Errorf("%+v", got)
	}
	if c.Role = media.Main; Make(c, at).Speaker != "" {
		t.Error("the main speaker is named")
	}
}

func TestOneLine(t *testing.T) {
	for text, want := range map[string]string{
		"one two\nthree": "one two three", "今天\n天氣": "今天天氣", "오늘\n날씨": "오늘 날씨", "好\nok": "好 ok", "ok\n好": "ok 好", "": "", "\n a \n\n": "a",
		"カ\nメ": "カメ", "a\tb\x00": "a b", "\xffa": "\ufffda",
	} {
		if got := OneLine(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "00:00:00.000", -time.Hour: "00:00:00.000", 499 * time.Microsecond: "00:00:00.000", 500 * time.Microsecond: "00:00:00.001",
		59*sec + 999600*time.Microsecond: "00:01:00.000", 99*time.Hour + 59*time.Minute + 59*sec + 999*msec: "99:59:59.999", 1000 * time.Hour: "1000:00:00.000",
	} {
		if got := Clock(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

var errFull = errors.New("full")

// full takes so many bytes.
type full int

func (f *full) Write(b []byte) (int, error) {
	n := min(len(b), int(*f))
	if *f -= full(n); n < len(b) {
		return n, errFull
	}
	return n, nil
}

// Where nothing more can be written nothing more is asked for.
func TestWriterFails(t *testing.T) {
	for name, write := range map[string]func(io.Writer, func(func(Cue) bool)) error{
		"vtt": func(w io.Writer, seq func(func(Cue) bool)) error { return VTT(w, Header{}, seq, false) },
		"srt": func(w io.Writer, seq func(func(Cue) bool)) error { return SRT(w, seq) },
	} {
		given := 0
		w := full(10_000)
		err := write(&w, func(yield func(Cue) bool) {
			for given < 1_000_000 && yield(Cue{Start: sec, End: 2 * sec, Text: "text"}) {
				given++
			}
		})
		if !errors.Is(err, errFull) || given > 1000 {
			t.Errorf("%s: %v after %d cues", name, err, given)
		}
		w = full(3) // the header, or the first number
		if err := write(&w, slices.Values(cues)); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
