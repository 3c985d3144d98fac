package subtitle

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// stamped is the escaped text with a time stamp before each word but the first:
// it must lie inside the cue and rise (WebVTT, section 4.2.2). A person may have
// changed the text; a word that does not stand in it any more has no stamp.
func (c Cue) stamped() string {
	text, done := c.lines(), 0 // bytes of text written
	var b strings.Builder
	last, end := ms(c.Start), ms(c.until())
	for _, w := range c.Words {
		at := find(text, w.Text, done)
		if at < 0 {
			continue
		}
		b.WriteString(escape(text[done:at]))
		if t := ms(w.Start); at > 0 && t > last && t < end {
			b.WriteString("<" + clock(w.Start, '.') + ">")
			last = t
		}
		b.WriteString(escape(w.Text))
		done = at + len(w.Text)
	}
	b.WriteString(escape(text[done:]))
	return b.String()
}

// find is where word begins in text, at from or behind it, and not in the middle
// of another word; -1: nowhere.
func find(text, word string, from int) int {
	first, size := utf8.DecodeRuneInString(word)
	for size > 0 {
		at := strings.Index(text[from:], word)
		if at < 0 {
			break
		}
		at += from
		if before, _ := utf8.DecodeLastRuneInString(text[:at]); at == 0 || !inWord(before) || !inWord(first) {
			return at
		}
		from = at + size
	}
	return -1
}

// inWord reports whether r is part of a word of a script with blanks.
func inWord(r rune) bool {
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) && !unspaced(r)
}

// ms is a time as it is written: in milliseconds, not before the file begins.
func ms(d time.Duration) int64 { return max(d, 0).Round(time.Millisecond).Milliseconds() }
