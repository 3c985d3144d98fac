package asr

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"hindsight/media"
)

// Limits are how large a caption may be.
type Limits struct {
	Lines   int           // at most
	Columns int           // of one line: Latin letters and the like
	Wide    int           // of one line: Chinese characters, Kana, Hangul and whatever else is printed as wide
	Longest time.Duration // from the first word's start to the last one's end; a single longer word stays whole
	Pause   time.Duration // between words, that always parts captions
}

// DefaultLimits are those of broadcasters, near enough.
func DefaultLimits() Limits {
	return Limits{Lines: 2, Columns: 42, Wide: 20, Longest: 7 * time.Second, Pause: 2 * time.Second}
}

// Segment makes captions of an utterance's words, which rise in time. Each
// caption has Start, End, Words and Text, with \n between its lines; the rest
// is the caller's. It is cut where the speaker paused longest, and its lines are
// as equal as can be. A word that is wider than a line is cut into several,
// which share its time.
func Segment(words []media.Word, l Limits) []media.Caption {
	var out []media.Caption
	words = l.cutWide(words)
	for len(words) > 0 {
		n := l.take(words)
		part := words[:n:n]
		words = words[n:]
		lines := l.lines(part)
		out = append(out, media.Caption{
			Start: part[0].Start, End: part[n-1].End, Words: part, Text: strings.Join(lines, "\n"),
		})
	}
	return out
}

// take is how many of the words the next caption holds.
func (l Limits) take(words []media.Word) int {
	fits := 1
	for fits < len(words) && l.fits(words[:fits+1]) {
		if words[fits].Start-words[fits-1].End >= l.Pause {
			return fits
		}
		fits++
	}
	if fits == len(words) || words[fits].Start-words[fits-1].End >= l.Pause {
		return fits
	}
	// More is to come in this breath. Cut at the longest pause of the second half,
	// the last of equals: a caption neither begins nor ends in mid-phrase if it can be helped.
	cut, longest := fits, time.Duration(-1)
	for i := (fits + 1) / 2; i <= fits; i++ {
		if i == 0 {
			continue
		}
		if pause := words[i].Start - words[i-1].End; pause >= longest {
			cut, longest = i, pause
		}
	}
	return cut
}

func (l Limits) fits(words []media.Word) bool {
	return words[len(words)-1].End-words[0].Start <= l.Longest && l.lines(words) != nil
}

// lines breaks the words into as few lines as they need and of those into the
// most equal; nil if they need more than there may be.
func (l Limits) lines(words []media.Word) []string {
	text := make([]string, len(words))
	for i, w := range words {
		text[i] = w.Text
	}
	lines, ok := l.wrap(text, l.full())
	if !ok {
		return nil
	}
	// The narrowest width that needs no more lines gives the most equal ones.
	low, high := 0, l.full()
	for low < high {
		mid := (low + high) / 2
		if got, ok := l.wrap(text, mid); ok && len(got) <= len(lines) {
			high = mid
		} else {
			low = mid + 1
		}
	}
	lines, _ = l.wrap(text, high)
	return lines
}

// wrap fills lines of at most room; false if there are too many, or a word is wider.
func (l Limits) wrap(words []string, room int) ([]string, bool) {
	var lines []string
	for rest := words; len(rest) > 0; {
		n := 0
		for n < len(rest) && l.width(Join(rest[:n+1])) <= room {
			n++
		}
		if n == 0 || len(lines) == l.Lines {
			return nil, false
		}
		lines = append(lines, Join(rest[:n]))
		rest = rest[n:]
	}
	return lines, true
}

// full is the width of a full line. A narrow character is Wide wide, a wide one
// Columns: then both kinds fill a line as they should, also mixed.
func (l Limits) full() int { return l.Columns * l.Wide }

func (l Limits) width(s string) int {
	w := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case isWide(r):
			w += l.Columns
		default:
			w += l.Wide
		}
	}
	return w
}

func isWide(r rune) bool {
	k := width.LookupRune(r).Kind()
	return k == width.EastAsianWide || k == width.EastAsianFullwidth
}

// cutWide cuts words that are wider than a line.
func (l Limits) cutWide(words []media.Word) []media.Word {
	if !slices.ContainsFunc(words, func(w media.Word) bool { return l.width(w.Text) > l.full() }) {
		return words
	}
	var out []media.Word
	for _, w := range words {
		whole := utf8.RuneCountInString(w.Text)
		for at := 0; at < whole; {
			n := l.runes(w.Text)
			piece := w
			cut := len(string([]rune(w.Text)[:n]))
			piece.Text, w.Text = w.Text[:cut], w.Text[cut:]
			long := w.End - w.Start
			piece.Start = w.Start + long*time.Duration(at)/time.Duration(whole)
			piece.End = w.Start + long*time.Duration(at+n)/time.Duration(whole)
			out = append(out, piece)
			at += n
		}
	}
	return out
}

// runes is how many runes of s fill one line; at least one.
func (l Limits) runes(s string) int {
	n, w := 0, 0
	for _, r := range s {
		w += l.width(string(r))
		if w > l.full() && n > 0 {
			break
		}
		n++
	}
	return n
}
