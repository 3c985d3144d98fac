package text

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func folder(t testing.TB) *Folder {
	t.Helper()
	f, err := NewFolder()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFoldMakesAlike(t *testing.T) {
	f := folder(t)
	for _, x := range [][]string{
		{"头发", "頭髮"}, {"发展", "發展"}, {"后", "後"}, {"皇后", "皇後"}, {"台湾", "臺灣", "台灣"},
		{"里", "裡", "裏"}, {"为", "為", "爲"}, {"着", "著"}, {"干净", "乾淨"}, {"面条", "麵條", "麪條"},
		{"Café", "CAFÉ", "cafe", "cafe\u0301", "ｃａｆｅ"}, {"straße", "STRASSE"}, {"ёлка", "Елка"}, {"Đà Nẵng", "da nang"},
		{"ｶﾞｷﾞ", "ガギ"}, {"１２３", "123"}, {"날씨", "날씨"}, {"İstanbul", "istanbul"}, {"ΟΔΟΣ", "οδος", "οδός"},
		{"مُحَمَّد", "محمد"}, {"أحمد", "احمد"}, {"کتاب", "كتاب"}, {"豈", "豈"}, {"a\u3000b", "a b"}, {"Oʻzbek", "o'zbek"},
	} {
		for _, other := range x[1:] {
			if f.Fold(x[0]) != f.Fold(other) {
				t.Errorf("%q folds to %q, %q to %q", x[0], f.Fold(x[0]), other, f.Fold(other))
			}
		}
	}
}

func TestFoldKeepsApart(t *testing.T) {
	f := folder(t)
	for _, x := range [][2]string{
		{"发展", "发现"}, {"天", "夫"}, {"かき", "かぎ"}, {"날씨", "음악"}, {"हिन्दी", "हन्द"}, {"a b", "ab"}, {"大", "太"}, {"买", "卖"},
	} {
		if f.Fold(x[0]) == f.Fold(x[1]) {
			t.Errorf("%q and %q both fold to %q", x[0], x[1], f.Fold(x[0]))
		}
	}
}

// Either form finds the other: for all that the converter can do, phrase by phrase.
func TestFoldFindsWhatTheConverterMade(t *testing.T) {
	f := folder(t)
	for _, code := range []string{"zh-TW", "zh-HK"} {
		c := converter(t, code)
		for _, name := range []string{"STPhrases", "STPhrases_GeneratedFromRegionalPhrases", "STCharacters"} {
			err := entries(name, func(key string, _ []string) {
				if to := c.Convert(key); f.Fold(to) != f.Fold(key) {
					t.Errorf("%s: %s folds to %s, its %s to %s", code, key, f.Fold(key), to, f.Fold(to))
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "Café", "\xff", "头发 頭髮", "e\u0301\u0301", "ﷺ", "각", "\u0301"} {
		f.Add(s)
	}
	fo := folder(f)
	f.Fuzz(func(t *testing.T, s string) {
		once := fo.Fold(s)
		if !utf8.ValidString(once) {
			t.Errorf("%q folds to %q", s, once)
		}
		if fo.Fold(s+" "+s) != once+" "+once {
			t.Errorf("%q is not found in a text that holds it", s)
		}
		if ascii(s) && once != strings.ToLower(s) {
			t.Errorf("%q folds to %q", s, once)
		}
	})
}
