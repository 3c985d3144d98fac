package store

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hindsight/media"
)

// CaptionSearch asks for the captions that hold a text. Case, width and accents
// do not matter, nor does what Options.Fold takes for the same.
//
// Text is words, all of which the caption must hold, and phrases in double quotes, whose words must follow one another. A
// word is found where a word begins with it, a phrase where it begins and ends with words; Chinese, Japanese and Thai,
// which have no blanks, and Korean anywhere. Blanks between their characters do not matter in the first three.
// What two captions share is not found.
type CaptionSearch struct {
	CaptionQuery
	Text string
}

// Hit is a caption that was found.
type Hit struct {
	Caption media.Caption
	Matches []Match // of each word and phrase asked for, its first one; in the order asked for
}

// Start is when the first of what was asked for was spoken.
func (h Hit) Start() time.Duration {
	start := h.Matches[0].Start
	for _, m := range h.Matches {
		start = min(start, m.Start)
	}
	return start
}

// Match is where in a caption something was found.
type Match struct {
	From, Until int // bytes of Caption.Text
	// Start and End are the times of the words that hold it; those of the caption
	// where it has no such words, as when a person wrote them.
	Start, End time.Duration
}

// ErrNoText says that a search asks for nothing that could be found.
var ErrNoText = errors.New("store: search: want at least one letter or digit")

// term is a word or a phrase, folded.
type term struct {
	text []byte
	ends bool // at the end of a word
}

// parseTerms reads the text of a search. A quote that is not closed reaches to the end.
func parseTerms(f *folder, text string) (ts []term, err error) {
	text = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "「", `"`, "」", `"`, "＂", `"`).Replace(text)
	for i, part := range strings.Split(text, `"`) {
		words := []string{part}
		if i%2 == 0 {
			words = strings.Fields(part)
		}
		for _, w := range words {
			if folded := f.take(w); len(folded) > 0 {
				ts = append(ts, term{bytes.Clone(folded), i%2 == 1})
			}
		}
	}
	if len(ts) == 0 {
		return nil, ErrNoText
	}
	return ts, nil
}

// longest is the term that is likely to be the rarest.
func longest(ts []term) term {
	return slices.MaxFunc(ts, func(a, b term) int { return len(a.text) - len(b.text) })
}

// in is where in a folded text the term stands first, at from or later; -1: nowhere.
func (t term) in(folded []byte, from int) int {
	for from < len(folded) {
		i := bytes.Index(folded[from:], t.text)
		if i < 0 {
			return -1
		}
		i += from
		if t.fits(folded, i) {
			return i
		}
		from = i + 1
	}
	return -1
}

// fits reports whether the term may stand at i, where its bytes do.
func (t term) fits(folded []byte, i int) bool {
	first, _ := utf8.DecodeRune(t.text)
	before, _ := utf8.DecodeLastRune(folded[:i])
	if i > 0 && before != ' ' && !joined(first) && !unspaced(before) {
		return false
	}
	end := i + len(t.text)
	if !t.ends || end == len(folded) {
		return true
	}
	last, _ := utf8.DecodeLastRune(t.text)
	behind, _ := utf8.DecodeRune(folded[end:])
	return behind == ' ' || joined(last) || unspaced(behind)
}

// match looks for every term in a caption; ok is false when one is missing.
func match(f *folder, c media.Caption, ts []term) (h Hit, ok bool) {
	h = Hit{Caption: c}
	folded := f.take(c.Text)
	for _, t := range ts {
		i := t.in(folded, 0)
		if i < 0 {
			return h, false
		}
		m := Match{From: int(f.at[i]), Until: int(f.end[i+len(t.text)-1]), Start: c.Start, End: c.End}
		h.Matches = append(h.Matches, m)
	}
	timeMatches(f, &h, ts)
	return h, true
}

// timeMatches finds the terms among the words, which have times.
func timeMatches(f *folder, h *Hit, ts []term) {
	ws := h.Caption.Words
	var text strings.Builder
	begins := make([]int, len(ws))
	for i, w := range ws {
		if i > 0 {
			text.WriteByte(' ')
		}
		begins[i] = text.Len()
		text.WriteString(w.Text)
	}
	folded := f.take(text.String())
	for n, t := range ts {
		i := t.in(folded, 0)
		if i < 0 {
			continue
		}
		first, last := wordAt(begins, int(f.at[i])), wordAt(begins, int(f.end[i+len(t.text)-1])-1)
		h.Matches[n].Start, h.Matches[n].End = ws[first].Start, ws[last].End
	}
}

// wordAt is the word that holds byte i of the words' text.
func wordAt(begins []int, i int) int {
	n, found := slices.BinarySearch(begins, i)
	if !found {
		n--
	}
	return max(n, 0)
}
