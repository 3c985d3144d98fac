package text

import (
	"slices"
	"strings"
	"unicode/utf8"

	"hindsight/media"
)

// Spelling writes a language's words as they are read. It may be used by many at once.
type Spelling struct {
	Language  Language
	converter *Converter // nil: the recogniser's characters are right
}

// NewSpelling makes the spelling of a language, named as [Find] takes it.
// Those of zh-TW and zh-HK read the dictionaries, which takes some 30 ms and
// 10 MB: keep them.
func NewSpelling(language string) (*Spelling, error) {
	l, err := Find(language)
	if err != nil {
		return nil, err
	}
	s := &Spelling{Language: l}
	if traditional(l.Code) {
		s.converter, err = NewConverter(l.Code)
	}
	return s, err
}

// Words answers the words in the characters of the language, with their times
// and confidence: as many as there were. The given ones stay as they are.
func (s *Spelling) Words(words []media.Word) []media.Word {
	words = slices.Clone(words)
	if s.converter == nil {
		return words
	}
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = w.Text
	}
	for i, t := range s.converter.Words(texts) {
		words[i].Text = t
	}
	return words
}

// Line puts words, already in the right characters, into one text.
func (s *Spelling) Line(words []media.Word) string {
	var b strings.Builder
	last := ""
	for _, w := range words {
		if w.Text == "" {
			continue
		}
		if last != "" && s.blank(last, w.Text) {
			b.WriteByte(' ')
		}
		b.WriteString(w.Text)
		last = w.Text
	}
	return b.String()
}

// blank says whether one stands between two words. In a language without
// blanks two foreign words in a row, as in "hello world", still have one.
func (s *Spelling) blank(a, b string) bool {
	if !s.Language.Joined {
		return true
	}
	end, _ := utf8.DecodeLastRuneInString(a)
	begin, _ := utf8.DecodeRuneInString(b)
	return Width(end) == 1 && Width(begin) == 1
}
