package main

import (
	"archive/zip"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hindsight/appliance"
	"hindsight/asr/model/modeltest"
)

// TestModelRefused: what is no model that works is not added, by an error in
// one line, and leaves nothing behind.
func TestModelRefused(t *testing.T) {
	if _, err := os.Stat(appliance.VoskLibrary("auto")); err != nil {
		t.Fatalf("%v: run build/vosk.sh, which fetches it (`make test` does)", err)
	}
	without := func(name string) map[string][]byte {
		files := modeltest.Files()
		delete(files, name)
		return files
	}
	with := func(name string, b []byte) map[string][]byte {
		files := modeltest.Files()
		files[name] = b
		return files
	}
	whole := modeltest.Files()
	for _, c := range []struct {
		name    string
		files   map[string][]byte
		library string // empty: the one that is there
		want    string
	}{
		{"nothing in it", nil, "", "am/final.mdl"},
		{"no acoustic model", without("am/final.mdl"), "", "am/final.mdl"},
		{"a file that its kind needs is missing", without("ivector/final.ie"), "", "ivector/final.ie"},
		{"a graph that is cut off", with("graph/HCLr.fst", whole["graph/HCLr.fst"][:900]), "", "graph/HCLr.fst"},
		{"a graph that is none", with("graph/Gr.fst", []byte("<html>not found</html>")), "", "graph/Gr.fst"},
		{"an empty file", with("conf/mfcc.conf", nil), "", "conf/mfcc.conf"},
		{"a name that leads out of it", with("../outside", []byte("x")), "", "outside"},
		{"whole, but libvosk ends with it", whole, "", "the recogniser does not work with it"},
		{"no library", whole, filepath.Join(t.TempDir(), "libvosk.so"), "libvosk cannot be used"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.library != "" {
				t.Setenv("HINDSIGHT_CAPTIONS_LIBRARY", c.library)
			}
			data := filepath.Join(t.TempDir(), "data")
			r := runProgram(t, "model", "add", zipOf(t, c.files), "--language", "ko", "--data", data)
			lines := strings.Split(strings.TrimSuffix(r.err, "\n"), "\n")
			last := lines[len(lines)-1]
			if r.code != exitFailed || r.out != "" || !strings.HasPrefix(last, "hindsight model: ") || !strings.Contains(last, c.want) {
				t.Errorf("%+v, want %q in the last line and code 1", r, c.want)
			}
			if n := strings.Count(r.err, "hindsight model: "); n != 1 {
				t.Errorf("%d errors: %s", n, r.err)
			}
			if r := runProgram(t, "model", "list", "--json", "--data", data); r.out != "{\"models\":[]}\n" {
				t.Errorf("it is listed: %+v", r)
			}
			left, err := os.ReadDir(filepath.Join(data, "models"))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range left {
				if e.Name() != ".adding" && e.Name() != ".lock" { // what processes wait at
					t.Errorf("%s is left behind", e.Name())
				}
			}
		})
	}
}

// zipOf packs files.
func zipOf(t *testing.T, files map[string][]byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "vosk-model-small-ko-8.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for _, p := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(p)
		if err == nil {
			_, err = w.Write(files[p])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}
