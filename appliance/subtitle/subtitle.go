// Package subtitle writes captions down for players and people: WebVTT (W3C
// Recommendation Candidate of 2019), SubRip and plain text. It is pure: where a
// cue stands in time is the caller's business.
package subtitle

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/width"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Cue is a text and when it is shown, counted from whatever 0 is.
type Cue struct {
	Start, End time.Duration
	Text       string // lines are parted by \n
	Words      []Word // in their order, as far as they stand in Text
	Speaker    string // empty: not said
}

// Word is a word and when it begins, counted as the Cue's Start.
type Word struct {
	Text  string
	Start time.Duration
}

// Header stands at the top of a WebVTT file.
type Header struct {
	Language string // BCP 47; empty: not said
	Note     string // for a person; may be empty
}

// Shown are the captions to be shown of cs, by start. Where captions of the same
// track and language overlap, by several models, a person's is shown, else the one that was made last.
func Shown(cs []timeline.Caption) []timeline.Caption {
	better := func(a, b timeline.Caption) bool {
		if a.ByHand() != b.ByHand() {
			return a.ByHand()
		}
		return a.ID > b.ID
	}
	cs = slices.Clone(cs)
	slices.SortStableFunc(cs, func(a, b timeline.Caption) int {
		return cmp.Or(cmp.Compare(a.Run, b.Run), cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID))
	})
	hidden := make([]bool, len(cs))
	for i, c := range cs {
		for k := i + 1; k < len(cs) && cs[k].Run == c.Run && cs[k].Start < c.End; k++ {
			d := cs[k]
			if d.Track != c.Track || d.Language != c.Language || d.Model.Name == c.Model.Name {
				continue
			}
			if better(c, d) {
				hidden[k] = true
			} else {
				hidden[i] = true
			}
		}
	}
	var out []timeline.Caption
	for i, c := range cs {
		if !hidden[i] {
			out = append(out, c)
		}
	}
	return out
}

// Make is the cue of a caption; at says where a position stands in time.
func Make(c media.Caption, at func(media.Position) time.Duration) Cue {
	cue := Cue{Start: at(c.Position()), End: at(media.Position{Run: c.Run, Time: c.End}), Text: c.Text}
	if c.Role != media.Main {
		cue.Speaker = c.Role.String()
	}
	for _, w := range c.Words {
		cue.Words = append(cue.Words, Word{w.Text, at(media.Position{Run: c.Run, Time: w.Start})})
	}
	return cue
}

// shortest is how long a cue is shown at least: some players leave out one that is shorter.
const shortest = time.Millisecond

// VTT writes WebVTT. With words each word has the time at which it was spoken.
func VTT(w io.Writer, h Header, cues []Cue, words bool) error {
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "WEBVTT")
	if h.Language != "" {
		fmt.Fprintf(out, "\nLanguage: %s", line(h.Language))
	}
	fmt.Fprint(out, "\n\n")
	if h.Note != "" {
		fmt.Fprintf(out, "NOTE %s\n\n", strings.ReplaceAll(line(h.Note), "-->", "→"))
	}
	for _, c := range cues {
		text := escape(c.lines())
		if words {
			text = c.stamped()
		}
		if text == "" {
			continue
		}
		if c.Speaker != "" {
			text = "<v " + escape(line(c.Speaker)) + ">" + text
		}
		fmt.Fprintf(out, "%s --> %s\n%s\n\n", clock(c.Start, '.'), clock(max(c.End, c.Start+shortest), '.'), text)
	}
	return out.Flush()
}

// SRT writes SubRip.
func SRT(w io.Writer, cues []Cue) error {
	out := bufio.NewWriter(w)
	n := 0
	for _, c := range cues {
		text := strings.ReplaceAll(c.lines(), "-->", "→")
		if text == "" {
			continue
		}
		n++
		fmt.Fprintf(out, "%d\n%s --> %s\n%s\n\n", n, clock(c.Start, ','), clock(max(c.End, c.Start+shortest), ','), text)
	}
	return out.Flush()
}

// clock is a time as HH:MM:SS and milliseconds; hours may have more digits.
func clock(d time.Duration, point byte) string {
	ms := max(d, 0).Round(time.Millisecond).Milliseconds()
	return fmt.Sprintf("%02d:%02d:%02d%c%03d", ms/3600000, ms/60000%60, ms/1000%60, point, ms%1000)
}

// Clock is a time as HH:MM:SS.mmm, for plain text.
func Clock(d time.Duration) string { return clock(d, '.') }

// lines is the text without blank lines, which would end the cue.
func (c Cue) lines() string {
	var out []string
	for l := range strings.SplitSeq(c.Text, "\n") {
		if l = line(l); l != "" {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

// line is s in one line, without what a terminal or a player would obey.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return '\ufffd'
		case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029:
			return ' '
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// OneLine is a caption's text in one line: a blank stands for the end of a line,
// but not between characters of a script without blanks.
func OneLine(text string) string {
	var b strings.Builder
	var last rune
	for l := range strings.SplitSeq(text, "\n") {
		if l = line(l); l == "" {
			continue
		}
		first, _ := utf8.DecodeRuneInString(l)
		if b.Len() > 0 && !(unspaced(last) && unspaced(first)) {
			b.WriteByte(' ')
		}
		b.WriteString(l)
		last, _ = utf8.DecodeLastRuneInString(l)
	}
	return b.String()
}

// unspaced reports whether r belongs to writing without blanks: wide, and not Hangul.
func unspaced(r rune) bool {
	k := width.LookupRune(r).Kind()
	hangul := r >= 0x1100 && r <= 0x11ff || r >= 0x3130 && r <= 0x318f || r >= 0xac00 && r <= 0xd7af
	return (k == width.EastAsianWide || k == width.EastAsianFullwidth) && !hangul
}

// escape writes what stands for something else in WebVTT (section 4.2.2) as it is meant.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// stamped is the escaped text with a time stamp before each word but the first:
// it must lie inside the cue and rise (section 4.2.2).
func (c Cue) stamped() string {
	text := c.lines()
	var b strings.Builder
	last := c.Start
	for i, w := range c.Words {
		at := strings.Index(text, w.Text)
		if at < 0 || w.Text == "" {
			continue
		}
		b.WriteString(escape(text[:at]))
		if i > 0 && w.Start.Round(time.Millisecond) > last.Round(time.Millisecond) && w.Start < c.End {
			b.WriteString("<" + clock(w.Start, '.') + ">")
			last = w.Start
		}
		b.WriteString(escape(w.Text))
		text = text[at+len(w.Text):]
	}
	b.WriteString(escape(text))
	return b.String()
}
