package appliance

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is changed is there after the next start, beside what was changed before.
func TestSettingsAreKept(t *testing.T) {
	dir := t.TempDir()
	flags := []Flag{{"data", dir}}
	c, err := Load("", nil, flags)
	if err != nil {
		t.Fatal(err)
	}
	for _, changes := range []map[string]string{
		{"cameras.cam.captions": "off", "captions.load": "50"},
		{"cameras.cam.languages": "zh-TW, ko", "cameras.cam.phrases": `a: "b", #c, 날씨, on`},
	} {
		if c, err = c.with(changes, settingsName); err != nil {
			t.Fatal(err)
		}
		if err := saveSettings(dir, changes); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Load("", nil, flags)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*Config{c, again} {
		got := map[string]string{}
		for _, s := range c.Settings() {
			got[s.Key] = s.Value
		}
		for key, want := range map[string]string{
			"cameras.cam.captions": "off", "captions.load": "50", "cameras.cam.languages": "zh-TW, ko",
			"cameras.cam.phrases": `a: "b", #c, 날씨, on`, "cameras.cam.rate": "30",
		} {
			if got[key] != want {
				t.Errorf("%s is %q, want %q", key, got[key], want)
			}
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, ".settings-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// What a variable or flag says cannot be changed, and a bad value changes nothing.
func TestSettingsRefused(t *testing.T) {
	dir := t.TempDir()
	c, err := Load("", []string{"HINDSIGHT_CAMERAS_CAM_CAPTIONS=on"}, []Flag{{"data", dir}, {"captions.load", "idle"}})
	if err != nil {
		t.Fatal(err)
	}
	var fixed *FixedError
	for key, want := range map[string]string{
		"cameras.cam.captions": "is given by HINDSIGHT_CAMERAS_CAM_CAPTIONS,",
		"captions.load":        "is given by a flag",
	} {
		if _, err := c.with(map[string]string{key: "off"}, "s"); !errors.As(err, &fixed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", key, err, want)
		}
	}
	if _, err := c.with(map[string]string{"cameras.cam.channel": "middle"}, "s"); err == nil || errors.As(err, &fixed) {
		t.Errorf("bad value: error %v", err)
	}
	if c.Cameras[0].Captions.Channel != "auto" || c.sources["cameras.cam.channel"] != "" {
		t.Error("a refused change has changed the configuration")
	}
	if err := os.WriteFile(filepath.Join(dir, settingsName), []byte("a: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := saveSettings(dir, map[string]string{"captions.load": "any"}); err == nil || !strings.Contains(err.Error(), "not valid YAML") {
		t.Errorf("broken settings.yml: error %v", err)
	}
}
