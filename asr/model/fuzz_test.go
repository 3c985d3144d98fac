package model

import (
	"bytes"
	"strings"
	"testing"

	"hindsight/asr/model/modeltest"
)

// What a file claims about itself never leads to more work than its size allows, and to no panic.
func FuzzFiles(f *testing.F) {
	for _, b := range modeltest.Files() {
		f.Add(b)
	}
	for _, b := range [][]byte{
		modeltest.Const(5, 0), modeltest.Const(5, 6), modeltest.Vector(5, false), modeltest.Vector(5, true), modeltest.Lookahead(5), modeltest.Ngram(5, 9, 2),
		modeltest.Matrix(2, 3), []byte("\x00BFM \x04\xff\xff\xff\x0f\x04\xff\xff\xff\x0f"), []byte("[ 1 2 ]"), []byte("--beam=1\n"),
		bytes.Replace(modeltest.Ngram(5, 9, 2), []byte("ngram"), []byte("ngrax"), 1),
	} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for name, check := range map[string]func(*source) error{
			"graph": checkGraph, "matrix": checkMatrix, "conf": checkConf, "integers": checkIntegers, "words": checkWords, "ie": checkFramed("<IvectorExtractor>"),
			"acoustic": func(in *source) error { _, err := checkAcoustic(in); return err },
		} {
			in := newSource(bytes.NewReader(b), int64(len(b)))
			if err := check(in); err == nil && in.left != 0 {
				t.Errorf("%s: whole, with %d bytes left", name, in.left)
			}
		}
	})
}

func FuzzManifest(f *testing.F) {
	m := Manifest{Name: "a", Language: "ko", Files: []File{{"am/final.mdl", 3, strings.Repeat("ab", 32)}, {"x", 0, strings.Repeat("00", 32)}}}
	good, err := m.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	for _, change := range [][2]string{{`"am/`, `"../`}, {`"x"`, `"a"`}, {`"size": 3`, `"size": -3`}, {"abab", "cdcd"}, {`"format": 1`, `"format": 9`}, {"abab", ""}} {
		f.Add(bytes.Replace(good, []byte(change[0]), []byte(change[1]), 1))
	}
	f.Add([]byte(`{"format":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeManifest(b)
		if err != nil {
			return
		}
		again, err := m.encode()
		if err != nil {
			t.Skip() // a year that JSON cannot write
		}
		n, err := decodeManifest(again)
		if err != nil || n.Hash() != m.Hash() {
			t.Errorf("not the same after writing and reading: %v", err)
		}
	})
}

func FuzzUses(f *testing.F) {
	for _, x := range []string{
		"", "{", `{"format":2}`, `{"format":1,"use":[{"camera":"cam","language":"zh-TW","model":"x"}]}`, `{"format":1,"use":[{"language":"ko","model":"../x"}]}`,
		`{"format":1,"use":[{"camera":"at","language":"ko","model":"x"}]}`, `{"format":1,"more":1}`,
	} {
		f.Add([]byte(x))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		uses, err := decodeUses(b)
		for _, u := range uses {
			if err == nil && (CheckName(u.Model) != nil || strings.ContainsAny(u.Model+u.Camera+u.Language, "/\\\n")) {
				t.Errorf("%+v", u)
			}
		}
	})
}

// A manifest that could not be is refused: paths that lead out, twice the same, sizes below zero.
func TestManifestsThatCannotBe(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	for name, files := range map[string][]File{
		"leads out":    {{"../x", 1, sum}},
		"absolute":     {{"/x", 1, sum}},
		"twice":        {{"x", 1, sum}, {"x", 1, sum}},
		"out of order": {{"y", 1, sum}, {"x", 1, sum}},
		"negative":     {{"x", -1, sum}},
		"no hash":      {{"x", 1, ""}},
		"short hash":   {{"x", 1, "abcd"}},
		"line in name": {{"x\ny", 1, sum}},
		"empty name":   {{"", 1, sum}},
	} {
		b, err := Manifest{Files: files}.encode()
		if err != nil {
			t.Fatal(err)
		}
		if m, err := decodeManifest(b); err == nil {
			t.Errorf("%s: %+v", name, m)
		}
	}
}
