package text

import (
	"strings"
	"testing"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

func TestTraditionalChineseComesFirst(t *testing.T) {
	if l := Languages()[0]; l.Code != "zh-TW" || l.Own != "繁體中文（台灣）" {
		t.Errorf("the first is %v", l)
	}
	Languages()[0].Code = "xx"
	if Languages()[0].Code != "zh-TW" {
		t.Error("a caller can change the list")
	}
}

func TestFind(t *testing.T) {
	for _, x := range []struct{ in, want string }{
		{"zh-TW", "zh-TW"}, {"zh_tw", "zh-TW"}, {"zh-Hant", "zh-TW"}, {"zh-Hant-TW", "zh-TW"}, {"繁體中文（台灣）", "zh-TW"},
		{"Traditional Chinese", "zh-TW"}, {"zh", "zh-CN"}, {"cn", "zh-CN"}, {"zh-HK", "zh-HK"}, {"简体中文", "zh-CN"},
		{"ko", "ko"}, {"ko-KR", "ko"}, {"한국어", "ko"}, {"Korean", "ko"}, {" KOREAN ", "ko"},
		{"en-us", "en"}, {"en-in", "en-IN"}, {"fr-CA", "fr"}, {"Deutsch", "de"}, {"tl-ph", "fil"}, {"ua", "uk"}, {"kz", "kk"},
	} {
		l, err := Find(x.in)
		if err != nil || l.Code != x.want {
			t.Errorf("%q is %q, %v; want %q", x.in, l.Code, err, x.want)
		}
	}
	for _, in := range []string{"", "klingon", "xx-TW", "-", "Korean language"} {
		if l, err := Find(in); err == nil {
			t.Errorf("%q is %v", in, l)
		}
	}
}

// The names are those of Unicode's locale data, where both know the language.
func TestNamesAreRight(t *testing.T) {
	known := 0
	seen := map[string]bool{}
	for _, l := range Languages() {
		if seen[l.Code] || seen[l.Own] && l.Own != l.English {
			t.Errorf("%s stands twice", l.Code)
		}
		seen[l.Code], seen[l.Own] = true, true
		tag := language.MustParse(l.Code)
		if strings.Contains(l.Code, "-") || tag.String() != l.Code && l.Code != "fil" {
			continue
		}
		if want := display.English.Languages().Name(tag); want != l.English {
			t.Errorf("%s in English is %q, not %q", l.Code, want, l.English)
		}
		if want := display.Self.Name(tag); want != "" {
			known++
			if !strings.EqualFold(want, l.Own) {
				t.Errorf("%s in itself is %q, not %q", l.Code, want, l.Own)
			}
		}
	}
	if known < 25 {
		t.Errorf("only %d compared", known)
	}
}

func TestWidth(t *testing.T) {
	for _, x := range []struct {
		s    string
		want int
	}{
		{"", 0}, {"abc", 3}, {"날씨", 4}, {"날씨", 4}, {"繁體中文", 8}, {"カナ", 4}, {"ｶﾅ", 2}, {"ＡＢ", 4}, {"e\u0301", 1}, {"—é", 2}, {"\u200b", 0}, {"𠮟", 2},
	} {
		if got := Columns(x.s); got != x.want {
			t.Errorf("%q takes %d columns, not %d", x.s, got, x.want)
		}
	}
	for code, want := range map[string]int{"zh-TW": 20, "ja": 20, "ko": 20, "en": 42, "vi": 42} {
		if l, err := Find(code); err != nil || l.LineLength() != want {
			t.Errorf("a line of %s holds %d, not %d (%v)", code, l.LineLength(), want, err)
		}
	}
}
