package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/wailsapp/wails/v2/pkg/runtime"

	"hindsight/player"
	"hindsight/player/desktop"
	"hindsight/player/discover"
)

// closeAsked is the event that asks the page whether the window may close.
const closeAsked = "close-asked"

// lookAround is how long recorders may take to answer.
const lookAround = 1500 * time.Millisecond

// App is what the page sees of the window. It is the one type bound;
// frontend/src/bridge mirrors it.
type App struct {
	log  *slog.Logger
	desk *desktop.Desktop
	win  window

	mu     sync.Mutex
	ctx    context.Context // of the window; Wails hands it over once, at the start
	busy   map[string]bool // why closing asks whatever was said before: export, call
	asking bool            // the page was asked and has not answered
	heard  bool            // but it said that it has the question on the screen
	leave  bool            // the window closes, whatever else
}

// window is what the toolkit does for an App; tests have their own.
type window struct {
	emit func(ctx context.Context, event string, data ...any)
	quit func(ctx context.Context)
	save func(ctx context.Context, name string) (file string, err error)
	seen func(ctx context.Context) desktop.Frame
}

// NewApp makes an App that shows nothing yet. dir is where is kept what is
// remembered; empty: nothing is.
func NewApp(log *slog.Logger, dir string, keys desktop.Keys) (*App, error) {
	desk, err := desktop.New(desktop.Options{Log: log, Dir: dir, Keys: keys})
	if err != nil {
		return nil, err
	}
	return &App{log: log, desk: desk, ctx: context.Background(), busy: map[string]bool{},
		win: window{runtime.EventsEmit, runtime.Quit, saveDialog, frameOf}}, nil
}

func (a *App) startup(ctx context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ctx = ctx
}

func (a *App) window() context.Context {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ctx
}

// Address is that of the server shown; empty: none is.
func (a *App) Address() string { return a.desk.Address() }

// Connect shows what is at an address; login is empty where the person gave none.
func (a *App) Connect(address string, login desktop.Login) (desktop.Connected, error) {
	return a.desk.Connect(a.window(), address, login)
}

// Recent are the servers shown before, the last one first.
func (a *App) Recent() []desktop.Recent { return a.desk.Recent() }

// Forget takes one off that list.
func (a *App) Forget(address string) error { return a.desk.Forget(address) }

// Find looks around for recorders for a second and a half.
func (a *App) Find() ([]discover.Found, error) {
	return discover.Look(a.window(), lookAround, nil)
}

// Player is the address of the WebSocket that plays a camera.
func (a *App) Player(camera string) string { return a.desk.Player(camera) }

// Missing names the packages that the machine lacks, by what the page says that it can play.
func (a *App) Missing(p desktop.Plays) []desktop.Part { return desktop.Lacks(p) }

// Save asks for a file name and saves what is at a path of the recorder's API
// there. It returns the file; empty: the person changed their mind.
func (a *App) Save(path string) (string, error) {
	ctx := a.window()
	file, err := a.win.save(ctx, player.FileName(path))
	if err != nil || file == "" {
		return "", err
	}
	return file, a.desk.Save(ctx, path, file)
}

// Busy says that something runs, or no longer does, that closing would end: then
// closing asks also when it was said that it shall not.
func (a *App) Busy(why string, on bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if on {
		a.busy[why] = true
	} else {
		delete(a.busy, why)
	}
}

// Resized remembers where the window is now.
func (a *App) Resized() {
	if err := a.desk.SetFrame(a.win.seen(a.window())); err != nil {
		a.log.Debug("the window's place is not remembered", "error", err)
	}
}

// Asked says that the page has the question whether to close on the screen.
func (a *App) Asked() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.heard = true
}

// Stay answers that the window shall stay open.
func (a *App) Stay() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asking, a.heard = false, false
}

// Quit answers that the window shall close, and whether it shall ask next time.
func (a *App) Quit(neverAsk bool) {
	if neverAsk {
		if err := a.desk.DoNotAsk(); err != nil {
			a.log.Warn("the answer is not remembered", "error", err)
		}
	}
	a.mu.Lock()
	a.leave = true
	a.mu.Unlock()
	a.win.quit(a.window())
}

// beforeClose reports whether the window must stay for now: the page was asked.
// A page that does not say that it has the question on the screen, since it
// hangs, is not waited for when the person closes again.
func (a *App) beforeClose(ctx context.Context) (stay bool) {
	asks := a.desk.Asks()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.leave || !asks && len(a.busy) == 0 || a.asking && !a.heard {
		return false
	}
	if !a.asking {
		a.asking = true
		a.win.emit(ctx, closeAsked, a.desk.Saving() || len(a.busy) > 0)
	}
	return true
}

// end lets everything go: sessions by their goodbye.
func (a *App) end() {
	a.mu.Lock()
	a.leave = true
	a.mu.Unlock()
	a.desk.Close()
}

// ServeHTTP hands on what the page asks of its recorder.
func (a *App) ServeHTTP(w http.ResponseWriter, req *http.Request) { a.desk.ServeHTTP(w, req) }

func frameOf(ctx context.Context) desktop.Frame {
	var f desktop.Frame
	f.X, f.Y = runtime.WindowGetPosition(ctx)
	f.Width, f.Height = runtime.WindowGetSize(ctx)
	f.Maximised = runtime.WindowIsMaximised(ctx)
	return f
}

// kinds are the files that can be saved, for the dialog.
var kinds = map[string]string{
	".mp4": "MP4 video", ".vtt": "WebVTT captions", ".srt": "SubRip captions", ".txt": "Text", ".jpg": "JPEG picture", ".json": "JSON",
}

func saveDialog(ctx context.Context, name string) (string, error) {
	ext := filepath.Ext(name)
	return runtime.SaveFileDialog(ctx, runtime.SaveDialogOptions{
		Title: "Save", DefaultFilename: name,
		Filters: []runtime.FileFilter{{DisplayName: kinds[ext], Pattern: "*" + ext}},
	})
}

// settingsDir is where the window remembers; empty when the system names no such place.
func settingsDir() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "hindsight")
}
