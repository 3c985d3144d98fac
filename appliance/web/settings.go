package web

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Settings is the configuration; the appliance has it. Errors are one sentence for a person.
type Settings interface {
	// AllSettings lists every key, those of the whole first, then camera by camera.
	AllSettings() []SettingInfo
	// ChangeSettings gives keys other values, all or none: kept, and in force at once unless
	// the key says restart. A *Fixed error says who has the say, an *Invalid one what is wrong.
	ChangeSettings(changes map[string]string) error
}

// SettingInfo is a configured value and how it may be changed.
type SettingInfo struct {
	Key      string   `json:"key"`     // as in hindsight.yml, with dots
	Camera   string   `json:"camera"`  // whose it is; empty: of all
	Value    string   `json:"value"`   // without credentials
	Default  string   `json:"default"` //
	Source   string   `json:"source"`  // default, flag, a variable's name, or a file with or without the line
	Kind     string   `json:"kind"`    // text, number, bytes, duration, choice, size or list
	Choices  []string `json:"choices"` // of kind choice
	Editable bool     `json:"editable"`
	Why      string   `json:"why"`     // why it is not editable; else empty
	Restart  bool     `json:"restart"` // a change takes effect when the program is started again
}

// SettingList is what /api/v1/settings answers.
type SettingList struct {
	Settings []SettingInfo `json:"settings"`
}

func (s *Server) settings() (Settings, error) {
	if s.o.Settings == nil {
		return nil, readOnly()
	}
	return s.o.Settings, nil
}

func (s *Server) getSettings(w http.ResponseWriter, _ *http.Request) error {
	x, err := s.settings()
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, SettingList{x.AllSettings()})
}

func (s *Server) patchSettings(w http.ResponseWriter, r *http.Request) error {
	x, err := s.settings()
	if err != nil {
		return err
	}
	var in map[string]json.RawMessage
	if err := body(w, r, &in); err != nil {
		return err
	}
	if len(in) == 0 {
		return badRequest("nothing is to be changed; name what is, as in {\"cameras.cam.rate\": \"15\"}")
	}
	changes := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(in)) {
		if changes[key], err = settingText(in[key]); err != nil {
			return badRequest("%.80s: %v", key, err)
		}
	}
	if err := x.ChangeSettings(changes); err != nil {
		return asked409(err)
	}
	return reply(w, http.StatusOK, SettingList{x.AllSettings()})
}

// settingText is a value as hindsight.yml would have it: a text, a number, or a list of texts.
func settingText(raw json.RawMessage) (string, error) {
	var text string
	if string(raw) == "null" { // it would pass for an empty text
		return "", fmt.Errorf("want a text, a number or a list of texts")
	}
	if json.Unmarshal(raw, &text) == nil {
		if strings.ContainsAny(text, "\r\n\x00") {
			return "", fmt.Errorf("a value is one line")
		}
		return text, nil
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil {
		return number.String(), nil
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil && list != nil {
		for _, x := range list {
			if strings.ContainsAny(x, ",\r\n\x00") {
				return "", fmt.Errorf("%.80q: no comma and no line end is taken inside of an entry", x)
			}
		}
		return strings.Join(list, ", "), nil
	}
	return "", fmt.Errorf("want a text, a number or a list of texts")
}

// Device is a camera or a microphone.
type Device struct {
	Kind    string       `json:"kind"`    // video or audio
	Name    string       `json:"name"`    // what a person calls it
	Address string       `json:"address"` // what the setting video or audio takes
	Stable  string       `json:"stable"`  // likewise, and the same after a restart; may be empty
	Driver  string       `json:"driver"`
	Default bool         `json:"default"` // what auto takes
	Problem string       `json:"problem"` // why it cannot be used now; empty: it can
	Modes   []DeviceMode `json:"modes"`
}

// DeviceMode is one way in which a device can deliver.
type DeviceMode struct {
	Format   string    `json:"format"`   // H264, MJPG, YUYV; S16
	Width    int       `json:"width"`    // pixels; 0: sound
	Height   int       `json:"height"`   // pixels; 0: sound
	Rates    []float64 `json:"rates"`    // frames, or samples, a second
	Channels int       `json:"channels"` // of sound; 0: a picture
}

// DeviceList is what /api/v1/devices answers.
type DeviceList struct {
	Devices []Device `json:"devices"`
	Problem string   `json:"problem"` // why there may be more; empty: these are all
}

// Devices lists what is connected; what there is comes with the error, too.
type Devices func(ctx context.Context) ([]Device, error)

func (s *Server) getDevices(w http.ResponseWriter, r *http.Request) error {
	if s.o.Devices == nil {
		return readOnly()
	}
	leave, err := await(r.Context(), w, s.looks, s.queue, "looks for devices")
	if err != nil {
		return err
	}
	defer leave()
	list, err := s.o.Devices(r.Context())
	out := DeviceList{Devices: notNil(list)}
	if err != nil {
		out.Problem = err.Error()
	}
	return reply(w, http.StatusOK, out)
}
