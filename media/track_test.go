package media

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCheckCamera(t *testing.T) {
	for name, ok := range map[string]bool{
		"cam": true, "c": true, "front-door-2": true, "a" + strings.Repeat("b", 31): true, "call2": true, "at-home": true,
		"": false, "a" + strings.Repeat("b", 32): false, "Cam": false, "2cam": false, "-cam": false, "front door": false,
		"front_door": false, "cam/": false, "..": false, "cam\n": false, "kamera1ü": false,
		"timeline": false, "at": false, "api": false, "call": false, "models": false,
	} {
		if err := CheckCamera(name); (err == nil) != ok {
			t.Errorf("%q: %v, want accepted %v", name, err, ok)
		} else if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: the error is not one line", name)
		}
	}
}

func TestSame(t *testing.T) {
	h264 := Track{ID: 1, Kind: Video, Codec: H264, ClockRate: 90000, Width: 640, Height: 360, Config: []byte{1}}
	aac := Track{ID: 2, Kind: Audio, Codec: AAC, ClockRate: 44100, Channels: 2, Config: []byte{0x12, 0x10}}
	for _, c := range []struct {
		name string
		t    Track
		edit func(*Track)
		want bool
	}{
		{"another id", h264, func(t *Track) { t.ID = 9 }, true},
		{"another size", h264, func(t *Track) { t.Width, t.Height = 1280, 720 }, true},
		{"other parameter sets", h264, func(t *Track) { t.Config = []byte{2} }, true},
		{"another codec", h264, func(t *Track) { t.Codec = MJPEG }, false},
		{"another clock rate", aac, func(t *Track) { t.ClockRate = 48000 }, false},
		{"another channel count", aac, func(t *Track) { t.Channels = 1 }, false},
		{"another role", aac, func(t *Track) { t.Role = Far }, false},
		{"another kind", aac, func(t *Track) { t.Kind = Video }, false},
		{"another AAC configuration", aac, func(t *Track) { t.Config = []byte{0x11, 0x90} }, false},
		{"the same", aac, func(*Track) {}, true},
	} {
		o := c.t
		c.edit(&o)
		if c.t.Same(o) != c.want || o.Same(c.t) != c.want {
			t.Errorf("%s: same %v and %v, want %v", c.name, c.t.Same(o), o.Same(c.t), c.want)
		}
	}
}

func TestNames(t *testing.T) {
	for c, want := range map[Codec]struct {
		name string
		kind Kind
	}{
		H264: {"h264", Video}, MJPEG: {"mjpeg", Video}, Opus: {"opus", Audio}, AAC: {"aac", Audio},
		PCMA: {"pcma", Audio}, PCMU: {"pcmu", Audio}, 0: {"codec-0", 0}, 99: {"codec-99", 0},
	} {
		if c.String() != want.name || c.Kind() != want.kind {
			t.Errorf("codec %d: %s, %v; want %s, %v", uint8(c), c, c.Kind(), want.name, want.kind)
		}
	}
	got, err := json.Marshal(Track{ID: 7, Kind: Audio, Role: Far, Codec: Opus, ClockRate: 48000, Channels: 2})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"id":7,"kind":"audio","role":"far","codec":"opus","clock_rate":48000,"channels":2}`; string(got) != want {
		t.Errorf("JSON %s, want %s", got, want)
	}
	for k, want := range map[Kind]string{Video: "video", Audio: "audio", 0: "kind-0", 9: "kind-9"} {
		if k.String() != want {
			t.Errorf("kind %d: %s, want %s", uint8(k), k, want)
		}
	}
	for r, want := range map[Role]string{Main: "main", Own: "own", Far: "far", 9: "role-9"} {
		if r.String() != want {
			t.Errorf("role %d: %s, want %s", uint8(r), r, want)
		}
	}
}
