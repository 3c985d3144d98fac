package model

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Label says what a model is called and where it came from. What is empty is
// found out from the archive: its top folder, else its own name.
type Label struct {
	Name     string
	Language string // BCP 47 of what it understands
	URL      string
}

// Progress is how far adding or getting a model has come. It is told after
// every 32 kB or so: whoever shows it leaves most of it out.
type Progress struct {
	Step  Step
	Done  int64 // bytes
	Total int64 // bytes; 0: not known
}

// Step is a part of the work.
type Step string

// The steps in their order.
const (
	StepList     Step = "list"     // asking what is published
	StepDownload Step = "download" // fetching the archive
	StepUnpack   Step = "unpack"   // writing the files
	StepCheck    Step = "check"    // reading them
	StepTrial    Step = "trial"    // running a recogniser on silence
)

// AddZip adds the model in a ZIP archive (a Python wheel is one too). It is
// unpacked beside the others, checked, tried, and only then there. progress may be nil.
func (s *Store) AddZip(ctx context.Context, path string, l Label, progress func(Progress)) (Model, error) {
	m, err := s.addZip(ctx, path, l, progress)
	if err != nil {
		return m, fmt.Errorf("model in %s not added: %w", path, err)
	}
	return m, nil
}

func (s *Store) addZip(ctx context.Context, path string, l Label, progress func(Progress)) (Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return Model{}, reason(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Model{}, reason(err)
	}
	if !info.Mode().IsRegular() {
		return Model{}, errors.New("it is not a file; a folder is added as one")
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return Model{}, fmt.Errorf("it is no ZIP archive, or is cut off or damaged (%w)", err)
	}
	root, total, err := inspectZip(z, info.Size(), s.o.Limits)
	if err != nil {
		return Model{}, err
	}
	if l.Name == "" {
		l.Name = nameOf(filepath.Base(path), root)
	}
	return s.add(ctx, l, total, progress, func(to *os.Root, done func(int64)) error {
		return unzip(ctx, z, root, to, done)
	})
}

// AddDir adds a copy of the model in a folder. progress may be nil.
func (s *Store) AddDir(ctx context.Context, dir string, l Label, progress func(Progress)) (Model, error) {
	m, err := s.addDir(ctx, dir, l, progress)
	if err != nil {
		return m, fmt.Errorf("model in %s not added: %w", dir, err)
	}
	return m, nil
}

func (s *Store) addDir(ctx context.Context, dir string, l Label, progress func(Progress)) (Model, error) {
	from, err := os.OpenRoot(dir)
	if err != nil {
		return Model{}, reason(err)
	}
	defer from.Close() //nolint:errcheck // a folder, which has nothing to tell
	files, err := listFiles(from)
	if err != nil {
		return Model{}, err
	}
	names := slices.Sorted(maps.Keys(files))
	root, err := modelRoot(names)
	if err != nil {
		return Model{}, err
	}
	wanted := map[string]string{}
	total := int64(0)
	for _, name := range names {
		if to, ok := below(root, name); ok {
			wanted[to] = name
			total += files[name]
		}
	}
	if len(wanted) > s.o.Limits.Files || total > s.o.Limits.Bytes {
		return Model{}, fmt.Errorf("it has %d files of %d MB together, which no model has", len(wanted), total/1e6)
	}
	if l.Name == "" {
		whole, err := filepath.Abs(dir)
		if err != nil {
			return Model{}, err
		}
		l.Name = nameOf(filepath.Base(whole), root)
	}
	return s.add(ctx, l, total, progress, func(to *os.Root, done func(int64)) error {
		for _, name := range slices.Sorted(maps.Keys(wanted)) {
			if err := copyFile(ctx, from, wanted[name], to, name, files[wanted[name]], done); err != nil {
				return fmt.Errorf("%s in it cannot be copied: %w", wanted[name], reason(err))
			}
		}
		return nil
	})
}

func copyFile(ctx context.Context, from *os.Root, name string, to *os.Root, as string, size int64, done func(int64)) error {
	f, err := from.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return writeInto(ctx, to, as, f, size, done)
}

// TrialError is about a model whose files are whole and with which the
// recogniser did not work: the model's fault, or that of libvosk or the machine.
type TrialError struct{ Err error }

func (e *TrialError) Error() string { return "the recogniser does not work with it: " + e.Err.Error() }

// Unwrap answers what the trial said.
func (e *TrialError) Unwrap() error { return e.Err }

// errNoTrial is about a program that can list models and not add them.
var errNoTrial = errors.New("there is nothing here to try it with")

// add makes a model out of what fill writes.
func (s *Store) add(ctx context.Context, l Label, total int64, progress func(Progress), fill func(*os.Root, func(int64)) error) (Model, error) {
	if err := CheckName(l.Name); err != nil {
		return Model{}, err
	}
	if s.o.Trial == nil {
		return Model{}, errNoTrial
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	if err := s.room(total); err != nil {
		return Model{}, err
	}
	unlock, _, err := lock(filepath.Join(s.dir, ".adding"), syscall.LOCK_SH, true)
	if err != nil {
		return Model{}, fmt.Errorf("models directory %s: %w", s.dir, reason(err))
	}
	defer unlock()
	dir, err := os.MkdirTemp(s.dir, ".adding-*")
	if err != nil {
		return Model{}, fmt.Errorf("models directory %s: %w", s.dir, reason(err))
	}
	defer os.RemoveAll(dir) //nolint:errcheck // renamed, or cleared by the next Open
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Model{}, reason(err)
	}
	defer root.Close() //nolint:errcheck // a folder, which has nothing to tell
	written := int64(0)
	err = fill(root, func(n int64) {
		written += n
		progress(Progress{StepUnpack, written, total})
	})
	if err != nil {
		return Model{}, err
	}
	m, err := s.prove(ctx, root, dir, l, total, progress)
	if err != nil {
		return Model{}, err
	}
	return s.place(dir, m)
}

// room makes sure that the recording keeps space when a model has been added.
func (s *Store) room(total int64) error {
	free, err := s.o.Free(s.dir)
	if err != nil {
		return fmt.Errorf("models directory %s: %w", s.dir, reason(err))
	}
	if need := total + reserve; need > free {
		return fmt.Errorf("it needs %d MB of room in %s, with what the recording keeps, and %d MB are free", megabytes(need), s.dir, free/1e6)
	}
	return nil
}

// prove checks and tries what was unpacked, and gives it its manifest.
func (s *Store) prove(ctx context.Context, root *os.Root, dir string, l Label, total int64, progress func(Progress)) (Manifest, error) {
	progress(Progress{StepCheck, 0, total})
	m, err := checkRoot(ctx, root, true)
	if err != nil {
		return m, err
	}
	m.Name, m.Added = l.Name, s.o.Now().UTC()
	if l.URL != "" {
		m.URL = l.URL
	}
	for _, code := range []string{l.Language, m.Language, languageIn(l.Name)} {
		if m.Language = code; code != "" {
			break
		}
	}
	if m.Language != "" && !languagePattern.MatchString(m.Language) {
		return m, fmt.Errorf("language %q: a code is wanted, as in zh-TW or ko", m.Language)
	}
	progress(Progress{StepTrial, total, total})
	if err := s.o.Trial(ctx, dir); err != nil {
		return m, &TrialError{err}
	}
	b, err := m.encode()
	if err != nil {
		return m, err
	}
	return m, syncModel(root, dir, b)
}

// syncModel writes the manifest and makes all of the folder last.
func syncModel(root *os.Root, dir string, manifest []byte) error {
	if err := writeFile(filepath.Join(dir, ManifestName), manifest); err != nil {
		return fmt.Errorf("%s cannot be written: %w", ManifestName, reason(err))
	}
	files, err := listFiles(root)
	if err != nil {
		return err
	}
	folders := map[string]bool{".": true}
	for name := range files {
		for p := filepath.Dir(name); p != "."; p = filepath.Dir(p) {
			folders[p] = true
		}
	}
	for p := range folders {
		if err := syncDir(filepath.Join(dir, p)); err != nil {
			return fmt.Errorf("%s cannot be synced: %w", p, reason(err))
		}
	}
	return os.Chmod(dir, 0o750)
}

// place puts the folder where its name says. The same model once more is no fault.
func (s *Store) place(dir string, m Manifest) (Model, error) {
	unlock, err := s.exclusive()
	if err != nil {
		return Model{}, err
	}
	defer unlock()
	switch old, err := s.Find(m.Name); {
	case err == nil && old.Fault == nil && old.Hash() == m.Hash():
		if _, err := Check(old.Dir); err == nil {
			return old, nil
		}
		return Model{}, fmt.Errorf("model %s is there, but damaged; remove it first", m.Name)
	case err == nil:
		return Model{}, fmt.Errorf("model %s: %w; remove that first, or give this one another name", m.Name, ErrExists)
	case !errors.Is(err, ErrNone):
		return Model{}, err
	}
	to := filepath.Join(s.dir, m.Name)
	if err := os.Rename(dir, to); err != nil {
		return Model{}, reason(err)
	}
	if err := syncDir(s.dir); err != nil {
		return Model{}, reason(err)
	}
	s.o.Log.Info("model added", "model", m.Name, "language", m.Language, "bytes", m.Bytes(), "sha256", m.Hash())
	return Model{Manifest: m, Dir: to}, nil
}
