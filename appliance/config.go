package appliance

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"hindsight/media"
)

// Config is everything that can be configured: an immutable snapshot. Load
// makes one; each package below gets the few options that are its own.
type Config struct {
	Data        string // directory of everything recorded
	RTSPAddress string // HOST:PORT, HOST may be empty; none: no RTSP
	HTTPAddress string // likewise
	Name        string // of the recorder, for people; auto: the machine's
	Zone        string // in which it shows and reads times; auto: the machine's
	Announce    string // name in the local network; auto: Name; none: not announced
	LogLevel    string // debug, info, warn or error
	Clock       string // auto: trust what the kernel says; trusted: an operator vouches for the clock

	MinFreePercent int           // the oldest segments go when less of the disk is free than this
	MinFreeBytes   int64         // or than this, whichever is more
	Segment        time.Duration // span of one segment file
	TailBytes      int64         // most that one camera keeps in memory while the disk refuses

	RTSPMaxConnections int // all clients together

	Captions CaptionConfig

	Cameras []CameraConfig // by name

	sources map[string]string // key → where its value came from
}

// CameraConfig is what one camera records.
type CameraConfig struct {
	Name         string
	Video        string // auto, none, demo, /dev/videoN, a stable name from `hindsight devices`, rpicam, rtsp://…
	Audio        string // auto, none, demo, NAME
	Width        int    // pixels, even
	Height       int    // pixels, even
	Rate         int    // frames a second
	VideoBitrate int    // bit/s, of what is encoded here
	AudioBitrate int    // bit/s, of what is encoded here
	Transport    string // how an rtsp:// address is pulled: tcp or udp
	Captions     CameraCaptions
}

// DefaultConfig is what holds where nobody says otherwise.
func DefaultConfig() *Config {
	c := &Config{sources: map[string]string{}}
	for _, f := range fields {
		if err := f.set(c, f.def); err != nil {
			panic("appliance: default of " + f.key + ": " + err.Error()) // a table test covers every default
		}
	}
	return c
}

// Setting is one configured value and who said so, for the status.
type Setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source"` // default, flag, a variable's name, or FILE:LINE
}

// Settings lists every value in force. Credentials in an address are left out.
func (c *Config) Settings() []Setting {
	var out []Setting
	add := func(key, value string) {
		src := c.sources[key]
		if src == "" {
			src = "default"
		}
		out = append(out, Setting{key, redact(value), src})
	}
	for _, f := range fields {
		add(f.key, f.get(c))
	}
	for i := range c.Cameras {
		for _, f := range cameraFields {
			add("cameras."+c.Cameras[i].Name+"."+f.key, f.get(&c.Cameras[i]))
		}
	}
	return out
}

// camera finds a camera's configuration, and makes it with the defaults when it is new.
func (c *Config) camera(name string) (*CameraConfig, error) {
	for i := range c.Cameras {
		if c.Cameras[i].Name == name {
			return &c.Cameras[i], nil
		}
	}
	if err := media.CheckCamera(name); err != nil {
		return nil, err
	}
	cam := CameraConfig{Name: name}
	for _, f := range cameraFields {
		if err := f.set(&cam, f.def); err != nil {
			panic("appliance: default of cameras." + name + "." + f.key + ": " + err.Error())
		}
	}
	c.Cameras = append(c.Cameras, cam)
	sort.Slice(c.Cameras, func(i, j int) bool { return c.Cameras[i].Name < c.Cameras[j].Name })
	return c.camera(name)
}

// set gives the key at path a value; source is where it stood.
func (c *Config) set(path, value, source string) error {
	if name, key, ok := cameraKey(path); ok {
		for _, f := range cameraFields {
			if f.key == key {
				cam, err := c.camera(name)
				if err != nil {
					return err
				}
				if err := f.set(cam, value); err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
				c.sources[path] = source
				return nil
			}
		}
		return fmt.Errorf("unknown key %q; a camera has %s", path, names(cameraFields))
	}
	for _, f := range fields {
		if f.key == path {
			if err := f.set(c, value); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			c.sources[path] = source
			return nil
		}
	}
	return fmt.Errorf("unknown key %q; there are cameras.NAME.… and %s", path, names(fields))
}

// cameraKey splits cameras.NAME.KEY.
func cameraKey(path string) (name, key string, ok bool) {
	rest, ok := strings.CutPrefix(path, "cameras.")
	if !ok {
		return "", "", false
	}
	name, key, _ = strings.Cut(rest, ".")
	return name, key, true
}

func names[T any](fs []field[T]) string {
	var n []string
	for _, f := range fs {
		n = append(n, f.key)
	}
	return strings.Join(n, ", ")
}

// finish checks what only the whole can tell and adds the one camera that is
// there when none is configured.
func (c *Config) finish() error {
	if len(c.Cameras) == 0 {
		if _, err := c.camera("cam"); err != nil {
			return err
		}
	}
	for _, cam := range c.Cameras {
		if cam.Video == "none" && cam.Audio == "none" {
			return fmt.Errorf("camera %s: video and audio are both none; there is nothing to record", cam.Name)
		}
	}
	return nil
}
