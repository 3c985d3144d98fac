package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"hindsight/player"
)

// App is what the page sees of the window: the recorder that it shows. It is
// the one type bound; frontend/src/bridge mirrors it.
type App struct {
	log      *slog.Logger
	settings string // file that remembers the address; empty: nothing is remembered
	askFile  func(ctx context.Context, name string) (file string, err error)

	mu       sync.Mutex
	ctx      context.Context // of the window; Wails hands it over once, at the start
	recorder *player.Recorder
}

// NewApp makes an App that shows no recorder yet. settings is the file that
// remembers the address; empty: none is.
func NewApp(log *slog.Logger, settings string) *App {
	return &App{log: log, settings: settings, askFile: saveDialog, ctx: context.Background()}
}

func (a *App) startup(ctx context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ctx = ctx
}

func (a *App) now() (context.Context, *player.Recorder) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ctx, a.recorder
}

// Address is that of the recorder shown, or the one shown last time; empty: there was none.
func (a *App) Address() string {
	if _, r := a.now(); r != nil {
		return r.Address()
	}
	var kept remembered
	b, err := os.ReadFile(a.settings)
	if err != nil || json.Unmarshal(b, &kept) != nil {
		return ""
	}
	return kept.Address
}

// remembered is the settings file.
type remembered struct {
	Address string `json:"address"`
}

// Connect shows the recorder at an address, if one answers there, and returns
// the address in full.
func (a *App) Connect(address string) (string, error) {
	ctx, _ := a.now()
	r, err := player.Connect(ctx, address, a.log)
	if err != nil {
		return "", err
	}
	a.mu.Lock()
	a.recorder = r
	a.mu.Unlock()
	if err := a.remember(r.Address()); err != nil {
		a.log.Warn("the address is not remembered", "error", err)
	}
	return r.Address(), nil
}

func (a *App) remember(address string) error {
	if a.settings == "" {
		return nil
	}
	b, err := json.Marshal(remembered{address})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(a.settings), 0o700); err != nil {
		return err
	}
	return os.WriteFile(a.settings, b, 0o600)
}

// Save asks for a file name and saves what is at a path of the recorder's API
// there. It returns the file; empty: the person changed their mind.
func (a *App) Save(path string) (string, error) {
	ctx, r := a.now()
	if r == nil {
		return "", errNone
	}
	file, err := a.askFile(ctx, player.FileName(path))
	if err != nil || file == "" {
		return "", err
	}
	return file, r.Save(ctx, path, file)
}

var errNone = errors.New("no recorder is connected")

// ServeHTTP hands on what the page asks of its recorder.
func (a *App) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	_, r := a.now()
	if r == nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, `{"error":"`+errNone.Error()+`"}`)
		return
	}
	r.ServeHTTP(w, req)
}

func saveDialog(ctx context.Context, name string) (string, error) {
	return runtime.SaveFileDialog(ctx, runtime.SaveDialogOptions{
		Title: "Save the recording", DefaultFilename: name,
		Filters: []runtime.FileFilter{{DisplayName: "MP4 video", Pattern: "*.mp4"}},
	})
}

// settingsFile is where the window remembers; empty when the system names no such place.
func settingsFile() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "hindsight", "window.json")
}
