package main

import (
	"archive/zip"
	"crypto/md5" //nolint:gosec // the makers' list has MD5 sums
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// koreanModel is the folder that build/vosk.sh has fetched.
func koreanModel(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "hindsight-vosk", "model-ko")
	if _, err := os.Stat(filepath.Join(dir, "am", "final.mdl")); err != nil {
		t.Fatalf("%v: run build/vosk.sh, which fetches libvosk and the Korean model (`make test` does)", err)
	}
	return dir
}

// zipped packs a model as its makers do, without compressing.
func zipped(t *testing.T, model, top string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), top+".zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	err = filepath.WalkDir(model, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(model, path)
		if err != nil {
			return err
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: filepath.ToSlash(filepath.Join(top, rel)), Method: zip.Store})
		if err != nil {
			return err
		}
		in, err := os.Open(path)
		if err != nil {
			return err
		}
		defer in.Close()
		_, err = io.Copy(w, in)
		return err
	})
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// model runs a model command and expects its exit code and a text in what it says.
func modelDo(t *testing.T, code int, want string, args ...string) result {
	t.Helper()
	r := runProgram(t, append([]string{"model"}, args...)...)
	if r.code != code || !strings.Contains(r.out+r.err, want) {
		t.Fatalf("model %s: code %d, want %d, and %q in\n%s%s", strings.Join(args, " "), r.code, code, want, r.out, r.err)
	}
	if code != 0 && strings.Count(strings.TrimSpace(r.err), "hindsight model:") != 1 {
		t.Errorf("model %s: not one line of error:\n%s", strings.Join(args, " "), r.err)
	}
	return r
}

// TestModels: a model is got from a list, is the first and so in use, cannot be
// put where it does not fit nor removed unforced, and nothing broken is taken.
func TestModels(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	const name = "vosk-model-small-ko-1"
	archive := zipped(t, koreanModel(t), name)
	b, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	sum := md5.Sum(b) //nolint:gosec // as above
	mux := http.NewServeMux()
	makers := httptest.NewServer(mux)
	defer makers.Close()
	mux.HandleFunc("/list.json", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode([]map[string]any{{"name": name, "url": makers.URL + "/" + name + ".zip", "md5": hex.EncodeToString(sum[:]),
			"size": len(b), "lang": "ko", "lang_text": "Korean", "obsolete": "false"}})
	})
	mux.HandleFunc("/"+name+".zip", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, archive) })
	t.Setenv("HINDSIGHT_MODEL_LIST", makers.URL+"/list.json")

	modelDo(t, 0, "no model", "list", "--data", data)
	modelDo(t, 0, name, "list", "--published", "--data", data)
	modelDo(t, 1, "other", "get", "other", "--data", data)
	modelDo(t, 0, "it is the first for ko", "get", name, "--data", data)
	r := modelDo(t, 0, name, "list", "--json", "--data", data)
	var list struct {
		Models []struct {
			Name, Language, Hash, Problem string
			Bytes                         int64
			Uses                          []struct{ Language, Model string }
		}
	}
	if err := json.Unmarshal([]byte(r.out), &list); err != nil || len(list.Models) != 1 {
		t.Fatalf("%v in %s", err, r.out)
	}
	if m := list.Models[0]; m.Language != "ko" || m.Problem != "" || m.Bytes < 200e6 || len(m.Hash) != 64 || len(m.Uses) != 1 || m.Uses[0].Language != "ko" {
		t.Errorf("listed %+v", m)
	}
	modelDo(t, 1, "is for ko and not for zh-TW", "use", name, "--language", "zh-TW", "--data", data)
	modelDo(t, 1, "no such model", "use", "other", "--language", "ko", "--data", data)
	modelDo(t, 0, name, "use", name, "--camera", "door", "--data", data)
	modelDo(t, 1, "in use", "remove", name, "--data", data)

	cut := filepath.Join(t.TempDir(), "cut.zip")
	if err := os.WriteFile(cut, b[:len(b)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	modelDo(t, 1, "no ZIP archive", "add", cut, "--language", "ko", "--data", data)
	modelDo(t, 1, "no such file", "add", cut+".not", "--data", data)
	modelDo(t, 2, "klingon", "add", archive, "--language", "klingon", "--data", data)

	modelDo(t, 0, "removed", "remove", name, "--force", "--data", data)
	modelDo(t, 0, "no model", "list", "--data", data)
}

// TestModelUsage: what is typed wrongly is one line and exit code 2.
func TestModelUsage(t *testing.T) {
	for _, args := range []string{"", "frob", "add", "add a b", "get", "use", "remove", "list x", "use x --camera", "remove --nonsense x"} {
		if r := runProgram(t, append([]string{"model"}, strings.Fields(args)...)...); r.code != 2 || strings.Count(r.err, "\n") != 1 {
			t.Errorf("model %s: code %d, %q", args, r.code, r.err)
		}
	}
}
