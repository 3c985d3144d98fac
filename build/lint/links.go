package main

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	linkTarget = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading    = regexp.MustCompile(`^#+ +(.*)$`)
	notAnchor  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// checkLinks follows every link of every Markdown document that stays within
// the tree, and its #heading.
func checkLinks(files map[string]string) []finding {
	exists := map[string]bool{".": true}
	for p := range files {
		for ; p != "."; p = path.Dir(p) {
			exists[p] = true
		}
	}
	var found []finding
	for _, p := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(p) != ".md" {
			continue
		}
		eachLine(files[p], func(n int, line string) {
			for _, m := range linkTarget.FindAllStringSubmatch(line, -1) {
				if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
					continue
				}
				target, anchor, _ := strings.Cut(m[1], "#")
				to := p
				if target != "" {
					to = path.Join(path.Dir(p), target)
				}
				switch {
				case !exists[to]:
					found = append(found, finding{p, n, fmt.Sprintf("link to %s: there is no such file", m[1])})
				case anchor != "" && !slices.Contains(anchors(files[to]), anchor):
					found = append(found, finding{p, n, fmt.Sprintf("link to %s: %s has no such heading", m[1], to)})
				}
			}
		})
	}
	return found
}

// anchors are the names that a document's headings get: lower case, without
// punctuation, - for a space.
func anchors(text string) []string {
	var all []string
	eachLine(text, func(_ int, line string) {
		if m := heading.FindStringSubmatch(line); m != nil {
			name := notAnchor.ReplaceAllString(strings.ToLower(m[1]), "")
			all = append(all, strings.ReplaceAll(name, " ", "-"))
		}
	})
	return all
}

// eachLine calls f with the number, from 1, and the text of each line outside
// of code that is fenced by ``` .
func eachLine(text string, f func(n int, line string)) {
	n, fenced := 0, false
	for line := range strings.Lines(text) {
		n++
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		} else if !fenced {
			f(n, strings.TrimRight(line, "\n"))
		}
	}
}
