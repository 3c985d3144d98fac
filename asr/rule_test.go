package asr

import (
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

func TestRule(t *testing.T) {
	word := func(text string, ms int, confidence float32) media.Word {
		return media.Word{Text: text, Start: time.Second, End: time.Second + time.Duration(ms)*time.Millisecond, Confidence: confidence}
	}
	words := []media.Word{word("a", 100, 0.2), word("b", 400, 0.9), word("[5]", 300, 1), word("[unk]", 900, 0), word("<UNK>", 10, 0)}
	for _, c := range []struct {
		name string
		rule Rule
		want string
	}{
		{"none: marks are hidden", Rule{}, "a b [5]"},
		{"word below", Rule{Word: 0.21}, "b [5]"},
		{"word at", Rule{Word: 0.2}, "a b [5]"},
		// (0.1*0.2 + 0.4*0.9 + 0.3*1) / 0.8 = 0.85: long words count for more
		{"utterance above", Rule{Utterance: 0.84}, "a b [5]"},
		{"utterance below", Rule{Utterance: 0.86}, ""},
		{"too short", Rule{Shortest: 101 * time.Millisecond}, "b [5]"},
		{"too long", Rule{Longest: 399 * time.Millisecond}, "a [5]"},
		{"one hides all", Rule{Shortest: 101 * time.Millisecond, Strict: true}, ""},
		{"none to hide any", Rule{Shortest: 100 * time.Millisecond, Longest: 400 * time.Millisecond, Strict: true}, "a b [5]"},
		{"as many as may be", Rule{Most: 3}, "a b [5]"},
		{"too many", Rule{Most: 2}, ""},
		{"all at once", Rule{Word: 0.95, Utterance: 0.5, Shortest: 200 * time.Millisecond, Most: 3}, "[5]"},
	} {
		var got []string
		for _, w := range c.rule.Keep(words) {
			got = append(got, w.Text)
		}
		if g := strings.Join(got, " "); g != c.want {
			t.Errorf("%s: %q, want %q", c.name, g, c.want)
		}
	}
	if words[0].Text != "a" || words[4].Text != "<UNK>" {
		t.Error("the words given were changed")
	}
	if got := (Rule{Utterance: 1}).Keep(nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}
