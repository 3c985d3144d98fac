package text

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
	"unicode/utf8"
)

func converter(t testing.TB, code string) *Converter {
	t.Helper()
	c, err := NewConverter(code)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConverterAgreesWithOpenCC(t *testing.T) {
	b, err := os.ReadFile("testdata/opencc-cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		ID, Input string
		Expected  map[string]string
	}
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	tried := map[string]int{}
	for config, code := range map[string]string{"s2tw": "zh-TW", "s2hk": "zh-HK"} {
		c := converter(t, code)
		for _, x := range cases {
			want, ok := x.Expected[config]
			if !ok {
				continue
			}
			tried[config]++
			if got := c.Convert(x.Input); got != want {
				t.Errorf("%s %s: %s\n got %s\nwant %s", config, x.ID, x.Input, got, want)
			}
		}
	}
	if tried["s2tw"] < 60 || tried["s2hk"] < 50 {
		t.Errorf("only %v cases tried", tried)
	}
}

func TestConverterKnowsTheWordFromTheCharacter(t *testing.T) {
	c := converter(t, "zh-TW")
	for _, x := range []struct{ simplified, want string }{
		{"", ""},
		{"头发", "頭髮"}, {"发展", "發展"}, {"理发", "理髮"}, {"出发", "出發"},
		{"皇后", "皇后"}, {"以后", "以後"}, {"后面", "後面"},
		{"干净", "乾淨"}, {"干部", "幹部"}, {"干涉", "干涉"}, {"一干二净", "一乾二淨"},
		{"面条", "麵條"}, {"见面", "見面"}, {"里面", "裡面"}, {"公里", "公里"},
		{"复杂", "複雜"}, {"恢复", "恢復"}, {"台湾", "臺灣"}, {"为什么", "為什麼"},
		{"钟表", "鐘錶"}, {"表现", "表現"}, {"只有", "只有"}, {"一只猫", "一隻貓"},
		{"繁體中文", "繁體中文"}, {"OK 了 123", "OK 了 123"}, {"𠮟", "𠮟"}, {"\xff发展", "\uFFFD發展"},
	} {
		if got := c.Convert(x.simplified); got != x.want {
			t.Errorf("%s becomes %s, not %s", x.simplified, got, x.want)
		}
	}
}

func TestConverterKeepsToTheWordsOfTheRecogniser(t *testing.T) {
	c := converter(t, "zh-TW")
	for _, x := range []struct{ in, want []string }{
		{nil, []string{}},
		{[]string{"头", "发展"}, []string{"頭", "發展"}},
		{[]string{"头发", "展开"}, []string{"頭髮", "展開"}},
		{[]string{"一", "干", "二", "净"}, []string{"一", "乾", "二", "淨"}},
		{[]string{"一干", "二净"}, []string{"一乾", "二淨"}},
		{[]string{"他", "以后", "发", "了"}, []string{"他", "以後", "發", "了"}},
		{[]string{"皇", "后"}, []string{"皇", "后"}},
		{[]string{"", "面", "", "条", ""}, []string{"", "麵", "", "條", ""}},
		{[]string{"iphone", "里"}, []string{"iphone", "裡"}},
	} {
		if got := c.Words(x.in); !slices.Equal(got, x.want) {
			t.Errorf("%q become %q, not %q", x.in, got, x.want)
		}
	}
}

func TestConverterRefusesOtherLanguages(t *testing.T) {
	for _, code := range []string{"zh-CN", "ko", ""} {
		if _, err := NewConverter(code); err == nil {
			t.Errorf("there is a converter into %q", code)
		}
	}
}

// Whoever puts newer dictionaries in place learns it here, if they change the number of characters.
func TestEveryEntryOfTheDictionariesKeepsItsLength(t *testing.T) {
	files, err := dictionaries.ReadDir("opencc")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		if err := entries(f.Name()[:len(f.Name())-len(".txt")], func(string, []string) { n++ }); err != nil {
			t.Error(err)
		}
	}
	if n < 58000 {
		t.Errorf("only %d entries", n)
	}
}

func FuzzConvert(f *testing.F) {
	for _, s := range []string{"", "头发", "发展\x00", "\xff\xfe后", "a后b里", "一干二净一干二净", "豈更"} {
		f.Add(s, s)
	}
	c := converter(f, "zh-TW")
	f.Fuzz(func(t *testing.T, a, b string) {
		out := c.Words([]string{a, b})
		for i, in := range []string{a, b} {
			if utf8.RuneCountInString(out[i]) != utf8.RuneCountInString(in) || !utf8.ValidString(out[i]) {
				t.Errorf("%q became %q", in, out[i])
			}
		}
		if again := c.Words(out); b == "" && again[1] != "" {
			t.Errorf("%q became %q out of nothing", b, again[1])
		}
	})
}

func BenchmarkConvert(b *testing.B) {
	c := converter(b, "zh-TW")
	const s = "我们以后在台湾发展头发护理的事业里面有很复杂的问题"
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		c.Convert(s)
	}
}

func BenchmarkNewConverter(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		converter(b, "zh-TW")
	}
}
