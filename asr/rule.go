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
	Most      int           // words of an utterance, more of which are speech of another kind; 0: any number
}

// Keep are the words of an utterance that are to be shown.
func (r Rule) Keep(words []media.Word) []media.Word {
	words = slices.DeleteFunc(slices.Clone(words), func(w media.Word) bool { return unknown(w.Text) })
	if r.mean(words) < r.Utterance || r.Most > 0 && len(words) > r.Most {
		return nil
	}
	return slices.DeleteFunc(words, func(w media.Word) bool {
		return w.Confidence < r.Word || w.End-w.Start < r.Shortest
	})
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
