package asr

import (
	"fmt"
	"slices"
	"strings"
)

// knownPhrases are the phrases of which the engine knows every word. It fails
// with BadPhrases when none is left.
func knownPhrases(e Engine, phrases []string) ([]string, error) {
	var words []string
	for _, p := range phrases {
		words = append(words, strings.Fields(p)...)
	}
	lacks, err := e.Lacks(words)
	if err != nil {
		return nil, err
	}
	var known []string
	for _, p := range phrases {
		w := strings.Fields(p)
		if len(w) > 0 && !slices.ContainsFunc(w, func(w string) bool { return slices.Contains(lacks, w) }) {
			known = append(known, strings.Join(w, " "))
		}
	}
	if len(known) == 0 {
		return nil, &Fault{BadPhrases, fmt.Sprintf("the speech model knows none of the phrases %q; choose others or empty the list", phrases)}
	}
	return known, nil
}
