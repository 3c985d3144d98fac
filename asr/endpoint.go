package asr

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// fastRules are half the silences after which an utterance usually ends (Kaldi,
// online-endpoint.h): when what was heard can well end there, can end there, and
// in any case. libvosk 0.3.45 has no call for them; it reads them with the model.
const fastRules = `
--endpoint.rule2.min-trailing-silence=0.25
--endpoint.rule3.min-trailing-silence=0.5
--endpoint.rule4.min-trailing-silence=1.0
`

// modelConf is where a model keeps its rules. The oldest models have none.
const modelConf = "conf/model.conf"

// withFastRules makes a folder that is the model at dir but for fastRules, of
// links, and a func that removes it: once the model is loaded nobody reads it.
// Of a model that keeps no rules it is the model's own folder.
func withFastRules(dir string) (string, func(), error) {
	rules, err := os.ReadFile(filepath.Join(dir, modelConf))
	if errors.Is(err, fs.ErrNotExist) {
		return dir, func() {}, nil
	}
	if err != nil {
		return "", nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", nil, err
	}
	to, err := os.MkdirTemp("", "hindsight-model-")
	if err != nil {
		return "", nil, err
	}
	remove := func() { _ = os.RemoveAll(to) } // of a folder for what may go at any time
	err = errors.Join(os.Mkdir(filepath.Join(to, "conf"), 0o700),
		linkAll(dir, to, "conf"), linkAll(filepath.Join(dir, "conf"), filepath.Join(to, "conf"), "model.conf"),
		os.WriteFile(filepath.Join(to, modelConf), append(rules, fastRules...), 0o600))
	if err != nil {
		remove()
		return "", nil, fmt.Errorf("a model whose utterances end sooner: %w", err)
	}
	return to, remove, nil
}

// linkAll links what is in a folder from another one, but for one name.
func linkAll(from, to, but string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != but {
			err = errors.Join(err, os.Symlink(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())))
		}
	}
	return err
}
