package text

import (
	"unicode"

	"golang.org/x/text/width"
)

// Width is how many columns a character takes where all columns are alike: 2
// for Chinese, Japanese and Korean characters and full-width forms (UAX 11,
// classes W and F), 0 for marks and what is never seen, 1 for all others.
func Width(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Cc) || r >= 0x1160 && r <= 0x11ff {
		return 0 // the range is Hangul's vowels and finals, which stand inside a syllable
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Columns is the sum of the widths of a text.
func Columns(s string) int {
	n := 0
	for _, r := range s {
		n += Width(r)
	}
	return n
}
