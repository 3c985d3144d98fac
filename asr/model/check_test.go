package model

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hindsight/asr/model/modeltest"
)

// damage is one way in which a good model goes bad.
type damage struct {
	name string
	file string // that is named in the sentence; empty: the folder
	do   func(t *testing.T, dir string)
	say  string // a part of the sentence without a manifest; empty: only a manifest shows it
}

func gone(file string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		if err := os.Remove(filepath.Join(dir, file)); err != nil {
			t.Fatal(err)
		}
	}
}

// cut leaves a part of the file, in a new one: the good model may share it.
func cut(file string, numerator, denominator int64) func(*testing.T, string) {
	return change(file, func(b []byte) []byte { return b[:int64(len(b))*numerator/denominator] })
}

func change(file string, f func([]byte) []byte) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		t.Helper()
		p := filepath.Join(dir, file)
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		gone(file)(t, dir)
		if err := os.WriteFile(p, f(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// over writes n bytes over the middle, or over half of the file if it is that small.
func over(file string, n int, with byte) func(*testing.T, string) {
	return change(file, func(b []byte) []byte {
		n := min(n, len(b)/2)
		middle := len(b)/2 - n/2
		copy(b[middle:], slices.Repeat([]byte{with}, n))
		return b
	})
}

// faults are those that libvosk was run through, each of which ended it sooner
// or later, and more like them.
var faults = []damage{
	{"empty folder", "", func(t *testing.T, dir string) {
		if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o700)); err != nil {
			t.Fatal(err)
		}
	}, "the folder is empty"},
	{"no folder", "", func(t *testing.T, dir string) {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}, "there is no such folder"},
	{"no acoustic model", "am/final.mdl", gone("am/final.mdl"), "is missing"},
	{"acoustic model cut", "am/final.mdl", cut("am/final.mdl", 1, 2), "is cut off"},
	{"acoustic model cut by a byte", "am/final.mdl", change("am/final.mdl", func(b []byte) []byte { return b[:len(b)-1] }), "is cut off"},
	{"acoustic model empty", "am/final.mdl", cut("am/final.mdl", 0, 1), "is empty"},
	{"acoustic model overwritten", "am/final.mdl", over("am/final.mdl", 1<<20, 0xaa), ""},
	{"acoustic model of another kind", "am/final.mdl", over("am/final.mdl", 1<<30, 0), ""},
	{"no model.conf", "conf/model.conf", gone("conf/model.conf"), "is missing"},
	{"bad model.conf", "conf/model.conf", change("conf/model.conf", func([]byte) []byte { return []byte("this is no option\n") }), "line 1 is not --name=value"},
	{"model.conf with a word for a number", "conf/model.conf", change("conf/model.conf", func([]byte) []byte { return []byte("--beam=wide\n") }), "--beam has to be a number"},
	{"no mfcc.conf", "conf/mfcc.conf", gone("conf/mfcc.conf"), "is missing"},
	{"no grammar", "graph/Gr.fst", gone("graph/Gr.fst"), "is missing"},
	{"grammar cut", "graph/Gr.fst", cut("graph/Gr.fst", 1, 2), "cut off"},
	{"grammar cut by a byte", "graph/Gr.fst", change("graph/Gr.fst", func(b []byte) []byte { return b[:len(b)-1] }), "cut off"},
	{"no disambig_tid.int", "graph/disambig_tid.int", gone("graph/disambig_tid.int"), "is missing"},
	{"bad disambig_tid.int", "graph/disambig_tid.int", change("graph/disambig_tid.int", func(b []byte) []byte { return append(b, "x\n"...) }), "no whole number"},
	{"no graph", "graph/HCLr.fst", gone("graph/HCLr.fst"), "is missing"},
	{"graph cut in its states", "graph/HCLr.fst", cut("graph/HCLr.fst", 1, 100), "cut off"},
	{"graph cut in its arcs", "graph/HCLr.fst", cut("graph/HCLr.fst", 1, 2), "cut off"},
	{"graph cut in its intervals", "graph/HCLr.fst", cut("graph/HCLr.fst", 9, 10), "cut off"},
	{"graph cut by a byte", "graph/HCLr.fst", change("graph/HCLr.fst", func(b []byte) []byte { return b[:len(b)-1] }), "cut off"},
	{"graph with a bad header", "graph/HCLr.fst", change("graph/HCLr.fst", func(b []byte) []byte { b[0] = 0; return b }), "is no graph"},
	{"graph overwritten", "graph/HCLr.fst", over("graph/HCLr.fst", 2<<20, 0xaa), "is damaged"},
	{"graph with one byte changed", "graph/HCLr.fst", over("graph/HCLr.fst", 1, 0x5a), ""},
	{"no final.dubm", "ivector/final.dubm", gone("ivector/final.dubm"), "is missing"},
	{"final.dubm cut", "ivector/final.dubm", cut("ivector/final.dubm", 1, 2), "is cut off"},
	{"no final.ie", "ivector/final.ie", gone("ivector/final.ie"), "is missing"},
	{"final.ie cut", "ivector/final.ie", cut("ivector/final.ie", 1, 2), "is cut off"},
	{"final.mat cut", "ivector/final.mat", cut("ivector/final.mat", 1, 2), "is cut off"},
	{"global_cmvn.stats cut", "ivector/global_cmvn.stats", cut("ivector/global_cmvn.stats", 1, 2), "is cut off"},
	{"no splice.conf", "ivector/splice.conf", gone("ivector/splice.conf"), "is missing"},
	{"no ivector folder", "ivector/final.dubm", func(t *testing.T, dir string) {
		if err := os.RemoveAll(filepath.Join(dir, "ivector")); err != nil {
			t.Fatal(err)
		}
	}, "is missing"},
	{"a link", "graph/phones.txt", func(t *testing.T, dir string) {
		gone("graph/phones.txt")(t, dir)
		if err := os.Symlink("/etc/hostname", filepath.Join(dir, "graph/phones.txt")); err != nil {
			t.Fatal(err)
		}
	}, "neither a file nor a folder"},
}

// small is a good model in a folder of its own.
func small(t testing.TB, files map[string][]byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "vosk-model-small-ko-0.1")
	if err := modeltest.Write(dir, files); err != nil {
		t.Fatal(err)
	}
	return dir
}

// seal puts a manifest beside a model that was found whole.
func seal(t testing.TB, dir string) Manifest {
	t.Helper()
	m, err := Check(dir)
	if err != nil {
		t.Fatal(err)
	}
	m.Name = "sealed"
	b, err := m.encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ManifestName), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestCheckFindsEveryFault(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		for _, f := range faults {
			t.Run(f.name+map[bool]string{true: " sealed"}[sealed], func(t *testing.T) {
				dir := small(t, modeltest.Files())
				if sealed {
					seal(t, dir)
				}
				f.do(t, dir)
				checkFault(t, dir, f, sealed)
			})
		}
	}
}

// checkFault asks for the fault, without a manifest only if it can be seen.
func checkFault(t *testing.T, dir string, f damage, sealed bool) {
	t.Helper()
	_, err := Check(dir)
	if err == nil {
		if sealed || f.say != "" {
			t.Fatal("nothing was found")
		}
		return
	}
	var fault *Fault
	if !errors.As(err, &fault) {
		t.Fatalf("%v is no Fault", err)
	}
	if !strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "\n") {
		t.Errorf("not a sentence about the folder: %v", err)
	}
	if fault.File != f.file || !sealed && !strings.Contains(err.Error(), f.say) {
		t.Errorf("found: %v; wanted %q about %q", err, f.say, f.file)
	}
}

func TestCheckAcceptsGoodModels(t *testing.T) {
	without := func(files map[string][]byte, names ...string) map[string][]byte {
		for _, n := range names {
			delete(files, n)
		}
		return files
	}
	with := func(files map[string][]byte, name string, b []byte) map[string][]byte {
		files = maps.Clone(files)
		files[name] = b
		return files
	}
	words := []byte("<eps> 0\na 1\n")
	whole := without(modeltest.Files(), "graph/HCLr.fst", "graph/Gr.fst", "graph/disambig_tid.int")
	for name, files := range map[string]map[string][]byte{
		"lookahead":                  modeltest.Files(),
		"old layout":                 modeltest.OldFiles(),
		"no phones, no boundaries":   without(modeltest.Files(), "graph/phones.txt", "graph/phones/word_boundary.int"),
		"const graph, words beside":  with(with(whole, "graph/HCLG.fst", modeltest.Const(50, 0)), "graph/words.txt", words),
		"const graph, words inside":  with(whole, "graph/HCLG.fst", modeltest.Const(50, 2)),
		"aligned graph":              with(with(whole, "graph/HCLG.fst", modeltest.Const(50, 4)), "graph/words.txt", words),
		"vector graph":               with(with(whole, "graph/HCLG.fst", modeltest.Vector(50, false)), "graph/words.txt", words),
		"streamed vector graph":      with(with(whole, "graph/HCLG.fst", modeltest.Vector(50, true)), "graph/words.txt", words),
		"no i-vector at all":         with(without(modeltest.Files(), "ivector/final.ie", "ivector/final.dubm", "ivector/final.mat", "ivector/global_cmvn.stats", "ivector/online_cmvn.conf", "ivector/splice.conf"), "am/final.mdl", modeltest.Acoustic(false)),
		"rescored":                   with(with(modeltest.Files(), "rescore/G.carpa", []byte("x")), "rescore/G.fst", modeltest.Vector(9, false)),
		"a matrix of doubles as CMN": with(modeltest.Files(), "ivector/global_cmvn.stats", []byte("\x00BDM \x04\x01\x00\x00\x00\x04\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")),
	} {
		t.Run(name, func(t *testing.T) {
			dir := small(t, files)
			m, err := Check(dir)
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Files) != len(files) {
				t.Errorf("%d files of %d are in the manifest", len(m.Files), len(files))
			}
			for _, f := range m.Files {
				if f.Size != int64(len(files[f.Path])) {
					t.Errorf("%s has %d bytes", f.Path, f.Size)
				}
			}
			if again := seal(t, dir); again.Hash() != m.Hash() {
				t.Error("the hash depends on more than the files")
			}
			if _, err := Check(dir); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCheckFindsWhatOtherKindsLack(t *testing.T) {
	whole := modeltest.Files()
	for _, n := range []string{"graph/HCLr.fst", "graph/Gr.fst", "graph/disambig_tid.int"} {
		delete(whole, n)
	}
	for _, x := range []struct {
		name  string
		graph []byte
		words []byte
		say   string
	}{
		{"no words", modeltest.Const(50, 0), nil, "graph/words.txt is missing"},
		{"bad words", modeltest.Const(50, 0), []byte("a b c\n"), "line 1 is not a word and its number"},
		{"const cut", modeltest.Const(50, 4)[:900], nil, "cut off"},
		{"const with more after it", append(modeltest.Const(50, 2), 0), nil, "follow its end"},
		{"vector cut", modeltest.Vector(50, false)[:500], nil, "cut off"},
		{"streamed vector cut", modeltest.Vector(50, true)[:500], nil, "cut off"},
		{"another arc", []byte(strings.Replace(string(modeltest.Const(5, 0)), "standard", "log64xxx", 1)), nil, `"log64xxx" arcs`},
	} {
		t.Run(x.name, func(t *testing.T) {
			files := maps.Clone(whole)
			files["graph/HCLG.fst"] = x.graph
			if x.words != nil {
				files["graph/words.txt"] = x.words
			}
			if _, err := Check(small(t, files)); err == nil || !strings.Contains(err.Error(), x.say) {
				t.Errorf("found: %v; wanted %q", err, x.say)
			}
		})
	}
}

func TestCheckComparesWithTheManifest(t *testing.T) {
	for _, x := range []struct {
		name string
		do   func(*testing.T, string)
		say  string
	}{
		{"file too many", func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "graph", "HCLG.fst"), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "graph/HCLG.fst does not belong to the model"},
		{"optional file gone", gone("graph/phones.txt"), "graph/phones.txt is missing"},
		{"file longer", change("README", func(b []byte) []byte { return append(b, 'x') }), "README has 16 bytes instead of 15"},
		{"file shorter", cut("README", 1, 2), "README is cut off: it has 7 bytes of 15"},
		{"bit flipped", change("README", func(b []byte) []byte { b[3] ^= 1; return b }), "README is damaged: its contents are not those that were added"},
		{"manifest changed", change(ManifestName, func(b []byte) []byte { return []byte(strings.Replace(string(b), `"size": 15`, `"size": 16`, 1)) }), "its own hash does not fit"},
		{"manifest cut", cut(ManifestName, 1, 2), ManifestName + " is damaged"},
		{"manifest of the future", change(ManifestName, func(b []byte) []byte { return []byte(strings.Replace(string(b), `"format": 1`, `"format": 2`, 1)) }), "is of format 2"},
	} {
		t.Run(x.name, func(t *testing.T) {
			dir := small(t, modeltest.Files())
			seal(t, dir)
			x.do(t, dir)
			if _, err := Check(dir); err == nil || !strings.Contains(err.Error(), x.say) {
				t.Errorf("found: %v; wanted %q", err, x.say)
			}
		})
	}
}
