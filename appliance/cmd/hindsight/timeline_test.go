package main

import (
	"strings"
	"testing"
	"unicode"
)

// answers are what a server may say to the timeline command, and the words of what
// is printed, line by line; nil: an error.
var answers = []struct {
	name, json string
	want       [][]string
}{
	{"empty object", `{}`, [][]string{{"nothing is recorded there"}}},
	{"a span", `{"camera":"cam","spans":[{"from":{"position":"1.100","time":"2026-11-24T10:15:00Z","trusted":true},"to":{"position":"1.1600","time":"2026-11-24T10:15:01.5Z","trusted":true},"length_ms":1500}]}`,
		[][]string{{"span", ":15:00.000", "to", ":15:01.500", "1.5s", "1.100"}}},
	{"a clock that nobody trusts", `{"spans":[{"from":{"time":"2026-11-24T10:15:00Z"},"to":{"time":"2026-11-24T10:15:01Z"},"length_ms":1000}]}`,
		[][]string{{"span", ":15:00.000?", ":15:01.000?", "1s"}}},
	{"an open gap", `{"spans":[{}],"gaps":[{"kind":"video","from":{"position":"1.5000"},"until":null,"length_ms":null,"reason":"frozen","detail":"no picture"}]}`,
		[][]string{{"span"}, {"gap", "to now", "1.5000", "video: frozen", "no picture"}}},
	{"a closed gap", `{"spans":[{}],"gaps":[{"kind":"all","from":{},"until":{"time":"2026-11-24T10:15:01Z","trusted":true},"length_ms":250.9,"reason":"off"}]}`,
		[][]string{{"span"}, {"gap", ":15:01.000", "250ms", "all: off"}}},
	{"a track", `{"spans":[{}],"tracks":[{"id":3,"kind":"audio","codec":"opus","units":50,"keys":50,"bytes":8000}]}`,
		[][]string{{"span"}, {"track", "3 audio opus", "50 units, 50 keys", "8000 bytes"}}},
	{"words that move a terminal", `{"spans":[{}],"gaps":[{"kind":"a\u001b[2Jll","from":{},"reason":"of\nf","detail":"\u0007x\u202ey\ttab"}]}`,
		[][]string{{"span"}, {"gap", "a [2Jll: of f", "x y tab"}}},
	{"nothing", ``, nil},
	{"not JSON", `<html>`, nil},
	{"a list", `[]`, nil},
	{"cut off", `{"spans":[{"from"`, nil},
	{"another type", `{"spans":7}`, nil},
	{"no time", `{"spans":[{"from":{"time":"yesterday"}}]}`, nil},
	{"a number too large", `{"spans":[{"length_ms":1e999}]}`, nil},
}

func TestPrintTimeline(t *testing.T) {
	for _, c := range answers {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			err := printTimeline(&out, strings.NewReader(c.json))
			if (err == nil) != (c.want != nil) {
				t.Fatalf("error %v, want one: %v", err, c.want == nil)
			}
			lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if err == nil && len(lines) != len(c.want) {
				t.Fatalf("%d lines, want %d:\n%s", len(lines), len(c.want), out.String())
			}
			for i, words := range c.want {
				for _, w := range words {
					if !strings.Contains(lines[i], w) {
						t.Errorf("line %q has no %q", lines[i], w)
					}
				}
			}
		})
	}
}

func FuzzPrintTimeline(f *testing.F) {
	for _, c := range answers {
		f.Add(c.json)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		var out strings.Builder
		if err := printTimeline(&out, strings.NewReader(answer)); err != nil {
			return
		}
		for _, r := range out.String() {
			if r != '\n' && !unicode.IsGraphic(r) {
				t.Fatalf("%q is printed", r)
			}
		}
	})
}
