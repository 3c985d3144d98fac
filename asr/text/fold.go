package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Folder makes texts alike that a person searching takes for the same: upper
// and lower case, full and half width, with and without accents, Simplified
// and Traditional Chinese with the forms of Taiwan and Hong Kong. It may be
// used by many at once.
type Folder struct {
	han map[rune]rune // a character to the one that stands for all its forms
}

// NewFolder reads the dictionaries, which takes some 30 ms: keep it.
func NewFolder() (*Folder, error) {
	c := classes{}
	for _, name := range []string{
		"STCharacters", "TSCharacters", "TWVariants", "HKVariants", "CJK_Compatibility_Ideographs",
		"STPhrases", "STPhrases_GeneratedFromRegionalPhrases", "TWVariantsPhrases", "HKVariantsPhrases",
	} {
		err := entries(name, func(key string, forms []string) {
			if utf8.RuneCountInString(key) > 1 {
				forms = forms[:1]
			}
			for _, form := range forms {
				c.joinAll(key, form)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	f := &Folder{han: map[rune]rune{}}
	for r := range c {
		if to := c.find(r); to != r {
			f.han[r] = to
		}
	}
	return f, nil
}

// Fold answers the form by which texts are compared. The fold of a part of a
// text is a part of the fold of the text, as long as the part begins and ends
// between what a reader calls characters.
func (f *Folder) Fold(s string) string {
	if ascii(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, "\uFFFD")) {
		if accent(r) {
			continue
		}
		r = unicode.ToLower(r)
		if to, ok := alike[r]; ok {
			b.WriteString(to)
			continue
		}
		if to, ok := f.han[r]; ok {
			r = to
		}
		b.WriteRune(r)
	}
	return norm.NFC.String(b.String())
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// accent says whether r is a mark that people leave out when they search. The
// marks of Indian and Japanese writing are none: without them it is another word.
func accent(r rune) bool {
	switch {
	case r >= 0x0300 && r <= 0x036f, // Latin, Greek, Cyrillic
		r >= 0x0591 && r <= 0x05bd,              // Hebrew points
		r >= 0x0610 && r <= 0x061a,              // Arabic signs
		r >= 0x064b && r <= 0x065f, r == 0x0670, // Arabic vowels, hamza above and below
		r == 0x0640,                             // Arabic letters drawn long
		r >= 0x200b && r <= 0x200d, r == 0xfeff, // no width, joiners
		r >= 0xfe00 && r <= 0xfe0f: // variation selectors
		return true
	}
	return false
}

// alike are letters that Unicode does not take apart and people do.
var alike = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ð': "d", 'đ': "d", 'þ': "th", 'ł': "l", 'ħ': "h", 'ŧ': "t", 'ı': "i", 'ŋ': "n",
	'ς': "σ", 'ى': "ي", 'ی': "ي", 'ک': "ك", 'ة': "ه",
	'ʻ': "'", 'ʼ': "'", '’': "'", '‘': "'", '“': "\"", '”': "\"",
}

// classes joins characters that stand for each other (union-find; the lowest stands for all).
type classes map[rune]rune

func (c classes) find(r rune) rune {
	if _, ok := c[r]; !ok {
		c[r] = r
	}
	for c[r] != r {
		c[r] = c[c[r]]
		r = c[r]
	}
	return r
}

// joinAll joins two texts of the same length character by character.
func (c classes) joinAll(a, b string) {
	for _, r := range a {
		other, n := utf8.DecodeRuneInString(b)
		b = b[n:]
		if x, y := c.find(r), c.find(other); x < y {
			c[y] = x
		} else {
			c[x] = y
		}
	}
}
