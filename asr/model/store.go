package model

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"hindsight/media"
)

// MakersList is where the makers of Vosk publish which models there are.
const MakersList = "https://alphacephei.com/vosk/models/model-list.json"

// Options are what a store is opened with; the zero value can list and check.
type Options struct {
	// Trial runs a recogniser on the model in dir, with a second of silence,
	// in a process of its own, and says what went wrong. Nothing is added without one.
	Trial func(ctx context.Context, dir string) error

	Log     *slog.Logger // nil: nothing is said
	ListURL string       // of the published models; empty: [MakersList]
	Client  *http.Client // nil: a new one that follows the proxy variables
	Limits  Limits
	// Free says how many bytes may be written below dir; nil: what the file system says.
	Free  func(dir string) (int64, error)
	Pause time.Duration // before a download is taken up again, doubled each time; 0: 1 s
	Stall time.Duration // without a byte, after which a download is taken up again; 0: 30 s
	Now   func() time.Time
}

// reserve is the room in bytes that adding a model leaves to the recording.
const reserve = 256 << 20

// Store is a folder of models. Several processes may use one at the same time.
type Store struct {
	dir string
	o   Options
}

// Model is one that was added.
type Model struct {
	Manifest
	Dir string
	// Fault is what a look at the folder, not at its contents, shows; nil: nothing.
	Fault error
}

// Reference is how captions name the model.
func (m Model) Reference() media.Model { return media.Model{Name: m.Name, Hash: m.Hash()} }

// The sentences for these name the model.
var (
	ErrNone   = errors.New("there is no such model")
	ErrExists = errors.New("there is another model of that name")
	ErrInUse  = errors.New("the model is in use")
	ErrUnset  = errors.New("no model is chosen")
)

// Open opens the store in dir, which it makes if need be, and clears away what
// a crash left in it.
func Open(dir string, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.ListURL == "" {
		o.ListURL = MakersList
	}
	if o.Client == nil {
		o.Client = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone(), CheckRedirect: stayEncrypted}
	}
	if o.Free == nil {
		o.Free = freeSpace
	}
	if o.Pause == 0 {
		o.Pause = time.Second
	}
	if o.Stall == 0 {
		o.Stall = 30 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Limits = o.Limits.withDefaults()
	s := &Store{dir, o}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("models directory %s: %w", dir, reason(err))
	}
	return s, s.clear()
}

// clear removes what a crash left, unless somebody is adding a model just now.
func (s *Store) clear() error {
	unlock, ok, err := lock(filepath.Join(s.dir, ".adding"), syscall.LOCK_EX, false)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return nil // whoever may only read may still list
	}
	if err != nil {
		return fmt.Errorf("models directory %s: %w", s.dir, reason(err))
	}
	if !ok {
		return nil
	}
	defer unlock()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("models directory %s: %w", s.dir, reason(err))
	}
	for _, e := range entries {
		for _, prefix := range []string{".adding-", ".removed-", ".writing-"} {
			if !strings.HasPrefix(e.Name(), prefix) {
				continue
			}
			if err := os.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
				s.o.Log.Warn("leftover of a model not removed", "path", filepath.Join(s.dir, e.Name()), "reason", reason(err))
			}
		}
	}
	return nil
}

// exclusive keeps other processes from changing the store until the func is called.
func (s *Store) exclusive() (func(), error) {
	unlock, _, err := lock(filepath.Join(s.dir, ".lock"), syscall.LOCK_EX, true)
	if err != nil {
		return nil, fmt.Errorf("models directory %s cannot be changed: %w", s.dir, reason(err))
	}
	return unlock, nil
}

// List lists the models by name.
func (s *Store) List() ([]Model, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("models directory %s: %w", s.dir, reason(err))
	}
	var models []Model
	for _, e := range entries {
		if e.IsDir() && CheckName(e.Name()) == nil {
			models = append(models, s.look(e.Name()))
		}
	}
	return models, nil
}

// Find finds a model by name; the error is [ErrNone] where there is none.
func (s *Store) Find(name string) (Model, error) {
	if err := CheckName(name); err != nil {
		return Model{}, err
	}
	if _, err := os.Stat(filepath.Join(s.dir, name)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return Model{}, fmt.Errorf("model %s: %w in %s; add it with `hindsight model add FILE.zip` or `hindsight model get %s`", name, ErrNone, s.dir, name)
		}
		return Model{}, fmt.Errorf("model %s: %w", name, reason(err))
	}
	return s.look(name), nil
}

// look reads what can be told without reading the files.
func (s *Store) look(name string) Model {
	m := Model{Dir: filepath.Join(s.dir, name)}
	m.Manifest, m.Fault = s.glance(m.Dir)
	m.Name = name
	return m
}

func (s *Store) glance(dir string) (Manifest, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Manifest{}, faultf("", "it cannot be opened: %v", reason(err))
	}
	defer root.Close() //nolint:errcheck // a folder, which has nothing to tell
	files, err := listFiles(root)
	if err != nil {
		return Manifest{}, err
	}
	if _, err := shapeOf(files); err != nil {
		return Manifest{}, err
	}
	m, has, err := readManifest(root, files)
	if err != nil {
		return m, err
	}
	if !has {
		return m, faultf(ManifestName, "is missing: the folder did not come here by `hindsight model add`")
	}
	return m, m.compareSizes(files)
}

// Remove removes a model and what was downloaded of it. One that is in use is refused ([ErrInUse]) unless
// forced, and is then taken out of use first. A recogniser that runs with it
// goes on (see the package's comment).
func (s *Store) Remove(name string, force bool) error {
	unlock, err := s.exclusive()
	if err != nil {
		return err
	}
	defer unlock()
	m, err := s.Find(name)
	if CheckName(name) == nil && s.forgetDownload(name) && errors.Is(err, ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	uses, err := s.readUses()
	if err != nil {
		return err
	}
	var kept []Use
	var by []string
	for _, u := range uses {
		if u.Model == name {
			by = append(by, u.who())
		} else {
			kept = append(kept, u)
		}
	}
	if len(by) > 0 {
		if !force {
			return fmt.Errorf("model %s: %w by %s; choose another there first, or remove it with --force", name, ErrInUse, strings.Join(by, ", "))
		}
		if err := s.writeUses(kept); err != nil {
			return err
		}
	}
	away, err := os.MkdirTemp(s.dir, ".removed-*")
	if err != nil {
		return fmt.Errorf("model %s: %w", name, reason(err))
	}
	if err := os.Rename(m.Dir, filepath.Join(away, name)); err != nil {
		return fmt.Errorf("model %s: %w", name, reason(err))
	}
	if err := syncDir(s.dir); err != nil {
		return fmt.Errorf("model %s: %w", name, reason(err))
	}
	s.o.Log.Info("model removed", "model", name, "in_use_by", by)
	if err := os.RemoveAll(away); err != nil {
		return fmt.Errorf("model %s is removed, but not all of its space is free: %w", name, reason(err))
	}
	return nil
}
