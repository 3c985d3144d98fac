package appliance

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"hindsight/asr"
	"hindsight/asr/model"
)

// ModelsDir is the folder of the speech models in a data directory.
func ModelsDir(data string) string { return filepath.Join(data, "models") }

// OpenModels opens the speech models of a data directory. A model that is added is tried with
// libvosk at library, in a process of its own.
func OpenModels(data, library string, log *slog.Logger) (*model.Store, error) {
	child, err := recogniser(library)
	if err != nil {
		return nil, err
	}
	return model.Open(ModelsDir(data), model.Options{Log: log, ListURL: os.Getenv("HINDSIGHT_MODEL_LIST"),
		Trial: func(ctx context.Context, dir string) error {
			try := child
			try.Model = dir
			p, err := asr.Start(ctx, try)
			if err != nil {
				return err
			}
			return p.Close()
		}})
}

// recogniser is how the child that recognises is started.
func recogniser(library string) (asr.Setup, error) {
	exe, err := os.Executable()
	if err != nil {
		return asr.Setup{}, fmt.Errorf("captions: this program cannot be found: %w", err)
	}
	return asr.Setup{Program: exe, Args: []string{asr.Command}, Engine: "vosk", Library: library, Nice: 10, OOM: 500}, nil
}
