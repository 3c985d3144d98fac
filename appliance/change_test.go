package appliance

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hindsight/appliance/capture"
	"hindsight/appliance/timeline"
	"hindsight/appliance/web"
	"hindsight/media"
)

// A setting that is changed while the recorder runs is in force at once, kept,
// and the camera that it is of begins anew with a gap that says why.
func TestSettingChangedWhileRecording(t *testing.T) {
	dir := t.TempDir()
	hw := &fakeHardware{cameras: []capture.Device{aCamera}}
	hw.run = func(name string) func(context.Context, capture.Sink) error {
		return coded(map[bool]int{true: 2, false: 20}[name == "camera "+aCamera.Address], nil)
	}
	step := 0
	var holes []timeline.Hole
	record(t, dir, hw, 0, func(a *Appliance) bool {
		switch step {
		case 0:
			if !received(2)(a) {
				return false
			}
			if err := a.ChangeSettings(map[string]string{"cameras.cam.video": "rtsp://me:secret@h/x", "cameras.cam.rate": "15", "store.min_free_percent": "5"}); err != nil {
				t.Error(err)
			}
			step++
		case 1:
			if !received(15)(a) {
				return false
			}
			holes = a.all()[0].tl.Map().Holes
			got := map[string]web.SettingInfo{}
			for _, s := range a.AllSettings() {
				got[s.Key] = s
			}
			if s := got["cameras.cam.video"]; s.Value == "rtsp://me:secret@h/x" || !strings.HasPrefix(s.Value, "rtsp://") || s.Camera != "cam" || !s.Editable || s.Restart {
				t.Errorf("video: %+v", s)
			}
			if s := got["cameras.cam.rate"]; s.Value != "15" || s.Default != "30" || s.Kind != "number" || filepath.Base(s.Source) != settingsName {
				t.Errorf("rate: %+v", s)
			}
			if s := got["cameras.cam.transport"]; s.Kind != "choice" || !slices.Equal(s.Choices, []string{"tcp", "udp"}) {
				t.Errorf("transport: %+v", s)
			}
			if s := got["cameras.cam.audio"]; s.Editable || !strings.Contains(s.Why, "flag") {
				t.Errorf("audio: %+v", s)
			}
			if s := got["store.segment"]; !s.Restart || s.Kind != "duration" {
				t.Errorf("segment: %+v", s)
			}
			if a.config.Load().MinFreePercent != 5 || a.find("cam").config().Rate != 15 {
				t.Error("what was changed is not in force")
			}
			// The value as it was told, without the password, is no change.
			if err := a.ChangeSettings(map[string]string{"cameras.cam.video": got["cameras.cam.video"].Value}); err != nil {
				t.Error(err)
			}
			if v := a.find("cam").config().Video; v != "rtsp://me:secret@h/x" {
				t.Errorf("video is %s", v)
			}
			step++
		}
		return step == 2
	}, Flag{"audio", "none"}, Flag{"captions.load", "idle"})
	if got := hw.names(); got != "camera /dev/video2, camera rtsp://me:secret@h/x" {
		t.Errorf("opened %s", got)
	}
	if !slices.ContainsFunc(holes, func(h timeline.Hole) bool {
		return h.Reason == media.Paused && strings.Contains(h.Detail, "settings") && h.Until.Run != 0
	}) {
		t.Errorf("no gap tells of the change: %+v", holes)
	}
	again, err := Load("", nil, []Flag{{"data", dir}})
	if err != nil || again.Cameras[0].Video != "rtsp://me:secret@h/x" || again.Cameras[0].Rate != 15 || again.MinFreePercent != 5 {
		t.Errorf("the next start: %v, %+v", err, again)
	}
}

// All or nothing: a bad value among good ones changes none.
func TestSettingChangesRefused(t *testing.T) {
	dir := t.TempDir()
	hw := &fakeHardware{run: untilEnd}
	record(t, dir, hw, 0, func(a *Appliance) bool {
		before := a.AllSettings()
		for name, c := range map[string]struct {
			changes map[string]string
			fixed   bool
			says    string
		}{
			"flag":       {map[string]string{"cameras.cam.rate": "10", "cameras.cam.audio": "demo"}, true, "a flag of the command line"},
			"data":       {map[string]string{"data": "/elsewhere"}, true, "--data"},
			"bad value":  {map[string]string{"cameras.cam.rate": "10", "cameras.cam.size": "big"}, false, "1280x720"},
			"unknown":    {map[string]string{"cameras.cam.colour": "red"}, false, "unknown key"},
			"new camera": {map[string]string{"cameras.other.rate": "10"}, false, "hindsight.yml"},
			"nothing":    {map[string]string{"cameras.cam.video": "none"}, false, "nothing to record"},
		} {
			err := a.ChangeSettings(c.changes)
			var fixed *web.Fixed
			var invalid *web.Invalid
			if errors.As(err, &fixed) != c.fixed || errors.As(err, &invalid) == c.fixed || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s (%v): %v", name, slices.Sorted(maps.Keys(c.changes)), err)
			}
		}
		if after := a.AllSettings(); !slices.EqualFunc(before, after, func(x, y web.SettingInfo) bool { return x.Value == y.Value && x.Source == y.Source }) {
			t.Error("a refused change has changed something")
		}
		if _, err := os.Stat(filepath.Join(dir, settingsName)); err == nil {
			t.Error("a refused change was kept")
		}
		return true
	}, Flag{"audio", "none"})
}
