package main

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// unwanted is what may stand in no file of ours.
var unwanted = []struct {
	pattern *regexp.Regexp
	what    string
}{
	{regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`), "an open end: finish it, or file an issue"},
	{regexp.MustCompile(`(^|[\s"'=(:])/(work|root)/`), "a path of one machine"},
	{regexp.MustCompile(`registry\.npmjs|registry\.yarnpkg|proxy\.golang|pypi\.org|python` + `hosted|repo1?\.maven|deb\.debian\.org`), "the host of a registry: each machine has its own settings"},
	{regexp.MustCompile(`\.only\(`), "a test that silences the others"},
}

// checkWords finds what is unwanted.
func checkWords(files map[string]string) []finding {
	var found []finding
	for _, p := range slices.Sorted(maps.Keys(files)) {
		if strings.Contains(p, "testdata/") || path.Base(p) == "go.sum" || p == ".golangci.yml" {
			continue
		}
		n := 0
		for line := range strings.Lines(files[p]) {
			n++
			for _, u := range unwanted {
				if u.pattern.MatchString(line) {
					found = append(found, finding{p, n, u.what})
				}
			}
		}
	}
	return found
}
