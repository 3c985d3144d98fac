package appliance

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// settingsName is the file in the data directory that keeps what is changed
// while the recorder runs; see Load.
const settingsName = "settings.yml"

const settingsHead = "# What was changed while the recorder ran. It goes over hindsight.yml, and under variables and flags.\n"

// A FixedError says that a value stands where a running recorder cannot change it.
type FixedError struct{ Key, Source string }

// Error is one sentence.
func (e *FixedError) Error() string {
	if e.Source == "flag" {
		e = &FixedError{e.Key, "a flag of the command line"}
	}
	return fmt.Sprintf("%s is given by %s, which goes over every setting; change it there", e.Key, e.Source)
}

// with is c with other values for some keys, which come from source. What a
// variable or a flag says stays: that is a *FixedError.
func (c *Config) with(changes map[string]string, source string) (*Config, error) {
	n := *c
	n.Cameras = slices.Clone(c.Cameras)
	n.sources = maps.Clone(c.sources)
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		if src := c.sources[key]; given(src) {
			return nil, &FixedError{key, src}
		}
		if err := n.set(key, changes[key], source); err != nil {
			return nil, err
		}
	}
	return &n, n.finish()
}

// given reports whether a source is one that goes over every setting.
func given(source string) bool { return source == "flag" || strings.HasPrefix(source, "HINDSIGHT_") }

// saveSettings adds values to the settings of a data directory, durably: a
// crash leaves the old file or the new one.
func saveSettings(dir string, changes map[string]string) error {
	path := filepath.Join(dir, settingsName)
	var all map[string]any
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("settings: %w", err)
	}
	if err := yaml.Unmarshal(b, &all); err != nil {
		_, why := yamlError(err)
		return fmt.Errorf("settings: %s: not valid YAML: %s", path, why)
	}
	if all == nil {
		all = map[string]any{}
	}
	for key, value := range changes {
		at := all
		parts := strings.Split(key, ".")
		for _, p := range parts[:len(parts)-1] {
			below, ok := at[p].(map[string]any)
			if !ok {
				below = map[string]any{}
				at[p] = below
			}
			at = below
		}
		at[parts[len(parts)-1]] = value
	}
	out, err := yaml.Marshal(all)
	if err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	if err := replaceFile(path, append([]byte(settingsHead), out...)); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return nil
}

// replaceFile writes a file anew so that a crash leaves the old or the new one whole.
func replaceFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".settings-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name()) //nolint:errcheck // the first error tells more
		}
	}()
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
