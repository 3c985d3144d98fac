package text

import (
	"embed"
	"fmt"
	"strings"
	"unicode/utf8"
)

//go:embed opencc/*.txt
var dictionaries embed.FS

// entries calls f for each entry of one of OpenCC's dictionaries: a key and
// its forms, the usual one first, each as many characters long as the key.
func entries(name string, f func(key string, forms []string)) error {
	b, err := dictionaries.ReadFile("opencc/" + name + ".txt")
	if err != nil {
		return err
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		key, rest, ok := strings.Cut(line, "\t")
		forms := strings.Split(rest, " ")
		if !ok || key == "" {
			return fmt.Errorf("dictionary %s, line %d: not a key, a tab and a form", name, n)
		}
		for _, form := range forms {
			if utf8.RuneCountInString(form) != utf8.RuneCountInString(key) {
				return fmt.Errorf("dictionary %s, line %d: %s and %s differ in length, and the times of words rest on it", name, n, key, form)
			}
		}
		f(key, forms)
	}
	return nil
}

// stage is one step of a conversion: phrases first, single characters where none fits.
type stage struct {
	phrases    map[string]string
	longest    map[rune]int // of the phrases that begin so, in characters
	characters map[rune]rune
}

func newStage(phrases []string, characters string) (*stage, error) {
	s := &stage{phrases: map[string]string{}, longest: map[rune]int{}, characters: map[rune]rune{}}
	for _, name := range phrases {
		err := entries(name, func(key string, forms []string) {
			s.phrases[key] = forms[0]
			first, _ := utf8.DecodeRuneInString(key)
			s.longest[first] = max(s.longest[first], utf8.RuneCountInString(key))
		})
		if err != nil {
			return nil, err
		}
	}
	err := entries(characters, func(key string, forms []string) {
		k, _ := utf8.DecodeRuneInString(key)
		s.characters[k], _ = utf8.DecodeRuneInString(forms[0])
	})
	return s, err
}

// convert changes text in place. A phrase lies inside a word or is made of
// whole words: the recogniser's 头 and 发展 are never read as 头发 and 展.
// word[i] is the number of the word that character i belongs to.
func (s *stage) convert(text []rune, word []int) {
	whole := string(text)
	at := make([]int, 0, len(text)+1) // where in whole a character begins
	for i := range whole {
		at = append(at, i)
	}
	at = append(at, len(whole))
	for i := 0; i < len(text); {
		n := min(s.longest[text[i]], len(text)-i)
		for ; n > 0; n-- {
			if !fits(word, i, n) {
				continue
			}
			if form, ok := s.phrases[whole[at[i]:at[i+n]]]; ok {
				copy(text[i:], []rune(form))
				break
			}
		}
		if n > 0 {
			i += n
			continue
		}
		if c, ok := s.characters[text[i]]; ok {
			text[i] = c
		}
		i++
	}
}

// fits says whether n characters from i on lie inside one word or are whole words.
func fits(word []int, i, n int) bool {
	if word[i] == word[i+n-1] {
		return true
	}
	return (i == 0 || word[i-1] != word[i]) && (i+n == len(word) || word[i+n-1] != word[i+n])
}
