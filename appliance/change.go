package appliance

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"hindsight/appliance/web"
)

// fixedKeys are those that say where everything is: the settings cannot move what they lie in.
var fixedKeys = []string{"data"}

// restartKeys take effect when the program is started again; the others at once.
var restartKeys = []string{"rtsp.address", "rtsp.max_connections", "http.address", "store.segment", "store.tail", "clock", "log.level",
	"captions.library", "captions.keep"}

// AllSettings is web.Settings's.
func (a *Appliance) AllSettings() []web.SettingInfo {
	conf := a.config.Load()
	var out []web.SettingInfo
	for _, f := range fields {
		out = append(out, settingOf(conf, "", f.key, f.get(conf), f.def, f.kind, f.choices))
	}
	for i := range conf.Cameras {
		c := &conf.Cameras[i]
		for _, f := range cameraFields {
			out = append(out, settingOf(conf, c.Name, "cameras."+c.Name+"."+f.key, f.get(c), f.def, f.kind, f.choices))
		}
	}
	return out
}

func settingOf(conf *Config, camera, key, value, def, kind string, choices []string) web.SettingInfo {
	s := web.SettingInfo{Key: key, Camera: camera, Value: redact(value), Default: def, Source: conf.sources[key], Kind: kind,
		Choices: choices, Restart: slices.Contains(restartKeys, key), Editable: true}
	if s.Choices == nil {
		s.Choices = []string{}
	}
	if s.Source == "" {
		s.Source = "default"
	}
	switch {
	case slices.Contains(fixedKeys, key):
		s.Editable, s.Why = false, "it says where the settings themselves are; give it in hindsight.yml or by --data"
	case given(s.Source):
		s.Editable, s.Why = false, (&FixedError{key, s.Source}).Error()
	}
	return s
}

// ChangeSettings is web.Settings's: what can takes effect at once, and all of it is kept.
func (a *Appliance) ChangeSettings(changes map[string]string) error {
	a.change.Lock()
	defer a.change.Unlock()
	old := a.config.Load()
	changes = unredacted(old, changes)
	for key := range changes {
		if slices.Contains(fixedKeys, key) {
			return &web.Fixed{Err: fmt.Errorf("%s cannot be changed while the recorder runs; give it in hindsight.yml or by --%s", key, key)}
		}
	}
	next, err := old.with(changes, filepath.Join(a.conf.Data, settingsName))
	var fixed *FixedError
	switch {
	case errors.As(err, &fixed):
		return &web.Fixed{Err: err}
	case err != nil:
		return &web.Invalid{Err: err}
	case len(next.Cameras) != len(old.Cameras):
		return &web.Invalid{Err: errors.New("a camera that is not in hindsight.yml cannot be added while the recorder runs")}
	}
	if err := saveSettings(a.conf.Data, changes); err != nil {
		return err
	}
	a.config.Store(next)
	a.apply(old, next)
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		a.log.Info("setting changed", "key", key, "value", redact(changes[key]))
	}
	return nil
}

// apply has what runs follow a new configuration.
func (a *Appliance) apply(old, next *Config) {
	for i, conf := range next.Cameras {
		was := old.Cameras[i]
		conf.Captions, was.Captions = CameraCaptions{}, CameraCaptions{}
		if c := a.find(conf.Name); c != nil && fmt.Sprint(conf) != fmt.Sprint(was) {
			c.reconfigure(next.Cameras[i])
		}
	}
	a.captions.service.Tune(tuneOf(next.Captions))
	a.captions.look()
}

// unredacted leaves out what is as it was told: a value without its credentials.
func unredacted(c *Config, changes map[string]string) map[string]string {
	out := map[string]string{}
	now := map[string]string{}
	for _, s := range c.Settings() {
		now[s.Key] = s.Value
	}
	for key, v := range changes {
		if old, known := now[key]; !known || old != v || !strings.Contains(v, "://") {
			out[key] = v
		}
	}
	return out
}
