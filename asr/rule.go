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
}

// Keep are the words of an utterance that are to be shown.
func (r Rule) Keep(words []media.Word) []media.Word {
	words = slices.DeleteFunc(slices.Clone(words), func(w media.Word) bool { return unknown(w.Text) })
	if r.mean(words) < r.Utterance {
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

// unknown reports whether a word is an engine's mark for something it has no word for.
func unknown(w string) bool {
	return len(w) > 2 && (w[0] == '<' && w[len(w)-1] == '>' || w[0] == '[' && w[len(w)-1] == ']')
}

// joinFields makes a text of words that are parted by blanks.
func joinFields(text string) string {
	return Join(slices.DeleteFunc(strings.Fields(text), unknown))
}
