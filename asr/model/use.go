package model

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hindsight/media"
)

// Use says that a camera is heard in a language with a model.
type Use struct {
	Camera   string `json:"camera,omitempty"` // empty: every one that has no use of its own
	Language string `json:"language"`         // BCP 47 of the captions, as in zh-TW
	Model    string `json:"model"`
}

func (u Use) who() string {
	if u.Camera == "" {
		return "every camera for " + u.Language
	}
	return "camera " + u.Camera + " for " + u.Language
}

// usesFile is what use.json holds.
type usesFile struct {
	Format int   `json:"format"`
	Use    []Use `json:"use"`
}

func (s *Store) usesPath() string { return filepath.Join(s.dir, "use.json") }

// Uses lists which model is used where, by camera and language.
func (s *Store) Uses() ([]Use, error) { return s.readUses() }

// Use makes a model the current one of a camera and language. It reads the
// whole model first: one that is broken is refused, and what was in use stays.
// An empty Model takes the use away.
func (s *Store) Use(ctx context.Context, u Use) error {
	if u.Camera != "" {
		if err := media.CheckCamera(u.Camera); err != nil {
			return err
		}
	}
	if !languagePattern.MatchString(u.Language) {
		return fmt.Errorf("language %q: a code is wanted, as in zh-TW or ko", u.Language)
	}
	if u.Model != "" {
		if err := s.usable(ctx, u); err != nil {
			return err
		}
	}
	unlock, err := s.exclusive()
	if err != nil {
		return err
	}
	defer unlock()
	if u.Model != "" {
		if _, err := s.Find(u.Model); err != nil { // removed since it was checked
			return err
		}
	}
	uses, err := s.readUses()
	if err != nil {
		return err
	}
	uses = slices.DeleteFunc(uses, func(o Use) bool {
		return o.Camera == u.Camera && strings.EqualFold(o.Language, u.Language)
	})
	if u.Model != "" {
		uses = append(uses, u)
	}
	if err := s.writeUses(uses); err != nil {
		return err
	}
	s.o.Log.Info("model chosen", "camera", u.Camera, "language", u.Language, "model", u.Model)
	return nil
}

// usable reads the whole model.
func (s *Store) usable(ctx context.Context, u Use) error {
	m, err := s.Find(u.Model)
	if err != nil {
		return err
	}
	if m.Fault != nil {
		return fmt.Errorf("model %s cannot be used: %w; remove it and add it again", m.Name, m.Fault)
	}
	if _, err := check(ctx, m.Dir, false); err != nil {
		return fmt.Errorf("model %s cannot be used: %w; remove it and add it again", m.Name, err)
	}
	if !sameLanguage(m.Language, u.Language) {
		return fmt.Errorf("model %s is for %s and not for %s; choose another", m.Name, m.Language, u.Language)
	}
	return nil
}

// Current answers the model that a camera is heard with in a language: its
// own, else that of every camera, else [ErrUnset]. Whether it is whole is for
// [Check] to say.
func (s *Store) Current(camera, language string) (Model, error) {
	uses, err := s.readUses()
	if err != nil {
		return Model{}, err
	}
	name := ""
	for _, u := range uses {
		if strings.EqualFold(u.Language, language) && (u.Camera == camera || u.Camera == "" && name == "") {
			name = u.Model
		}
	}
	if name == "" {
		return Model{}, fmt.Errorf("camera %s has no model for %s: %w; see `hindsight model list`, then `hindsight model use NAME`", camera, language, ErrUnset)
	}
	return s.Find(name)
}

func (s *Store) readUses() ([]Use, error) {
	b, err := os.ReadFile(s.usesPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.usesPath(), reason(err))
	}
	uses, err := decodeUses(b)
	if err != nil {
		return nil, fmt.Errorf("%s is damaged: %w; delete it and choose the models again", s.usesPath(), err)
	}
	return uses, nil
}

func decodeUses(b []byte) ([]Use, error) {
	var f usesFile
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, err
	}
	if f.Format != 1 {
		return nil, fmt.Errorf("it is of format %d; this program knows format 1", f.Format)
	}
	for _, u := range f.Use {
		if CheckName(u.Model) != nil || !languagePattern.MatchString(u.Language) || u.Camera != "" && media.CheckCamera(u.Camera) != nil {
			return nil, fmt.Errorf("the entry for camera %q, language %q, model %q cannot be", u.Camera, u.Language, u.Model)
		}
	}
	return f.Use, nil
}

func (s *Store) writeUses(uses []Use) error {
	slices.SortFunc(uses, func(a, b Use) int {
		return strings.Compare(a.Camera+"\x00"+a.Language, b.Camera+"\x00"+b.Language)
	})
	b, err := json.MarshalIndent(usesFile{1, uses}, "", "  ")
	if err == nil {
		err = writeFile(s.usesPath(), append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", s.usesPath(), reason(err))
	}
	return nil
}
