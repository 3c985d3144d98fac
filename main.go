// Hindsight's desktop program: a window that shows a recorder, on this machine
// or another. It wires the page (frontend) to the client engine (player) and
// has no logic of its own; it records nothing.
//
// It is built with the tags desktop, production and webkit2_41. Without them it
// compiles on a machine that has no desktop, so that checks and tests run there,
// and says at the start that it was built so.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/options/linux"
	"github.com/wailsapp/wails/v2/pkg/runtime"

	"hindsight/frontend"
	"hindsight/player/desktop"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "hindsight-desktop:", err)
		os.Exit(1)
	}
}

func run() error {
	page := frontend.Files()
	if _, err := fs.Stat(page, "index.html"); err != nil {
		return errors.New("the page was not built into this program: run make frontend, then build again")
	}
	app, err := NewApp(slog.New(slog.NewTextHandler(os.Stderr, nil)), settingsDir(), desktop.SystemKeys{})
	if err != nil {
		return err
	}
	defer app.end()
	endOnSignal(app)
	frame := app.desk.Frame()
	if frame.Width == 0 {
		frame.Width, frame.Height = 1100, 800
	}
	start := options.Normal
	if frame.Maximised {
		start = options.Maximised
	}
	return wails.Run(&options.App{
		Title:            "Hindsight",
		Width:            frame.Width,
		Height:           frame.Height,
		MinWidth:         360,
		MinHeight:        480,
		WindowStartState: start,
		AssetServer:      &assetserver.Options{Assets: page, Handler: app},
		OnStartup: func(ctx context.Context) {
			app.startup(ctx)
			if app.desk.Frame().Width != 0 && !frame.Maximised {
				runtime.WindowSetPosition(ctx, frame.X, frame.Y)
			}
		},
		OnBeforeClose: app.beforeClose,
		Bind:          []any{app},
		Linux: &linux.Options{
			ProgramName: "hindsight",
			// Where there is no GPU, drawing by one that is emulated takes most of a core.
			WebviewGpuPolicy: linux.WebviewGpuPolicyNever,
		},
	})
}

// endOnSignal ends the program at once, and cleanly, on a signal: a logout or a
// service manager waits for nobody's answer. Wails would ask OnBeforeClose.
func endOnSignal(app *App) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		time.AfterFunc(2*time.Second, func() { os.Exit(1) }) // a recorder that does not answer
		app.end()
		os.Exit(0)
	}()
}
