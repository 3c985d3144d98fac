package main

import (
	"archive/zip"
	"crypto/md5" //nolint:gosec // the makers' list has no other sum
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hindsight/appliance"
	"hindsight/appliance/pattern"
)

// halting publishes one archive as the makers of models do. The first download
// of it stays where a third has come, until whoever asked goes away.
type halting struct {
	t             *testing.T
	name, archive string
	sum           string // MD5
	size          int64
	asked         chan string // the Range of each download
}

// publishHalting publishes a model's folder and tells the commands of it.
func publishHalting(t *testing.T, folder, name string) *halting {
	t.Helper()
	h := &halting{t: t, name: name, archive: filepath.Join(t.TempDir(), name+".zip"), asked: make(chan string, 9)}
	f, err := os.Create(h.archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum := md5.New() //nolint:gosec // as above
	z := zip.NewWriter(io.MultiWriter(f, sum))
	if err := z.AddFS(os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	h.sum = hex.EncodeToString(sum.Sum(nil))
	if h.size, err = f.Seek(0, io.SeekCurrent); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	t.Setenv("HINDSIGHT_MODEL_LIST", server.URL+"/list.json")
	return h
}

func (h *halting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/list.json" {
		json.NewEncoder(w).Encode([]map[string]any{{"name": h.name, "url": h.name + ".zip", "md5": h.sum, "size": h.size, "lang": "ko"}}) //nolint:errcheck // what is missing shows
		return
	}
	f, err := os.Open(h.archive)
	if err != nil {
		h.t.Error(err)
		return
	}
	defer f.Close()
	w.Header().Set("ETag", `"`+h.sum+`"`)
	first := len(h.asked) == 0
	h.asked <- r.Header.Get("Range")
	if !first {
		http.ServeContent(w, r, h.archive, time.Time{}, f)
		return
	}
	w.Header().Set("Content-Length", fmt.Sprint(h.size))
	io.CopyN(w, f, h.size/3) //nolint:errcheck // what is missing shows
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

// withoutModel is a cache in which libvosk lies, and the demo source's model does not.
func withoutModel(t *testing.T, library string) string {
	t.Helper()
	cache := t.TempDir()
	if err := os.Mkdir(filepath.Join(cache, "hindsight-vosk"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(library, filepath.Join(cache, "hindsight-vosk", "libvosk.so")); err != nil {
		t.Fatal(err)
	}
	return cache
}

// TestModelWhileRecording: a recorder that has no model says how to get one.
// One that is fetched, with a break in the download, is taken up at once and
// captions what was recorded before it came; one that is taken away leaves the
// sound for later. The recording does not notice.
func TestModelWhileRecording(t *testing.T) {
	library := appliance.VoskLibrary("auto")
	folder := appliance.DemoModel(library)
	if folder == "" {
		t.Fatal("no Korean model: run build/vosk.sh, which fetches it and libvosk (`make test` does)")
	}
	const name = "vosk-model-small-ko-7"
	makers := publishHalting(t, folder, name)
	data := filepath.Join(t.TempDir(), "data")
	s := serveWith(t, data, []string{"XDG_CACHE_HOME=" + withoutModel(t, library)}, "--video", "demo", "--size", "320x240")
	until(t, "it misses a model", func() bool { return strings.Contains(s.caption().Problem, "hindsight model add") })
	first := pattern.NewSound().Words(0, time.Minute)[0]
	until(t, "a word that nobody recognises", func() bool { return s.recorded() > first.Start+5*time.Second })
	if w := s.words(); len(w) != 0 {
		t.Fatalf("without a model it heard %v", w)
	}

	said := &syncBuffer{}
	get := exec.Command(programPath(t), "model", "get", name, "--data", data)
	get.Stderr, get.Dir = said, t.TempDir()
	if err := get.Start(); err != nil {
		t.Fatal(err)
	}
	defer get.Process.Kill() //nolint:errcheck // it may have ended
	until(t, "a third of the download", func() bool { return strings.Contains(said.String(), "downloading  30 %") })
	if err := get.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	get.Wait() //nolint:errcheck // the code says it
	if get.ProcessState.ExitCode() != exitFailed || !strings.Contains(said.String(), "hindsight model: stopped; what was downloaded is kept") {
		t.Errorf("Ctrl-C: code %d: %s", get.ProcessState.ExitCode(), said)
	}
	if r := runProgram(t, "model", "list", "--json", "--data", data); r.out != "{\"models\":[]}\n" || s.caption().Model != "" {
		t.Errorf("half a model is there: %+v; %+v", r, s.caption())
	}
	r := runProgram(t, "model", "get", name, "--data", data)
	if r.code != exitDone || !strings.Contains(r.out, "the first for ko") {
		t.Fatalf("model get, again: %+v", r)
	}
	if a, b := <-makers.asked, <-makers.asked; a != "" || !strings.HasPrefix(b, "bytes=") || strings.HasPrefix(b, "bytes=0-") {
		t.Errorf("it asked for %q, then for %q: the download did not go on", a, b)
	}

	until(t, "it listens with the model", func() bool { c := s.caption(); return c.State == "listening" && c.Model == name })
	end := s.recorded()
	until(t, "all is captioned, also what came before the model", func() bool {
		c := s.caption()
		return c.Behind < 1 && c.Pending == 0 && s.recorded() > end+8*time.Second
	})
	judge(t, "captions", s.words(), s.began(), end)

	if r := runProgram(t, "model", "remove", name, "--data", data); r.code != exitFailed || !strings.Contains(r.err, "in use by every camera for ko") {
		t.Errorf("remove of what is in use: %+v", r)
	}
	if r := runProgram(t, "model", "remove", name, "--force", "--data", data); r.code != exitDone {
		t.Fatalf("remove --force: %+v", r)
	}
	until(t, "it misses the model", func() bool { return strings.Contains(s.caption().Problem, "hindsight model add") })
	before := s.recorded()
	until(t, "recording goes on", func() bool { return s.recorded() > before+2*time.Second })
	var tl apiTimeline
	if s.get("/api/v1/timeline", &tl); len(tl.Spans) != 1 || len(tl.Gaps) != 0 {
		t.Errorf("the recording was broken: %+v, %+v", tl.Spans, tl.Gaps)
	}
	s.stop()
	checkClean(t, data)
}
