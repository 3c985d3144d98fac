package text

import "fmt"

// Converter turns Simplified Chinese into Traditional, by phrase where a
// character alone does not tell: 头发 becomes 頭髮 and 发展 becomes 發展. What is
// Traditional already stays, but for the forms that the region writes
// otherwise. It may be used by many at once.
type Converter struct {
	compatibility map[rune]rune // characters that exist twice
	stages        []*stage
}

// region says which dictionaries turn OpenCC's own standard into that of a region.
type region struct {
	phrases    []string
	characters string
}

var regions = map[string]region{
	"zh-TW": {[]string{"TWVariantsPhrases"}, "TWVariants"},
	"zh-HK": {[]string{"HKVariantsPhrases"}, "HKVariants"},
}

func traditional(code string) bool { _, ok := regions[code]; return ok }

// NewConverter makes the converter into zh-TW (OpenCC's s2tw) or zh-HK (s2hk).
// Words stay the words that were said: those that only Taiwan uses are not put
// in the place of others (as s2twp does).
func NewConverter(code string) (*Converter, error) {
	r, ok := regions[code]
	if !ok {
		return nil, fmt.Errorf("language %q is not written in Traditional characters; take zh-TW or zh-HK", code)
	}
	c := &Converter{compatibility: map[rune]rune{}}
	err := entries("CJK_Compatibility_Ideographs", func(key string, forms []string) {
		c.compatibility[[]rune(key)[0]] = []rune(forms[0])[0]
	})
	if err != nil {
		return nil, err
	}
	standard, err := newStage([]string{"STPhrases", "STPhrases_GeneratedFromRegionalPhrases"}, "STCharacters")
	if err != nil {
		return nil, err
	}
	regional, err := newStage(r.phrases, r.characters)
	if err != nil {
		return nil, err
	}
	c.stages = []*stage{standard, regional}
	return c, nil
}

// Convert converts a text whose words are not known.
func (c *Converter) Convert(s string) string { return c.Words([]string{s})[0] }

// Words converts words that follow one another and answers as many, each as
// many characters long as it was. A phrase may span them (一, 干, 二, 净 become
// 一, 乾, 二, 淨) but never begins or ends inside one of those it spans.
func (c *Converter) Words(words []string) []string {
	var text []rune
	var word []int
	for i, w := range words {
		for _, r := range w {
			if to, ok := c.compatibility[r]; ok {
				r = to
			}
			text = append(text, r)
			word = append(word, i)
		}
	}
	for _, s := range c.stages {
		s.convert(text, word)
	}
	out := make([]string, len(words))
	for from := 0; from < len(text); {
		to := from
		for to < len(text) && word[to] == word[from] {
			to++
		}
		out[word[from]] = string(text[from:to])
		from = to
	}
	return out
}
