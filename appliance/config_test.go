package appliance

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// load runs Load in a directory of its own with the file's text.
func load(t *testing.T, yaml string, env []string, flags ...Flag) (*Config, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hindsight.yml")
	if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(file, env, flags)
	if err != nil {
		err = stripped{strings.ReplaceAll(err.Error(), file, "F")}
	}
	return c, err
}

type stripped struct{ s string }

func (e stripped) Error() string { return e.s }

// The committed file has every key, and its values are the defaults.
func TestCommittedFileIsTheDefaults(t *testing.T) {
	got, err := Load("../hindsight.yml", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range got.Settings() {
		if !strings.HasPrefix(s.Source, "../hindsight.yml:") {
			t.Errorf("key %s is not in hindsight.yml", s.Key)
		}
	}
	want := DefaultConfig()
	if err := want.finish(); err != nil {
		t.Fatal(err)
	}
	got.sources, want.sources = nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("hindsight.yml gives %+v, the defaults are %+v", got, want)
	}
}

func TestLoadPrecedence(t *testing.T) {
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, "settings.yml"), []byte("cameras:\n  cam:\n    rate: 20\n    size: 640x480\n    video_bitrate: 700000\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := load(t, "data: "+data+"\nhttp:\n  address: :1\nrtsp: {address: ':2'}\ncameras:\n  cam:\n    rate: 10\n    audio: none\n",
		[]string{"HINDSIGHT_SIZE=320x240", "HINDSIGHT_HTTP_ADDRESS=:3", "HINDSIGHT_CAMERAS_FRONT_DOOR_VIDEO=demo", "OTHER=1"},
		Flag{"http.address", ":4"})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range c.Settings() {
		src := s.Source
		if i := strings.LastIndex(src, "/"); i >= 0 {
			src = src[i+1:]
		}
		got[s.Key] = s.Value + " " + src
	}
	for key, want := range map[string]string{
		"http.address":                 ":4 flag",
		"rtsp.address":                 ":2 hindsight.yml:4",
		"cameras.cam.rate":             "20 settings.yml:3",
		"cameras.cam.size":             "320x240 HINDSIGHT_SIZE",
		"cameras.cam.video_bitrate":    "700000 settings.yml:5",
		"cameras.cam.audio":            "none hindsight.yml:8",
		"cameras.cam.video":            "auto default",
		"cameras.front-door.video":     "demo HINDSIGHT_CAMERAS_FRONT_DOOR_VIDEO",
		"cameras.front-door.transport": "tcp default",
	} {
		if got[key] != want {
			t.Errorf("%s is %q, want %q", key, got[key], want)
		}
	}
}

// loadErrors are what is refused, and how.
var loadErrors = []struct{ name, yaml, env, key, value, want string }{
	{name: "unknown key", yaml: "data: x\nstor: 1\n", want: `F:2: unknown key "stor"`},
	{name: "unknown nested", yaml: "rtsp:\n  adress: :1\n", want: `F:2: unknown key "rtsp.adress"`},
	{name: "unknown camera key", yaml: "cameras:\n  a:\n    fps: 3\n", want: `F:3: unknown key "cameras.a.fps"; a camera has video, audio`},
	{name: "bad camera name", yaml: "cameras:\n  Front:\n    rate: 3\n", want: `F:2: camera name "Front"`},
	{name: "reserved name", yaml: "cameras:\n  api:\n    rate: 3\n", want: `F:2: camera name "api" is a word that addresses use`},
	{name: "bad number", yaml: "cameras:\n  cam:\n    rate: fast\n", want: `F:3: cameras.cam.rate: "fast": want a whole number from 1 to 120`},
	{name: "out of range", yaml: "cameras:\n  cam:\n    rate: 0\n", want: `F:3: cameras.cam.rate: "0"`},
	{name: "bad size", yaml: "cameras: {cam: {size: 641x480}}\n", want: `F:1: cameras.cam.size: "641x480": want WIDTHxHEIGHT`},
	{name: "list", yaml: "cameras:\n  - cam\n", want: "F:2: want KEY: VALUE"},
	{name: "not yaml", yaml: "a: [1\n", want: "F:1: not valid YAML: "},
	{name: "twice", yaml: "data: a\ndata: b\n", want: "F:2: not valid YAML: "},
	{name: "tab", yaml: "rtsp:\n\taddress: x\n", want: "F:2: not valid YAML: "},
	{name: "scalar", yaml: "hello\n", want: "F:1: want KEY: VALUE"},
	{name: "anchor", yaml: "cameras:\n  a: &x\n    rate: 5\n", want: "F:2: anchor is not taken here; write the value out"},
	{name: "alias", yaml: "log:\n  level: *x\n", want: "F:2: alias is not taken here"},
	{name: "tag", yaml: "log:\n  level: !!str warn\n", want: "F:2: tag is not taken here"},
	{name: "no such port", yaml: "cameras: {cam: {video: 'rtsp://me:secret@host:99999/x'}}\n", want: `F:1: cameras.cam.video: "rtsp://host:99999/x": want`},
	{name: "bad address", yaml: "http:\n  address: 8080\n", want: `F:2: http.address: "8080": want HOST:PORT`},
	{name: "bad span", yaml: "store:\n  segment: 10\n", want: `F:2: store.segment: "10": want a time from 10s to 1h0m0s`},
	{name: "bad bytes", yaml: "store:\n  min_free: 2GB\n", want: `F:2: store.min_free: "2GB": want a size`},
	{name: "nothing to record", yaml: "cameras: {a: {video: none, audio: none}}\n", want: "camera a: video and audio are both none"},
	{name: "bad variable", env: "HINDSIGHT_RATE=x", want: `variable HINDSIGHT_RATE: cameras.cam.rate: "x"`},
	{name: "unknown variable", env: "HINDSIGHT_SPEED=1", want: "variable HINDSIGHT_SPEED: no key of that name"},
	{name: "bad flag", key: "rtsp.address", value: "x", want: `--rtsp-address: rtsp.address: "x": want HOST:PORT`},
	{name: "flag for which camera", yaml: "cameras: {a: {rate: 1}, b: {rate: 2}}\n", key: "rate", value: "3", want: "--rate: several cameras are configured"},
	{name: "no value", yaml: "rtsp:\ncameras:\n  cam:\n    rate:\n", want: `F:4: cameras.cam.rate: "": want a whole number`},
	{name: "unknown key without a value", yaml: "speed:\n", want: `F:1: unknown key "speed"`},
	{name: "unknown camera key without a value", yaml: "cameras:\n  cam:\n    vidoe:\n", want: `F:3: unknown key "cameras.cam.vidoe"`},
	{name: "secret with a slash", yaml: "cameras:\n  cam:\n    video: rtsp://me:1/secret@host/x\n", want: `F:3: cameras.cam.video: "rtsp://…": an @ behind the host: write %2F for / in a password`},
	{name: "secret kept", yaml: "cameras:\n  cam:\n    video: http://me:secret@host/x\n", want: `F:3: cameras.cam.video: "http://host/…": want auto`},
}

func TestLoadErrors(t *testing.T) {
	for _, c := range loadErrors {
		t.Run(c.name, func(t *testing.T) {
			var env []string
			if c.env != "" {
				env = []string{c.env}
			}
			var flags []Flag
			if c.key != "" {
				flags = []Flag{{c.key, c.value}}
			}
			_, err := load(t, c.yaml, env, flags...)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %v, want it to begin with %q", err, c.want)
			}
			if err != nil && (strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "secret")) {
				t.Errorf("error %q: want one line without secrets", err)
			}
		})
	}
}

// The same configuration in the ways in which YAML lets it be written.
func TestLoadSpellings(t *testing.T) {
	for name, yaml := range map[string]string{
		"plain":        "log:\n  level: warn\n",
		"flow":         "{log: {level: warn}}\n",
		"quoted":       "\"log\":\n  'level': \"warn\"\n",
		"CR LF":        "log:\r\n  level: warn\r\n",
		"byte order":   "\ufefflog:\n  level: warn\n",
		"literal":      "log:\n  level: |\n    warn\n",
		"no newline":   "log:\n  level: warn",
		"commented":    "# x\nlog: # y\n  level: warn # z\nhttp:\n  # address: :1\ncameras:\n",
		"two in a row": "---\nlog:\n  level: warn\n---\nhttp:\n",
	} {
		if c, err := load(t, yaml, nil); err != nil || c.LogLevel != "warn" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoadMissingFile(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "no.yml"), nil, nil); err == nil {
		t.Error("a named file that is missing is no error")
	}
	t.Chdir(t.TempDir())
	if _, err := Load("", nil, nil); err != nil {
		t.Errorf("no file named and none there: %v", err)
	}
}

func TestSettingsRedacted(t *testing.T) {
	c, err := load(t, "cameras: {cam: {video: 'rtsp://me:p@ss/w0rd@10.0.0.9/live'}}\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range c.Settings() {
		if s.Key == "cameras.cam.video" && s.Value != "rtsp://10.0.0.9/live" {
			t.Errorf("video is shown as %q", s.Value)
		}
	}
}

func TestBytes(t *testing.T) {
	for s, n := range map[string]int64{"0": 0, "17": 17, "4KiB": 4096, "2GiB": 2 << 30, "64 MiB": 64 << 20} {
		if got, err := parseBytes(s); err != nil || got != n {
			t.Errorf("parseBytes(%q) = %d, %v, want %d", s, got, err, n)
		}
	}
	for _, s := range []string{"", "GiB", "-1GiB", "1.5GiB", "99999999999TiB"} {
		if n, err := parseBytes(s); err == nil {
			t.Errorf("parseBytes(%q) = %d, want an error", s, n)
		}
	}
	for n, s := range map[int64]string{0: "0", 1: "1", 1024: "1KiB", 1536: "1536", 3 << 30: "3GiB"} {
		if got := formatBytes(n); got != s {
			t.Errorf("formatBytes(%d) = %q, want %q", n, got, s)
		}
	}
}

func FuzzConfig(f *testing.F) {
	for _, s := range []string{"", "data: x", "cameras:\n  cam:\n    size: 2x2\n", "a: [", "cameras: {a: {video: none}}", "? x\n: y", "&a [*a]", "data: !!binary x", "---\n...\n---\ndata: y"} {
		f.Add(s)
	}
	for _, c := range loadErrors {
		f.Add(c.yaml)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := DefaultConfig()
		if err := c.parse("F", []byte(s)); err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
			return
		}
		again := DefaultConfig() // what was taken is taken once more, value by value
		for key, where := range c.sources {
			if !strings.HasPrefix(where, "F:") {
				t.Errorf("%s was set by %q", key, where)
			}
			if err := again.set(key, valueOf(c, key), where); err != nil {
				t.Errorf("%s has a value that it does not take: %v", key, err)
			}
		}
		for key := range c.sources {
			if got, want := valueOf(again, key), valueOf(c, key); got != want {
				t.Errorf("%s is %q, and again %q", key, want, got)
			}
		}
	})
}

// valueOf is the value of a key, credentials and all.
func valueOf(c *Config, key string) string {
	for _, f := range fields {
		if f.key == key {
			return f.get(c)
		}
	}
	name, key, _ := cameraKey(key)
	for i := range c.Cameras {
		for _, f := range cameraFields {
			if c.Cameras[i].Name == name && f.key == key {
				return f.get(&c.Cameras[i])
			}
		}
	}
	return "no such key"
}

// What is taken for recognition, and how it is shown.
func TestCaptionKeys(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"captions.keep", "media", "media"},
		{"captions.keep", "forever", "forever"},
		{"captions.keep", "30d", "720h0m0s"},
		{"captions.keep", "1h", "1h0m0s"},
		{"captions.load", "any", "any"},
		{"captions.load", "idle", "idle"},
		{"captions.load", "50", "50"},
		{"captions.load", "50%", "50"},
		{"captions.max_celsius", "0", "0"},
		{"captions.memory", "900MiB", "900MiB"},
		{"cameras.cam.captions", "off", "off"},
		{"cameras.cam.captions", "true", "on"},
		{"cameras.cam.languages", "auto", "auto"},
		{"cameras.cam.languages", " Korean,zh-hant , KO", "ko, zh-TW"},
		{"cameras.cam.languages", "Chinese (Traditional, Taiwan)", "zh-TW"},
		{"cameras.cam.channel", "right", "right"},
		{"cameras.cam.phrases", "날씨,  음악 ,", "날씨, 음악"},
	} {
		conf := DefaultConfig()
		if err := conf.set(c.key, c.value, "test"); err != nil {
			t.Errorf("%s: %q: %v", c.key, c.value, err)
			continue
		}
		for _, s := range conf.Settings() {
			if s.Key == c.key && s.Value != c.want {
				t.Errorf("%s: %q is shown as %q, want %q", c.key, c.value, s.Value, c.want)
			}
		}
	}
	for key, values := range map[string][]string{
		"captions.keep":         {"", "10m", "-5h", "1000000d", "month", "99999999999999d"},
		"captions.load":         {"", "0", "4", "-1", "much", "1e3", "6401"},
		"captions.max_celsius":  {"-1", "hot"},
		"captions.order":        {"", "random"},
		"cameras.cam.captions":  {"", "maybe"},
		"cameras.cam.languages": {"", "klingon", "ko, xx-YY", ","},
		"cameras.cam.channel":   {"", "middle"},
		"cameras.cam.phrases":   {strings.Repeat("a", 201), strings.Repeat("a,", 1001)},
	} {
		for _, v := range values {
			err := DefaultConfig().set(key, v, "test")
			if err == nil || !strings.HasPrefix(err.Error(), key+": ") {
				t.Errorf("%s: %.20q: error %v, want one that begins with the key", key, v, err)
			}
		}
	}
}

// Languages and phrases may be written as lists.
func TestLists(t *testing.T) {
	c, err := load(t, "cameras:\n  cam:\n    languages: [zh-TW, en]\n    phrases:\n      - turn on\n      - 'turn off'\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := CameraCaptions{On: true, Languages: []string{"zh-TW", "en"}, Channel: "auto", Phrases: []string{"turn on", "turn off"}}
	if got := c.Cameras[0].Captions; !reflect.DeepEqual(got, want) {
		t.Errorf("captions %+v, want %+v", got, want)
	}
	for yaml, want := range map[string]string{
		"cameras: {cam: {rate: [1, 2]}}\n":             "F:1: want KEY: VALUE",
		"cameras:\n  cam:\n    phrases:\n    - [a]\n":  "F:4: want a list of words",
		"cameras: {cam: {phrases: ['a, b']}}\n":        `F:1: "a, b": no comma is taken`,
		"cameras: {cam: {languages: [ko, klingon]}}\n": `F:1: cameras.cam.languages: language "klingon" is not known`,
	} {
		if _, err := load(t, yaml, nil); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", yaml, err, want)
		}
	}
}
