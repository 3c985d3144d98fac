package store

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// folder makes of a text what is compared in a search: no case, no width, no
// accents; one blank for whatever stands between words, and none between characters of a
// script that has no blanks. One goroutine uses it at a time.
type folder struct {
	hook func(string) string // see Options.Fold
	fold cases.Caser
	text []byte
	at   []int32 // where in the text folded each byte of text comes from
	end  []int32 // and where that ends
}

func newFolder(hook func(string) string) *folder {
	return &folder{hook: hook, fold: cases.Fold()}
}

// take folds s. What it returns is good until the next call.
func (f *folder) take(s string) []byte {
	f.text, f.at, f.end = f.text[:0], f.at[:0], f.end[:0]
	blank := false
	var one [1]byte
	for i := 0; i < len(s); {
		n := 1
		folded := one[:]
		if s[i] >= utf8.RuneSelf || i+1 < len(s) && s[i+1] >= utf8.RuneSelf {
			n = norm.NFKD.NextBoundaryInString(s[i:], true)
		}
		if n == 1 && s[i] < utf8.RuneSelf {
			one[0] = foldASCII(s[i])
		} else {
			folded = f.character(s[i : i+n])
		}
		for len(folded) > 0 {
			word := folded
			if end := bytes.IndexByte(folded, ' '); end >= 0 {
				word = folded[:end]
			}
			if len(word) > 0 {
				f.put(word, i, n, blank)
				blank = false
			}
			if folded = folded[len(word):]; len(folded) > 0 {
				blank, folded = true, folded[1:]
			}
		}
		i += n
	}
	return f.text
}

// foldASCII is the small letter of a letter, a digit, or a blank.
func foldASCII(c byte) byte {
	switch {
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return c
	}
	return ' '
}

// put appends a piece that came from s[i:i+n], behind a blank where there was one and one is wanted.
func (f *folder) put(piece []byte, i, n int, blank bool) {
	if blank && len(f.text) > 0 {
		last, _ := utf8.DecodeLastRune(f.text)
		first, _ := utf8.DecodeRune(piece)
		if !unspaced(last) || !unspaced(first) {
			f.text, f.at, f.end = append(f.text, ' '), append(f.at, int32(i)), append(f.end, int32(i))
		}
	}
	for _, b := range piece {
		f.text, f.at, f.end = append(f.text, b), append(f.at, int32(i)), append(f.end, int32(i+n))
	}
}

// character folds one character with its marks.
func (f *folder) character(s string) []byte {
	var b []byte
	for _, r := range norm.NFKD.String(s) {
		if !accent(r) {
			b = utf8.AppendRune(b, r)
		}
	}
	folded := norm.NFC.String(f.fold.String(string(b)))
	if f.hook != nil && folded != "" && folded[len(folded)-1] >= utf8.RuneSelf {
		folded = f.hook(folded)
	}
	b = b[:0]
	for _, r := range folded {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) {
			b = utf8.AppendRune(b, r)
		} else {
			b = append(b, ' ')
		}
	}
	return b
}

// accent reports whether a mark is an accent, which a search passes over. The marks that
// make ga of ka in Japanese, and the vowels of Thai and of the scripts of India, are none.
func accent(r rune) bool {
	return unicode.Is(unicode.Mn, r) && unicode.Is(unicode.Inherited, r) && r != 0x3099 && r != 0x309A
}

// unspaced reports whether r is of a script that has no blanks between words.
func unspaced(r rune) bool {
	return r >= 0xE00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// joined reports whether a word may begin or end at r wherever r stands: in a
// script without blanks, and in Korean, which hangs endings onto words and words onto one another.
func joined(r rune) bool { return r >= 0xE00 && (unspaced(r) || unicode.Is(unicode.Hangul, r)) }
