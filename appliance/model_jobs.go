package appliance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"hindsight/appliance/web"
	"hindsight/asr/model"
	language "hindsight/asr/text"
)

// modelJobsKept is how many jobs are remembered that are over.
const modelJobsKept = 20

// modelKeeper is the recorder's side of the speech models: what the page does
// about them. Downloads and trials run beside the recording, one at a time.
type modelKeeper struct {
	store *model.Store
	dir   string
	log   *slog.Logger
	list  func() ([]web.CaptionModel, error)

	turn chan struct{} // held by the job that works

	mu     sync.Mutex
	jobs   []*modelJob
	last   int
	ctx    context.Context
	finish context.CancelFunc
	wg     sync.WaitGroup
}

type modelJob struct {
	web.ModelJob
	cancel context.CancelFunc
}

func newModelKeeper(store *model.Store, dir string, list func() ([]web.CaptionModel, error), log *slog.Logger) *modelKeeper {
	k := &modelKeeper{store: store, dir: dir, log: log, list: list, turn: make(chan struct{}, 1)}
	k.ctx, k.finish = context.WithCancel(context.Background())
	return k
}

// close ends all jobs. What was downloaded is kept.
func (k *modelKeeper) close() {
	k.finish()
	k.wg.Wait()
}

// ModelList is web.Models's.
func (k *modelKeeper) ModelList() ([]web.CaptionModel, error) { return k.list() }

// Published is web.Models's.
func (k *modelKeeper) Published(ctx context.Context) ([]web.PublishedModel, error) {
	list, err := k.store.Published(ctx)
	var out []web.PublishedModel
	for _, m := range list {
		out = append(out, web.PublishedModel{Name: m.Name, Bytes: m.Size, Language: m.Language, English: m.LanguageName, Obsolete: m.Obsolete})
	}
	return out, err
}

// Get is web.Models's.
func (k *modelKeeper) Get(name string) (web.ModelJob, error) {
	if err := model.CheckName(name); err != nil {
		return web.ModelJob{}, &web.Invalid{Err: err}
	}
	return k.begin(name, "", func(ctx context.Context, p func(model.Progress)) (model.Model, error) {
		return k.store.Get(ctx, name, p)
	}, nil)
}

// Add is web.Models's.
func (k *modelKeeper) Add(r io.Reader, name, lang string) (_ web.ModelJob, err error) {
	l := model.Label{Name: name}
	if name != "" {
		if err := model.CheckName(name); err != nil {
			return web.ModelJob{}, &web.Invalid{Err: err}
		}
	}
	if lang != "" {
		found, err := language.Find(lang)
		if err != nil {
			return web.ModelJob{}, &web.Invalid{Err: err}
		}
		l.Language, lang = found.Spoken, found.Code
	}
	f, err := os.CreateTemp(k.dir, ".adding-*.zip")
	if err != nil {
		return web.ModelJob{}, err
	}
	remove := func() { os.Remove(f.Name()) } //nolint:errcheck // the next start clears it away
	_, err = io.Copy(f, r)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		remove()
		return web.ModelJob{}, err
	}
	return k.begin(name, lang, func(ctx context.Context, p func(model.Progress)) (model.Model, error) {
		return k.store.AddZip(ctx, f.Name(), l, p)
	}, remove)
}

type adding func(ctx context.Context, progress func(model.Progress)) (model.Model, error)

// begin does the work in the background. done is called at its end.
func (k *modelKeeper) begin(name, written string, work adding, done func()) (web.ModelJob, error) {
	ctx, cancel := context.WithCancel(k.ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last++
	j := &modelJob{web.ModelJob{ID: strconv.Itoa(k.last), Name: name, State: "running"}, cancel}
	k.forget()
	k.jobs = append(k.jobs, j)
	k.wg.Go(func() {
		defer cancel()
		if done != nil {
			defer done()
		}
		m, inUse, err := k.add(ctx, j, written, work)
		k.mu.Lock()
		defer k.mu.Unlock()
		switch {
		case j.State == "cancelled":
		case err != nil:
			j.State, j.Error = "failed", err.Error()
			k.log.Warn("model: not added", "name", j.Name, "error", err)
		default:
			j.State, j.Name, j.InUse = "done", m.Name, inUse
			k.log.Info("model added", "name", m.Name, "bytes", m.Bytes(), "in_use_for", inUse)
		}
	})
	return j.ModelJob, nil
}

// forget drops the oldest jobs that are over. mu is held.
func (k *modelKeeper) forget() {
	over := 0
	for i := len(k.jobs) - 1; i >= 0; i-- {
		if k.jobs[i].State == "running" {
			continue
		}
		if over++; over >= modelJobsKept {
			k.jobs = slices.Delete(k.jobs, i, i+1)
		}
	}
}

// add waits for its turn and works.
func (k *modelKeeper) add(ctx context.Context, j *modelJob, written string, work adding) (m model.Model, inUse string, err error) {
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return m, "", ctx.Err()
	}
	m, err = work(ctx, func(p model.Progress) {
		k.mu.Lock()
		defer k.mu.Unlock()
		j.Step, j.DoneBytes, j.TotalBytes = string(p.Step), p.Done, p.Total
	})
	if err != nil {
		return m, "", err
	}
	inUse, _, err = UseFirst(ctx, k.store, m, written)
	return m, inUse, err
}

// ModelJobs is web.Models's.
func (k *modelKeeper) ModelJobs() []web.ModelJob {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []web.ModelJob
	for _, j := range k.jobs {
		out = append(out, j.ModelJob)
	}
	return out
}

// CancelModelJob is web.Models's.
func (k *modelKeeper) CancelModelJob(id string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, j := range k.jobs {
		if j.ID == id {
			if j.State == "running" {
				j.State = "cancelled"
				j.cancel()
			}
			return nil
		}
	}
	return web.ErrNoJob
}

// Use is web.Models's.
func (k *modelKeeper) Use(ctx context.Context, camera, lang, name string) error {
	if lang != "" {
		found, err := language.Find(lang)
		if err != nil {
			return &web.Invalid{Err: err}
		}
		lang = found.Code
	}
	if name != "" && lang == "" {
		m, err := k.store.Find(name)
		if err != nil {
			return &web.Invalid{Err: fmt.Errorf("model %s: %w", name, err)}
		}
		if lang = CaptionLanguage(m); lang == "" {
			return &web.Invalid{Err: fmt.Errorf("nobody has said which language model %s understands; name one", name)}
		}
	}
	if lang == "" {
		return &web.Invalid{Err: errors.New("language: want the one of the captions, as in ko or zh-TW")}
	}
	if err := k.store.Use(ctx, model.Use{Camera: camera, Language: lang, Model: name}); err != nil {
		return &web.Invalid{Err: err}
	}
	return nil
}

// Remove is web.Models's.
func (k *modelKeeper) Remove(name string, force bool) error {
	err := k.store.Remove(name, force)
	switch {
	case errors.Is(err, model.ErrInUse):
		return &web.Fixed{Err: err}
	case err != nil:
		return &web.Invalid{Err: err}
	}
	return nil
}

// CaptionLanguage is the language of the captions that a model makes; empty: nobody has said.
func CaptionLanguage(m model.Model) string {
	if l, err := language.Find(m.Language); err == nil {
		return l.Code
	}
	return m.Language
}

// sameSpeech reports whether two languages of captions are spoken alike, as zh-TW and zh-CN are.
func sameSpeech(a, b string) bool {
	a, _, _ = strings.Cut(a, "-")
	b, _, _ = strings.Cut(b, "-")
	return strings.EqualFold(a, b)
}

// UseFirst makes a model that was added the one in use if none is for its language,
// or for the one that was written. inUse is the language, empty where it is none; other is the use that stays instead.
func UseFirst(ctx context.Context, st *model.Store, m model.Model, written string) (inUse string, other *model.Use, err error) {
	if written = cmp.Or(written, CaptionLanguage(m)); written == "" {
		return "", nil, nil
	}
	uses, err := st.Uses()
	if err != nil {
		return "", nil, err
	}
	for _, u := range uses {
		if sameSpeech(u.Language, written) {
			return "", &u, nil
		}
	}
	return written, nil, st.Use(ctx, model.Use{Language: written, Model: m.Name})
}
