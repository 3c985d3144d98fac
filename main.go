// Hindsight's desktop program: a window that shows a recorder, on this machine
// or another. It wires the page (frontend) to the client engine (player) and
// has no logic of its own; it records nothing.
//
// It is built with the tags desktop, production and webkit2_41. Without them it
// compiles on a machine that has no desktop, so that checks and tests run there,
// and says at the start that it was built so.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/options/linux"

	"hindsight/frontend"
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
	app := NewApp(slog.New(slog.NewTextHandler(os.Stderr, nil)), settingsFile())
	return wails.Run(&options.App{
		Title:  "Hindsight",
		Width:  1100,
		Height: 800, MinWidth: 360, MinHeight: 480,
		AssetServer: &assetserver.Options{Assets: page, Handler: app},
		OnStartup:   app.startup,
		Bind:        []any{app},
		Linux: &linux.Options{
			ProgramName: "hindsight",
			// Where there is no GPU, drawing by one that is emulated takes most of a core.
			WebviewGpuPolicy: linux.WebviewGpuPolicyNever,
		},
	})
}
