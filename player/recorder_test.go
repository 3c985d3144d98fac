package player

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var quiet = slog.New(slog.DiscardHandler)

func TestParseAddress(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"pi", "http://pi:8080"},
		{" pi:9000 ", "http://pi:9000"},
		{"192.168.1.20", "http://192.168.1.20:8080"},
		{"[fd00::5]", "http://[fd00::5]:8080"},
		{"[fd00::5]:81", "http://[fd00::5]:81"},
		{"http://pi", "http://pi"},
		{"http://pi:8080/", "http://pi:8080"},
		{"https://example.org/recorder/", "https://example.org/recorder"},
		{"", ""},
		{"http://", ""},
		{"rtsp://pi:8554/cam", ""},
		{"http://me:secret@pi", ""},
		{"pi/?x=1", ""},
		{"pi:port", ""},
		{"a b", ""},
	} {
		u, err := ParseAddress(c.in)
		if (err != nil) != (c.want == "") || err == nil && u.String() != c.want {
			t.Errorf("%q: %v, %v; want %q", c.in, u, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: more than a line: %v", c.in, err)
		}
	}
}

// recorder answers as one does.
func recorder(t *testing.T) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/status", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"version": "1", "cameras": []}`)
	})
	mux.HandleFunc("/api/v1/export.mp4", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("camera") {
		case "cam":
			io.WriteString(w, "a film")
		case "broken":
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "half")
		default:
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, `{"error": "nothing is recorded"}`)
		}
	})
	mux.HandleFunc("/secret", func(http.ResponseWriter, *http.Request) { t.Error("/secret was asked for") })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestConnect(t *testing.T) {
	s := recorder(t)
	r, err := Connect(t.Context(), strings.TrimPrefix(s.URL, "http://"), quiet)
	if err != nil || r.Address() != s.URL {
		t.Fatalf("%v, %v", r, err)
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }))
	defer other.Close()
	if _, err := Connect(t.Context(), other.URL, quiet); err == nil || !strings.Contains(err.Error(), "no Hindsight recorder") {
		t.Errorf("another server: %v", err)
	}
	other.Close()
	if _, err := Connect(t.Context(), other.URL, quiet); err == nil || !strings.HasPrefix(err.Error(), "nobody answers at http://") {
		t.Errorf("nobody: %v", err)
	}
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 1)
	defer cancel()
	if _, err := Connect(ctx, silent.URL, quiet); err == nil || err.Error() != "nobody answers at "+silent.URL {
		t.Errorf("one that says nothing: %v", err)
	}
}

func TestRequestsOfThePage(t *testing.T) {
	s := recorder(t)
	r, err := Connect(t.Context(), s.URL, quiet)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path string) (int, string) {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "wails://wails"+path, nil))
		return w.Code, w.Body.String()
	}
	if code, body := ask("/api/v1/export.mp4?camera=cam"); code != 200 || body != "a film" {
		t.Errorf("%d %q", code, body)
	}
	if code, _ := ask("/secret"); code != 404 {
		t.Errorf("/secret: %d", code)
	}
	s.Close()
	code, body := ask("/api/v1/status")
	var said struct{ Error string }
	if json.Unmarshal([]byte(body), &said); code != 502 || !strings.HasPrefix(said.Error, "nobody answers") {
		t.Errorf("a recorder that went away: %d %q", code, body)
	}
}

func TestSave(t *testing.T) {
	s := recorder(t)
	r, err := Connect(t.Context(), s.URL, quiet)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "film.mp4")
	if err := r.Save(t.Context(), "/api/v1/export.mp4?camera=cam", file); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(file); string(b) != "a film" {
		t.Errorf("saved %q", b)
	}
	for path, want := range map[string]string{
		"/api/v1/export.mp4?camera=broken": "unexpected EOF",
		"/api/v1/export.mp4?camera=none":   "nothing is recorded",
		"/secret":                          "no path of the recorder's",
		"http://elsewhere/api/v1/status":   "no path of the recorder's",
	} {
		if err := r.Save(t.Context(), path, filepath.Join(dir, "other.mp4")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if list, _ := os.ReadDir(dir); len(list) != 1 {
		t.Errorf("left behind: %v", list)
	}
	if err := r.Save(t.Context(), "/api/v1/export.mp4?camera=cam", filepath.Join(dir, "no", "such.mp4")); err == nil {
		t.Error("a directory that is not there")
	}
}

func TestFileName(t *testing.T) {
	for path, want := range map[string]string{
		"/api/v1/export.mp4?camera=cam&from=2026-11-24T10:15:00.5Z&to=x": "cam-20261124T101500Z.mp4",
		"/api/v1/export.mp4?camera=cam&from=1.500":                       "cam.mp4",
		"/api/v1/export.mp4":                                         "recording.mp4",
		"/api/v1/export.mp4?camera=../../etc/passwd":                 "recording.mp4",
		"/api/v1/captions.vtt?camera=cam&from=2026-11-24T10:15:00Z":  "cam-20261124T101500Z.vtt",
		"/api/v1/captions.srt?camera=cam":                            "cam.srt",
		"/api/v1/captions.txt?camera=cam":                            "cam.txt",
		"/api/v1/snapshot.jpg?camera=cam&at=2026-11-24T10:15:00.25Z": "cam-20261124T101500Z.jpg",
		"/api/v1/elsewhere.exe?camera=cam":                           "cam.mp4",
		"/api/v1/export.mp4?camera=c:am":                             "recording.mp4",
		"%zz":                                                        "recording.mp4",
	} {
		if got := FileName(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
