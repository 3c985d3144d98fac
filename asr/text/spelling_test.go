package text

import (
	"slices"
	"testing"
	"time"

	"hindsight/media"
)

func words(texts ...string) []media.Word {
	var out []media.Word
	for i, s := range texts {
		start := time.Duration(i) * time.Second
		out = append(out, media.Word{Text: s, Start: start, End: start + 700*time.Millisecond, Confidence: float32(i+1) / 10})
	}
	return out
}

func TestSpelling(t *testing.T) {
	for _, x := range []struct {
		language string
		in       []string
		want     string
	}{
		{"zh-TW", []string{"我们", "以后", "发展"}, "我們以後發展"},
		{"zh-TW", []string{"头", "发展"}, "頭發展"},
		{"zh-TW", []string{"一", "干", "二", "净"}, "一乾二淨"},
		{"zh-HK", []string{"里面", "为"}, "裏面為"},
		{"zh-CN", []string{"头发", "发展"}, "头发发展"},
		{"zh-TW", []string{"用", "hello", "world", "说"}, "用hello world說"},
		{"ja", []string{"今日", "の", "天気"}, "今日の天気"},
		{"ko", []string{"오늘", "날씨"}, "오늘 날씨"},
		{"en", []string{"good", "", "morning"}, "good morning"},
		{"en", nil, ""},
	} {
		s, err := NewSpelling(x.language)
		if err != nil {
			t.Fatal(err)
		}
		in := words(x.in...)
		before := slices.Clone(in)
		out := s.Words(in)
		if got := s.Line(out); got != x.want {
			t.Errorf("%s: %q is written %q, not %q", x.language, x.in, got, x.want)
		}
		if !slices.Equal(in, before) {
			t.Errorf("%s: the given words were changed to %v", x.language, in)
		}
		for i := range out {
			if out[i].Start != in[i].Start || out[i].End != in[i].End || out[i].Confidence != in[i].Confidence {
				t.Errorf("%s: %v became %v", x.language, in[i], out[i])
			}
		}
	}
	if _, err := NewSpelling("klingon"); err == nil {
		t.Error("klingon has a spelling")
	}
}
