package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hindsight/player/desktop"
)

func recorder(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".mp4") {
			io.WriteString(w, "a film")
			return
		}
		io.WriteString(w, `{"version": "1", "cameras": []}`)
	}))
	t.Cleanup(s.Close)
	return s
}

// frame is a window that is none.
type frame struct {
	asked []any // what came with each question
	quits int
	file  string // answer to the save dialog
	named string // what it suggested
}

func newApp(t *testing.T, dir string) (*App, *frame) {
	t.Helper()
	a, err := NewApp(slog.New(slog.DiscardHandler), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.end)
	f := &frame{}
	a.win = window{
		emit: func(_ context.Context, event string, data ...any) {
			if event == closeAsked {
				f.asked = append(f.asked, data...)
			}
		},
		quit: func(context.Context) { f.quits++ },
		save: func(_ context.Context, name string) (string, error) { f.named = name; return f.file, nil },
		seen: func(context.Context) desktop.Frame { return desktop.Frame{X: 5, Y: 6, Width: 700, Height: 500} },
	}
	return a, f
}

func TestWindowShowsTheRecorderThatItIsTold(t *testing.T) {
	s := recorder(t)
	a, _ := newApp(t, "")
	ask := func() (int, string) {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "wails://wails/api/v1/status", nil))
		return w.Code, w.Body.String()
	}
	if code, body := ask(); code != 503 || !strings.Contains(body, "no recorder is connected") || a.Address() != "" {
		t.Errorf("at first: %d %s, address %q", code, body, a.Address())
	}
	if _, err := a.Connect("ftp://x", desktop.Login{}); err == nil {
		t.Error("an address that is none")
	}
	if c, err := a.Connect(s.URL, desktop.Login{}); err != nil || c.Address != s.URL || a.Address() != s.URL {
		t.Fatalf("%+v, %v", c, err)
	}
	if code, body := ask(); code != 200 || !strings.Contains(body, "version") {
		t.Errorf("connected: %d %s", code, body)
	}
	if _, err := a.Connect("http://127.0.0.1:1", desktop.Login{}); err == nil || a.Address() != s.URL {
		t.Errorf("a recorder that does not answer takes the place of one that does: %v", err)
	}
}

func TestWindowSaves(t *testing.T) {
	s := recorder(t)
	a, f := newApp(t, "")
	const path = "/api/v1/export.mp4?camera=cam&from=2026-11-24T10:15:00Z"
	f.file = filepath.Join(t.TempDir(), "film.mp4")
	if _, err := a.Save(path); err == nil {
		t.Error("saved without a recorder")
	}
	if _, err := a.Connect(s.URL, desktop.Login{}); err != nil {
		t.Fatal(err)
	}
	if got, err := a.Save(path); err != nil || got != f.file || f.named != "cam-20261124T101500Z.mp4" {
		t.Fatalf("%q, %v; suggested %q", got, err, f.named)
	}
	if b, _ := os.ReadFile(f.file); string(b) != "a film" {
		t.Errorf("saved %q", b)
	}
	f.file = ""
	if got, err := a.Save(path); err != nil || got != "" {
		t.Errorf("cancelled: %q, %v", got, err)
	}
	for _, name := range []string{"a.vtt", "a.srt", "a.txt", "a.jpg", "a.mp4"} {
		if kinds[filepath.Ext(name)] == "" {
			t.Errorf("%s has no name in the dialog", name)
		}
	}
}

// TestClosingAsks: the page is asked once; Stay keeps the window, Quit closes it;
// what runs asks although it was said not to.
func TestClosingAsks(t *testing.T) {
	dir := t.TempDir()
	a, f := newApp(t, dir)
	ctx := t.Context()
	if !a.beforeClose(ctx) || len(f.asked) != 1 || f.asked[0] != false {
		t.Fatalf("closing: asked %v", f.asked)
	}
	a.Asked()
	if !a.beforeClose(ctx) || len(f.asked) != 1 {
		t.Fatalf("closing again while it is asked: asked %v", f.asked)
	}
	a.Stay()
	if !a.beforeClose(ctx) || len(f.asked) != 2 {
		t.Fatalf("after Cancel: asked %v", f.asked)
	}
	if a.beforeClose(ctx) {
		t.Error("a page that hangs keeps the window open")
	}
	a.Stay()
	a.Quit(true)
	if a.beforeClose(ctx) || f.quits != 1 {
		t.Errorf("after Quit: %d", f.quits)
	}
	next, f := newApp(t, dir)
	if next.beforeClose(ctx) || len(f.asked) != 0 {
		t.Error("it asks although it was told not to")
	}
	next.Busy("export", true)
	if !next.beforeClose(ctx) || len(f.asked) != 1 || f.asked[0] != true {
		t.Errorf("while an export runs: asked %v", f.asked)
	}
	next.Stay()
	next.Busy("export", false)
	if next.beforeClose(ctx) {
		t.Error("it asks when the export is done")
	}
}

// TestASignalNeverAsks: what ends the program ends it.
func TestASignalNeverAsks(t *testing.T) {
	a, f := newApp(t, "")
	a.end()
	if a.beforeClose(t.Context()) || len(f.asked) != 0 {
		t.Error("asked")
	}
}

func TestWindowRemembersItsPlace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	a, _ := newApp(t, dir)
	if got := a.desk.Frame(); got != (desktop.Frame{}) {
		t.Errorf("at first %+v", got)
	}
	a.Resized()
	next, _ := newApp(t, dir)
	if got, want := next.desk.Frame(), (desktop.Frame{X: 5, Y: 6, Width: 700, Height: 500}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
