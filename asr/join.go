package asr

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Join makes a text of words: a blank stands between two, unless both belong to
// writing without blanks, as Chinese, Japanese and Thai.
func Join(words []string) string {
	var b strings.Builder
	var last rune
	for _, w := range words {
		if w == "" {
			continue
		}
		first, _ := utf8.DecodeRuneInString(w)
		if b.Len() > 0 && !(noBlanks(last) && noBlanks(first)) {
			b.WriteByte(' ')
		}
		b.WriteString(w)
		last = lastBase(w)
	}
	return b.String()
}

// lastBase is the last rune that is no mark upon another.
func lastBase(s string) rune {
	for {
		r, n := utf8.DecodeLastRuneInString(s)
		if n == len(s) || !unicode.Is(unicode.Mn, r) {
			return r
		}
		s = s[:len(s)-n]
	}
}

// noBlanks reports whether r belongs to a script that puts no blanks between words.
func noBlanks(r rune) bool {
	return r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
