package subtitle

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The texts of captions come from outside: recognisers make them and people
// change them. Whatever they are, a reader finds as many cues as were written,
// with their times and their texts.

var (
	vttTimes = regexp.MustCompile(`^(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})$`)
	srtTimes = regexp.MustCompile(`^(\d{2,}):([0-5]\d):([0-5]\d),(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d),(\d{3})$`)
	stamp    = regexp.MustCompile(`<(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})>`)
	voice    = regexp.MustCompile(`^<v [^<>\n]*>`)
)

// instant is the time in four numbers.
func instant(t testing.TB, parts []string) (ms int64) {
	t.Helper()
	for i, unit := range []int64{3600000, 60000, 1000, 1} {
		n, err := strconv.ParseInt(parts[i], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ms += n * unit
	}
	return ms
}

// found is a cue that a reader finds.
type found struct {
	start, end int64 // ms
	text       string
}

// blocks are what blank lines part.
func blocks(s string) (out []string) {
	for b := range strings.SplitSeq(s, "\n\n") {
		if b != "" {
			out = append(out, b)
		}
	}
	return out
}

// readVTT reads by the rules of WebVTT's section 6.1, as far as VTT uses them, and
// allows nothing else.
func readVTT(t testing.TB, file string) (out []found) {
	t.Helper()
	if strings.ContainsAny(file, "\r\x00") {
		t.Fatalf("a character that ends lines, or files: %q", file)
	}
	head := blocks(file)
	if len(head) == 0 || head[0] != "WEBVTT" && !strings.HasPrefix(head[0], "WEBVTT\n") {
		t.Fatalf("begins with %.20q", file)
	}
	for _, b := range head[1:] {
		if strings.HasPrefix(b, "NOTE ") && len(out) == 0 && !strings.Contains(b, "-->") {
			continue
		}
		line, text, _ := strings.Cut(b, "\n")
		m := vttTimes.FindStringSubmatch(line)
		if m == nil || strings.Contains(text, "-->") || strings.Trim(text, "\n") == "" {
			t.Fatalf("no cue: %q", b)
		}
		f := found{instant(t, m[1:5]), instant(t, m[5:9]), ""}
		text = voice.ReplaceAllString(text, "")
		last := f.start
		for _, s := range stamp.FindAllStringSubmatch(text, -1) {
			at := instant(t, s[1:])
			if at <= last || at >= f.end {
				t.Fatalf("a stamp out of order: %q", b)
			}
			last = at
		}
		text = stamp.ReplaceAllString(text, "")
		if strings.ContainsAny(text, "<>") {
			t.Fatalf("markup: %q", text)
		}
		f.text = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">").Replace(text)
		out = append(out, f)
	}
	return out
}

func readSRT(t testing.TB, file string) (out []found) {
	t.Helper()
	for i, b := range blocks(file) {
		parts := strings.SplitN(b, "\n", 3)
		if len(parts) != 3 || parts[0] != fmt.Sprint(i+1) {
			t.Fatalf("no cue %d: %q", i+1, b)
		}
		m := srtTimes.FindStringSubmatch(parts[1])
		if m == nil || strings.Contains(parts[2], "-->") || markup.MatchString(parts[2]) {
			t.Fatalf("no cue: %q", b)
		}
		out = append(out, found{instant(t, m[1:5]), instant(t, m[5:9]), strings.ReplaceAll(parts[2], joiner, "")})
	}
	return out
}

// rough cuts a text into three cues of words, whose times go where they like.
func rough(text, speaker string, start, long int64) (out []Cue) {
	parts := strings.SplitN(text, "|", 3)
	for i, p := range parts {
		c := Cue{Start: time.Duration(start) * time.Duration(i+1), Text: p}
		c.End = c.Start + time.Duration(long)
		if i == 1 {
			c.Speaker = speaker
		}
		for k, w := range strings.Fields(p) {
			c.Words = append(c.Words, Word{w, c.Start + time.Duration(long)/4*time.Duration(k)})
		}
		out = append(out, c)
	}
	return out
}

func FuzzFiles(f *testing.F) {
	for _, c := range cues {
		f.Add(c.Text, c.Speaker, int64(c.Start), int64(c.End-c.Start))
	}
	for _, text := range []string{"", "a|b|c", "&amp; &lt;|<v x>|-->", "\r\n\r\n1|NOTE|WEBVTT", "<00:00:01.000>a b c", "x <b|{\\an8}|<\u2060b", "\u2028|\u0085|\ufeff", "\xff\xfe|\x00|\u200f"} {
		f.Add(text, "far", int64(sec), int64(3*sec))
	}
	f.Add("a b c d", "", int64(-5*sec), int64(7*sec))
	f.Add("a b c d", "", int64(1<<61), int64(1))
	f.Fuzz(func(t *testing.T, text, speaker string, start, long int64) {
		if start > 1<<61 || start < -1<<61 || long > 1<<60 || long < -1<<60 {
			return // years away
		}
		given := rough(text, speaker, start, long)
		var want []found
		for _, c := range given {
			if s := c.lines(); s != "" {
				want = append(want, found{ms(c.Start), ms(c.until()), s})
			}
		}
		for _, words := range []bool{false, true} {
			var b strings.Builder
			if err := VTT(&b, Header{Language: speaker, Note: text}, slices.Values(given), words); err != nil {
				t.Fatal(err)
			}
			if got := readVTT(t, b.String()); !slices.Equal(got, want) {
				t.Errorf("words %v: %+v, want %+v", words, got, want)
			}
		}
		var b strings.Builder
		if err := SRT(&b, slices.Values(given)); err != nil {
			t.Fatal(err)
		}
		for i := range want {
			want[i].text = strings.ReplaceAll(strings.ReplaceAll(want[i].text, "-->", "→"), joiner, "")
		}
		if got := readSRT(t, b.String()); !slices.Equal(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
		if one := OneLine(text); strings.ContainsAny(one, "\n\r\x1b\u2028") {
			t.Errorf("not one line: %q", one)
		}
	})
}
