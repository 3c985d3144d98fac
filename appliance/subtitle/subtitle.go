// Package subtitle writes captions down for players and people: WebVTT (W3C
// Recommendation Candidate of 2019), SubRip and plain text. It is pure: where a
// cue stands in time is the caller's business.
package subtitle

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/width"

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

// until is when the cue ends: not before it begins, nor before the file does.
func (c Cue) until() time.Duration { return max(c.End, max(c.Start, 0)+shortest) }

// VTT writes WebVTT. With words each word has the time at which it was spoken.
// It stops at the first error of w.
func VTT(w io.Writer, h Header, cues iter.Seq[Cue], words bool) error {
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "WEBVTT")
	if h.Language != "" {
		fmt.Fprintf(out, "\nLanguage: %s", line(h.Language))
	}
	fmt.Fprint(out, "\n\n")
	if h.Note != "" {
		fmt.Fprintf(out, "NOTE %s\n\n", strings.ReplaceAll(line(h.Note), "-->", "→"))
	}
	for c := range cues {
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
		if _, err := fmt.Fprintf(out, "%s --> %s\n%s\n\n", clock(c.Start, '.'), clock(c.until(), '.'), text); err != nil {
			return err
		}
	}
	return out.Flush()
}

// SRT writes SubRip. It stops at the first error of w.
func SRT(w io.Writer, cues iter.Seq[Cue]) error {
	out := bufio.NewWriter(w)
	n := 0
	for c := range cues {
		text := plain(c.lines())
		if text == "" {
			continue
		}
		n++
		if _, err := fmt.Fprintf(out, "%d\n%s --> %s\n%s\n\n", n, clock(c.Start, ','), clock(c.until(), ','), text); err != nil {
			return err
		}
	}
	return out.Flush()
}

// clock is a time as HH:MM:SS and milliseconds; hours may have more digits.
func clock(d time.Duration, point byte) string {
	n := ms(d)
	return fmt.Sprintf("%02d:%02d:%02d%c%03d", n/3600000, n/60000%60, n/1000%60, point, n%1000)
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

// joiner takes no room and parts two characters that would mean something together.
const joiner = "\u2060"

var markup = regexp.MustCompile(`<[A-Za-z/!?]|\{\\`)

// plain is text as it is meant in SubRip, which has no escapes though players
// obey some HTML and, in braces, what SubStation Alpha has.
func plain(s string) string {
	s = strings.ReplaceAll(s, "-->", "→")
	return markup.ReplaceAllStringFunc(s, func(m string) string { return m[:1] + joiner + m[1:] })
}
