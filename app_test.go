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

func TestWindowShowsTheRecorderThatItIsTold(t *testing.T) {
	s := recorder(t)
	settings := filepath.Join(t.TempDir(), "new", "window.json")
	a := NewApp(slog.New(slog.DiscardHandler), settings)
	ask := func() (int, string) {
		w := httptest.NewRecorder()
		a.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "wails://wails/api/v1/status", nil))
		return w.Code, w.Body.String()
	}
	if code, body := ask(); code != 503 || body != `{"error":"no recorder is connected"}` || a.Address() != "" {
		t.Errorf("at first: %d %s, address %q", code, body, a.Address())
	}
	if _, err := a.Connect("rtsp://x"); err == nil {
		t.Error("an address that is none")
	}
	if full, err := a.Connect(s.URL); err != nil || full != s.URL || a.Address() != s.URL {
		t.Fatalf("%q, %v", full, err)
	}
	if code, body := ask(); code != 200 || !strings.Contains(body, "version") {
		t.Errorf("connected: %d %s", code, body)
	}
	if next := NewApp(slog.New(slog.DiscardHandler), settings); next.Address() != s.URL {
		t.Errorf("next time: %q", next.Address())
	}
	if _, err := a.Connect("http://127.0.0.1:1"); err == nil || a.Address() != s.URL {
		t.Errorf("a recorder that does not answer takes the place of one that does: %v", err)
	}
}

func TestWindowSaves(t *testing.T) {
	s := recorder(t)
	a := NewApp(slog.New(slog.DiscardHandler), "")
	const path = "/api/v1/export.mp4?camera=cam&from=2026-11-24T10:15:00Z"
	if _, err := a.Save(path); err == nil {
		t.Error("saved without a recorder")
	}
	if _, err := a.Connect(s.URL); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "film.mp4")
	answer := file
	a.askFile = func(_ context.Context, name string) (string, error) {
		if name != "cam-20261124T101500Z.mp4" {
			t.Errorf("suggests %q", name)
		}
		return answer, nil
	}
	if got, err := a.Save(path); err != nil || got != file {
		t.Fatalf("%q, %v", got, err)
	}
	if b, _ := os.ReadFile(file); string(b) != "a film" {
		t.Errorf("saved %q", b)
	}
	answer = ""
	if got, err := a.Save(path); err != nil || got != "" {
		t.Errorf("cancelled: %q, %v", got, err)
	}
}
