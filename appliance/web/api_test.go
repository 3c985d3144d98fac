package web

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"hindsight/media"
)

func TestStatus(t *testing.T) {
	d := newDeck(t)
	offset := 12.5
	s := d.serve(func(o *Options) {
		o.Status = func() Status {
			return Status{Version: "1.2.3", UptimeSeconds: 60, Disk: Disk{FreeBytes: 5, TotalBytes: 9}, Cameras: []CameraStatus{
				{Name: "cam", State: Waiting, Problem: "the camera is not plugged in", SoundOffsetMS: &offset,
					Sources: []Source{{Kinds: []media.Kind{media.Video}, Name: "/dev/video0", Starts: 3}},
					Drops:   []Drop{{media.Video, "broken JPEG", 7}}},
				{Name: "other", State: Stopped},
			}}
		}
	})
	d.record(5 * time.Second)
	var first, st any
	ask(t, s, "/api/v1/status", &first)
	fields(t, first, map[string]any{"cameras.0.tracks.0.units_per_sec": 0., "cameras.0.tracks.0.bits_per_second": 0.}) // not made up
	d.record(5 * time.Second)
	ask(t, s, "/api/v1/status", &st)
	fields(t, st, map[string]any{
		"version": "1.2.3", "now": "2026-11-24T10:00:10Z", "disk.free_bytes": 5.,
		"cameras.0.state": "waiting", "cameras.0.sound_offset_ms": 12.5, "cameras.0.drops.0.count": 7., "cameras.0.drops.0.kind": "video",
		"cameras.0.sources.0.starts": 3., "cameras.0.sources.0.kinds.0": "video",
		"cameras.0.run": 1., "cameras.0.oldest.time": "2026-11-24T10:00:00Z", "cameras.0.newest.run": 1., "cameras.0.media_bytes": 180_000.,
		"cameras.0.tracks.0.kind": "video", "cameras.0.tracks.0.codec": "mjpeg", "cameras.0.tracks.0.role": "main", "cameras.0.tracks.0.width": 1280.,
		"cameras.0.tracks.0.units_received": 100., "cameras.0.tracks.0.units_kept": 100., "cameras.0.tracks.0.bytes_kept": 100_000.,
		"cameras.0.tracks.0.units_per_sec": 10., "cameras.0.tracks.0.bits_per_second": 80_000.,
		"cameras.1.oldest": nil, "cameras.1.state": "stopped", // a camera without a timeline
	})
	if field(t, st, "cameras", 1, "tracks") == nil || field(t, st, "settings") == nil {
		t.Error("an empty list is null")
	}
}

func TestTimeline(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	d.lose(6*time.Second, media.CameraLost, "unplugged")
	d.record(2 * time.Second)
	d.next(media.Off, 47*time.Second)
	d.record(3 * time.Second) // 10:01:00 to 10:01:03
	s := d.serve(nil)

	var sh any
	ask(t, s, "/api/v1/timeline", &sh)
	fields(t, sh, map[string]any{
		"camera": "cam", "recorded_ms": 9000.,
		"spans.2.from.run": 2., "spans.2.from.position": "2.1000", "spans.2.from.time": "2026-11-24T10:01:00Z", "spans.2.from.trusted": true,
		"spans.2.recorded_ms": 6000., "spans.2.length_ms": 3000.,
		"gaps.0.kind": "all", "gaps.0.reason": "camera lost", "gaps.0.detail": "unplugged", "gaps.0.length_ms": 6000., "gaps.0.from.media_ms": 5000.,
		"gaps.1.reason": "off", "gaps.1.length_ms": 48_000., "gaps.1.until.run": 2.,
		"tracks.0.units": 90., "tracks.0.keys": 90., "tracks.0.bytes": 90_000., "tracks.1.units": 450., "tracks.1.kind": "audio",
		"runs.0.end": "off", "runs.1.end": "",
	})
	for _, c := range []struct {
		query string
		spans int
		ms    float64
		gaps  int
	}{
		{"?camera=cam&from=1.2000&to=1.4000", 1, 2000, 0},
		{"?from=2026-11-24T10:00:03Z&to=2026-11-24T10:00:11Z", 2, 2000, 1},
		{"?from=2026-11-24T10:00:20Z&to=2026-11-24T10:00:30Z", 0, 0, 1}, // within the second gap
		{"?from=10:00&to=10:01", 2, 6000, 2},
		{"?from=-2s", 1, 2000, 0},
		{"?from=2.2500", 1, 1500, 0},
		{"?to=1.1500", 1, 500, 0},
		{"?from=10:02", 0, 0, 0},
	} {
		var sh struct {
			Spans, Gaps []any
			Recorded    float64 `json:"recorded_ms"`
			Tracks      []struct {
				Kind  string
				Units float64
			}
		}
		if r := ask(t, s, "/api/v1/timeline"+c.query, &sh); r.StatusCode != 200 || len(sh.Spans) != c.spans || sh.Recorded != c.ms || len(sh.Gaps) != c.gaps {
			t.Errorf("%s: %s, %d spans, %v ms, %d gaps, want %+v", c.query, r.Status, len(sh.Spans), sh.Recorded, len(sh.Gaps), c)
		}
		for _, k := range sh.Tracks { // 10 pictures and 50 pieces of sound a second
			if want := c.ms / 1000 * map[string]float64{"video": 10, "audio": 50}[k.Kind]; k.Units != want {
				t.Errorf("%s: %v units of %s, want %v", c.query, k.Units, k.Kind, want)
			}
		}
	}
}

func TestBadParametersAreNamed(t *testing.T) {
	d := newDeck(t)
	d.record(4 * time.Second)
	s := d.serve(func(o *Options) {
		o.Export = func(context.Context, string, position, position) (*Movie, error) {
			t.Error("exported")
			return nil, nil
		}
	})
	for _, c := range []struct {
		path, word string
		code       int
	}{
		{"/api/v1/timeline?camera=door", "door", 404},
		{"/api/v1/timeline?from=yesterday", "from", 400},
		{"/api/v1/timeline?to=25:00", "to", 400},
		{"/api/v1/timeline?from=0.5", "from", 400},
		{"/api/v1/timeline?from=99999999999.5", "from", 400},
		{"/api/v1/timeline?from=1.2000&to=1.1000", "to", 400},
		{"/api/v1/timeline?from=10:00:03&to=10:00:01", "to", 400},
		{"/api/v1/export.mp4", "from and to", 400},
		{"/api/v1/export.mp4?from=-1s", "from and to", 400},
		{"/api/v1/export.mp4?from=-2s&to=-1s&part=0", "part", 400},
		{"/api/v1/export.mp4?from=11:00&to=12:00", "the newest is 2026-11-24T10:00:0", 404},
		{"/api/v1/nothing", "/api/v1/nothing", 404},
		{"/api/", "openapi.json", 404},
	} {
		if text := refused(t, s, c.path, c.code); !strings.Contains(text, c.word) {
			t.Errorf("%s: %q does not name %q", c.path, text, c.word)
		}
	}
	two := d.serve(func(o *Options) { o.Cameras = append(o.Cameras, Camera{"door", d.Timeline}) })
	if text := refused(t, two, "/api/v1/timeline", 400); !strings.Contains(text, "cam, door") {
		t.Errorf("without camera: %q", text)
	}
}

func TestHealth(t *testing.T) {
	d := newDeck(t)
	for _, c := range []struct {
		name   string
		camera CameraStatus
		ok     bool
		reason string
	}{
		{"recording", CameraStatus{State: Recording}, true, ""},
		{"not meant to", CameraStatus{State: Stopped}, true, ""},
		{"cannot", CameraStatus{State: Waiting, Problem: "unplugged"}, false, "unplugged"},
		{"cannot, unsaid", CameraStatus{State: Waiting}, false, "it should record and does not"},
		{"cannot write", CameraStatus{State: Recording, Commits: Commits{LastError: "disk full"}}, false, "cannot write: disk full"},
	} {
		c.camera.Name = "x"
		s := d.serve(func(o *Options) { o.Status = func() Status { return Status{Cameras: []CameraStatus{c.camera}} } })
		var h Health
		r := ask(t, s, "/healthz", &h)
		if (r.StatusCode == 200) != c.ok || (r.StatusCode == 503) == c.ok || h.OK != c.ok || h.Cameras[0].Reason != c.reason {
			t.Errorf("%s: %d %+v", c.name, r.StatusCode, h)
		}
	}
}

func TestOnlyGetAndHead(t *testing.T) {
	s := newDeck(t).serve(nil)
	for _, r := range s.table() {
		var e struct{ Error string }
		if res := askBy(t, s, "PURGE", r.path, &e); res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != r.methods() || e.Error == "" {
			t.Errorf("PURGE %s: %s", r.path, res.Status)
		}
		res := askBy(t, s, http.MethodHead, r.path, nil)
		for name := range res.Header {
			if strings.HasPrefix(name, "Access-Control") {
				t.Errorf("%s: other sites' pages may read it: %s", r.path, name)
			}
		}
	}
}

// TestDescription holds openapi.json against the routes and the types.
func TestDescription(t *testing.T) {
	var doc struct {
		Paths      map[string]map[string]any
		Components struct {
			Schemas map[string]struct {
				Required   []string
				Properties map[string]map[string]any
			}
		}
	}
	s := newDeck(t).serve(nil)
	ask(t, s, "/api/v1/openapi.json", &doc)
	for _, r := range s.table() {
		if (doc.Paths[r.path]["get"] != nil) != (r.answer != nil) {
			t.Errorf("GET %s is not described, or not answered", r.path)
		}
		for m := range r.changes {
			if doc.Paths[r.path][strings.ToLower(m)] == nil {
				t.Errorf("%s %s is not described", m, r.path)
			}
		}
	}
	if len(doc.Paths) != len(s.table()) {
		t.Errorf("%d paths are described, there are %d", len(doc.Paths), len(s.table()))
	}
	seen := map[string]bool{}
	var check func(reflect.Type)
	check = func(x reflect.Type) {
		for x.Kind() == reflect.Slice || x.Kind() == reflect.Pointer {
			x = x.Elem()
		}
		if x.Kind() != reflect.Struct || x.PkgPath() != reflect.TypeFor[Status]().PkgPath() || seen[x.Name()] {
			return
		}
		seen[x.Name()] = true
		schema, ok := doc.Components.Schemas[x.Name()]
		if !ok {
			t.Errorf("type %s is not described", x.Name())
			return
		}
		for i := range x.NumField() {
			name := x.Field(i).Tag.Get("json")
			if schema.Properties[name] == nil {
				t.Errorf("%s.%s is not described", x.Name(), name)
			}
			check(x.Field(i).Type)
		}
		if len(schema.Properties) != x.NumField() || len(schema.Required) != x.NumField() {
			t.Errorf("%s has %d fields; %d are described, %d required", x.Name(), x.NumField(), len(schema.Properties), len(schema.Required))
		}
	}
	for _, v := range []any{Status{}, Shape{}, Health{}, Captions{}, HeardSpans{}, CaptionsGone{}, JobList{}, CaptionSettings{}, Frames{}, Days{},
		ExportList{}, SettingList{}, DeviceList{}, Level{}, ModelList{}, ModelJobList{}, PublishedList{}, Bookmarks{}, Pins{}, Sessions{}, StopNow{}, DeletedRange{}, Density{}} {
		check(reflect.TypeOf(v))
	}
	for name := range doc.Components.Schemas {
		if !seen[name] && name != "Error" {
			t.Errorf("%s is described and does not exist", name)
		}
	}
	if !json.Valid(openAPI) {
		t.Error("openapi.json is no JSON")
	}
}
