package asr

import (
	"slices"
	"strings"
	"time"

	"hindsight/media"
)

// Rule says which words are hidden as nonsense. The zero value hides only the
// marks that engines put for what they know no word for.
type Rule struct {
	Word      float32       // confidence that a word needs
	Utterance float32       // mean confidence, weighted by the words' lengths, that an utterance needs
	Shortest  time.Duration // that a word must last
	Longest   time.Duration // that a word may last; 0: any time
	Strict    bool          // one word that is hidden hides the utterance
	Most      int           // words of an utterance, more of which are speech of another kind; 0: any number
}

// Keep are the words of an utterance that are to be shown.
func (r Rule) Keep(words []media.Word) []media.Word {
	words = slices.DeleteFunc(slices.Clone(words), func(w media.Word) bool { return unknown(w.Text) })
	if r.mean(words) < r.Utterance || r.Most > 0 && len(words) > r.Most {
		return nil
	}
	all := len(words)
	words = slices.DeleteFunc(words, r.hides)
	if r.Strict && len(words) < all {
		return nil
	}
	return words
}

func (r Rule) hides(w media.Word) bool {
	long := w.End - w.Start
	return w.Confidence < r.Word || long < r.Shortest || r.Longest > 0 && long > r.Longest
}

func (r Rule) mean(words []media.Word) float32 {
	var sum, weight float64
	for _, w := range words {
		long := max(w.End-w.Start, time.Millisecond).Seconds()
		sum += float64(w.Confidence) * long
		weight += long
	}
	if weight == 0 {
		return 1
	}
	return float32(sum / weight)
}

// unknown reports whether a word is an engine's mark for something it has no
// word for. Other words in brackets are words: a Korean model writes [5].
func unknown(w string) bool {
	switch strings.ToLower(w) {
	case "<unk>", "[unk]", "<sil>", "<eps>", "[noise]", "[laughter]", "<spoken_noise>":
		return true
	}
	return false
}

// joinFields makes a text of words that are parted by blanks.
func joinFields(text string) string {
	return Join(slices.DeleteFunc(strings.Fields(text), unknown))
}

// DefaultRule is what CONFIDENCE.md found to hide most nonsense and no word that
// was said. Without a phrase list it hides little: there confidence tells
// music from speech badly.
func DefaultRule(o Options) Rule {
	if len(o.Phrases) == 0 {
		return Rule{Word: 0.3, Utterance: 0.5}
	}
	longest := 0
	for _, p := range o.Phrases {
		longest = max(longest, len(strings.Fields(p)))
	}
	return Rule{Utterance: 0.5, Shortest: 250 * time.Millisecond, Longest: time.Second, Strict: true, Most: longest}
}
