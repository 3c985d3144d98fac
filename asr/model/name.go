package model

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// CheckName says whether a name may be a model's: letters, digits, dot, low
// line and hyphen, at most 100, a letter or digit first.
func CheckName(name string) error {
	if !namePattern.MatchString(name) {
		return fmt.Errorf("model name %q: letters, digits, dots, low lines and hyphens, at most 100, a letter or digit first", name)
	}
	return nil
}

// nameOf finds a name for what lies in a folder of an archive, or in the
// archive itself, whose own name stands in for it.
func nameOf(container, root string) string {
	for ; root != "."; root = path.Dir(root) {
		if base := path.Base(root); base != "model" { // as some packages call it
			return base
		}
	}
	for _, ext := range []string{".zip", ".whl"} {
		container = strings.TrimSuffix(container, ext)
	}
	return container
}

// makersCodes are languages that the makers' names spell in a way of their own.
var makersCodes = map[string]string{
	"cn": "zh", "ua": "uk", "kz": "kk", "vn": "vi", "gr": "el", "jp": "ja",
	"el-gr": "el", "en-us": "en", "en-in": "en-IN", "tl-ph": "fil",
}

var (
	codePattern     = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]{2})?$`)
	languagePattern = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
)

// languageOf reads a code as the makers of models write it; empty where it is none.
func languageOf(code string) string {
	code = strings.ToLower(code)
	if c, ok := makersCodes[code]; ok {
		return c
	}
	if code == "all" || !codePattern.MatchString(code) {
		return ""
	}
	language, region, ok := strings.Cut(code, "-")
	if ok {
		return language + "-" + strings.ToUpper(region)
	}
	return language
}

var madeName = regexp.MustCompile(`^vosk[-_]model[-_](?:small[-_]|big[-_])?([a-z]{2,3})(?:[-_](us|in|gr|ph))?(?:[-_].*)?$`)

// languageIn guesses the language from a name like vosk-model-small-en-us-0.15.
func languageIn(name string) string {
	m := madeName.FindStringSubmatch(strings.ToLower(name))
	switch {
	case m == nil || m[1] == "spk":
		return ""
	case m[2] == "":
		return languageOf(m[1])
	}
	return languageOf(m[1] + "-" + m[2])
}

// sameLanguage says whether a model for one may hear the other: zh and zh-TW.
// What nobody said fits all.
func sameLanguage(a, b string) bool {
	a, _, _ = strings.Cut(strings.ToLower(a), "-")
	b, _, _ = strings.Cut(strings.ToLower(b), "-")
	return a == "" || b == "" || a == b
}
