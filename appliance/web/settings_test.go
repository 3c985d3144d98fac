package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

// settingsOf remembers what it was asked to change.
type settingsOf struct {
	list []SettingInfo
	got  map[string]string
	err  error
}

func (s *settingsOf) AllSettings() []SettingInfo { return s.list }
func (s *settingsOf) ChangeSettings(changes map[string]string) error {
	s.got = changes
	return s.err
}

func TestSettings(t *testing.T) {
	x := &settingsOf{list: []SettingInfo{{Key: "cameras.cam.rate", Camera: "cam", Value: "30", Choices: []string{}}}}
	s := newDeck(t).serve(func(o *Options) { o.Settings = x })
	var out SettingList
	if ask(t, s, "/api/v1/settings", &out); !reflect.DeepEqual(out.Settings, x.list) {
		t.Errorf("%+v", out)
	}
	for body, want := range map[string]map[string]string{
		`{"cameras.cam.rate": "15", "captions.load": 50}`: {"cameras.cam.rate": "15", "captions.load": "50"},
		`{"cameras.cam.languages": ["zh-TW", "ko"]}`:      {"cameras.cam.languages": "zh-TW, ko"},
		`{"cameras.cam.phrases": []}`:                     {"cameras.cam.phrases": ""},
		`{"cameras.cam.video": "rtsp://h/x?a=1&b=2"}`:     {"cameras.cam.video": "rtsp://h/x?a=1&b=2"},
	} {
		if code := send(t, s, http.MethodPatch, "/api/v1/settings", body, &out); code != 200 || !reflect.DeepEqual(x.got, want) {
			t.Errorf("%s: %d, %v", body, code, x.got)
		}
	}
	for _, c := range []struct {
		body string
		err  error
		code int
	}{
		{`{}`, nil, 400},
		{`[]`, nil, 400},
		{`{"a": null}`, nil, 400},
		{`{"a": {"b": 1}}`, nil, 400},
		{`{"a": true}`, nil, 400},
		{`{"a": "two\nlines"}`, nil, 400},
		{`{"a": ["x,y"]}`, nil, 400},
		{`{"a": "x"}`, &Invalid{errors.New("no")}, 400},
		{`{"a": "x"}`, &Fixed{errors.New("a flag")}, 409},
		{`{"a": "x"}`, errors.New("disk"), 500},
	} {
		x.err = c.err
		var e struct{ Error string }
		if code := send(t, s, http.MethodPatch, "/api/v1/settings", c.body, &e); code != c.code || e.Error == "" {
			t.Errorf("%s: %d %q, want %d", c.body, code, e.Error, c.code)
		}
	}
	refused(t, newDeck(t).serve(nil), "/api/v1/settings", 409)
}

func TestDevices(t *testing.T) {
	s := newDeck(t).serve(func(o *Options) {
		o.Devices = func(context.Context) ([]Device, error) {
			return []Device{{Kind: "video", Address: "/dev/video0", Modes: []DeviceMode{}}}, errors.New("no sound server")
		}
	})
	var out DeviceList
	if ask(t, s, "/api/v1/devices", &out); len(out.Devices) != 1 || out.Devices[0].Address != "/dev/video0" || out.Problem != "no sound server" {
		t.Errorf("%+v", out)
	}
}

func TestLevelIsSent(t *testing.T) {
	d := newDeck(t)
	levels := make(chan Level, 2)
	levels <- Level{-12.5, -30}
	s := d.serve(func(o *Options) {
		o.Level = func(camera string) (Level, bool) {
			select {
			case l := <-levels:
				return l, camera == "cam"
			default:
				return Level{}, false
			}
		}
	})
	h := httptest.NewServer(s.Handler())
	defer h.Close()
	res, err := http.Get(h.URL + "/api/v1/level?camera=cam")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	const want = "data: {\"peak_db\":-12.5,\"rms_db\":-30}\n\ndata: null\n\n"
	b := make([]byte, len(want))
	if _, err := io.ReadFull(res.Body, b); err != nil || string(b) != want || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("%v: %q", err, b)
	}
	s.close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Errorf("it does not end with the server: %v", err)
	}
	refused(t, s, "/api/v1/level?camera=other", 404)
}

// modelsOf takes an archive.
type modelsOf struct {
	Models
	got            []byte
	name, language string
}

func (m *modelsOf) Add(r io.Reader, name, language string) (j ModelJob, err error) {
	m.name, m.language = name, language
	m.got, err = io.ReadAll(r)
	return ModelJob{ID: "1", State: "running"}, err
}

func TestModelIsSent(t *testing.T) {
	x := &modelsOf{}
	s := newDeck(t).serve(func(o *Options) { o.Models = x })
	archive := strings.Repeat("PK archive", 100_000) // longer than a JSON body may be
	do := func(kind, site string) int {
		r := httptest.NewRequest(http.MethodPut, "/api/v1/models?name=n&language=ko", strings.NewReader(archive))
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Sec-Fetch-Site", site)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return w.Code
	}
	if code := do("application/zip", "same-origin"); code != 202 || string(x.got) != archive || x.name != "n" || x.language != "ko" {
		t.Errorf("%d, %d bytes, %s %s", code, len(x.got), x.name, x.language)
	}
	if code := do("text/plain", "same-origin"); code != 415 {
		t.Errorf("a text: %d", code)
	}
	if code := do("application/zip", "cross-site"); code != 403 {
		t.Errorf("another site: %d", code)
	}
}
