package appliance

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// field is one key of the configuration: its default, how it is read and written.
type field[T any] struct {
	key     string
	def     string
	set     func(*T, string) error
	get     func(*T) string
	kind    string   // of its value, as settings tell it: text, number, bytes, duration, choice, size, list
	choices []string // of kind choice
}

// fields are the keys outside cameras, in the order of hindsight.yml.
var fields = []field[Config]{
	text("data", "data", func(c *Config) *string { return &c.Data }, notEmpty),
	text("name", "auto", func(c *Config) *string { return &c.Name }, checkName),
	text("zone", "auto", func(c *Config) *string { return &c.Zone }, checkZone),
	text("rtsp.address", ":8554", func(c *Config) *string { return &c.RTSPAddress }, listenAddress),
	number("rtsp.max_connections", "2000", func(c *Config) *int { return &c.RTSPMaxConnections }, 1, 100000),
	text("http.address", ":8080", func(c *Config) *string { return &c.HTTPAddress }, listenAddress),
	text("announce", "auto", func(c *Config) *string { return &c.Announce }, notEmpty),
	number("store.min_free_percent", "10", func(c *Config) *int { return &c.MinFreePercent }, 0, 90),
	size("store.min_free", "2GiB", func(c *Config) *int64 { return &c.MinFreeBytes }, 0, 1<<50),
	span("store.segment", "10m", func(c *Config) *time.Duration { return &c.Segment }, 10*time.Second, time.Hour),
	size("store.tail", "64MiB", func(c *Config) *int64 { return &c.TailBytes }, 4<<20, 4<<30),
	choice("clock", "auto", func(c *Config) *string { return &c.Clock }, "auto", "trusted"),
	choice("log.level", "info", func(c *Config) *string { return &c.LogLevel }, "debug", "info", "warn", "error"),
	text("captions.library", "auto", func(c *Config) *string { return &c.Captions.Library }, notEmpty),
	{"captions.keep", "media", setKeep, getKeep, "text", nil},
	{"captions.load", "any", setLoad, getLoad, "text", nil},
	number("captions.max_celsius", "80", func(c *Config) *int { return &c.Captions.MaxCelsius }, 0, 150),
	choice("captions.endpoint", "normal", func(c *Config) *string { return &c.Captions.Endpoint }, "normal", "fast"),
	choice("captions.order", "newest", func(c *Config) *string { return &c.Captions.Order }, "newest", "oldest"),
	size("captions.memory", "0", func(c *Config) *int64 { return &c.Captions.Memory }, 0, 1<<40),
}

// cameraFields are the keys of one camera.
var cameraFields = []field[CameraConfig]{
	text("video", "auto", func(c *CameraConfig) *string { return &c.Video }, videoAddress),
	text("audio", "auto", func(c *CameraConfig) *string { return &c.Audio }, notEmpty),
	{"size", "1280x720", setSize, func(c *CameraConfig) string { return fmt.Sprintf("%dx%d", c.Width, c.Height) }, "size", nil},
	number("rate", "30", func(c *CameraConfig) *int { return &c.Rate }, 1, 120),
	number("video_bitrate", "2500000", func(c *CameraConfig) *int { return &c.VideoBitrate }, 50_000, 50_000_000),
	number("audio_bitrate", "64000", func(c *CameraConfig) *int { return &c.AudioBitrate }, 6_000, 510_000),
	choice("transport", "tcp", func(c *CameraConfig) *string { return &c.Transport }, "tcp", "udp"),
	{"captions", "on", setSwitch, func(c *CameraConfig) string { return onOff(c.Captions.On) }, "choice", []string{"on", "off"}},
	{"languages", "auto", setLanguages, getLanguages, "list", nil},
	choice("channel", "auto", func(c *CameraConfig) *string { return &c.Captions.Channel }, "auto", "mix", "left", "right"),
	{"phrases", "", setPhrases, func(c *CameraConfig) string { return strings.Join(c.Captions.Phrases, ", ") }, "list", nil},
}

func text[T any](key, def string, at func(*T) *string, check func(string) error) field[T] {
	return field[T]{key, def,
		func(c *T, s string) error {
			if err := check(s); err != nil {
				return err
			}
			*at(c) = s
			return nil
		},
		func(c *T) string { return *at(c) }, "text", nil}
}

func choice[T any](key, def string, at func(*T) *string, words ...string) field[T] {
	f := text(key, def, at, oneOf(words...))
	f.kind, f.choices = "choice", words
	return f
}

func number[T any](key, def string, at func(*T) *int, low, high int) field[T] {
	return field[T]{key, def,
		func(c *T, s string) error {
			n, err := strconv.Atoi(s)
			if err != nil || n < low || n > high {
				return fmt.Errorf("%q: want a whole number from %d to %d", s, low, high)
			}
			*at(c) = n
			return nil
		},
		func(c *T) string { return strconv.Itoa(*at(c)) }, "number", nil}
}

func span[T any](key, def string, at func(*T) *time.Duration, low, high time.Duration) field[T] {
	return field[T]{key, def,
		func(c *T, s string) error {
			d, err := time.ParseDuration(s)
			if err != nil || d < low || d > high {
				return fmt.Errorf("%q: want a time from %v to %v, as in 90s or 10m", s, low, high)
			}
			*at(c) = d
			return nil
		},
		func(c *T) string { return at(c).String() }, "duration", nil}
}

func size[T any](key, def string, at func(*T) *int64, low, high int64) field[T] {
	return field[T]{key, def,
		func(c *T, s string) error {
			n, err := parseBytes(s)
			if err != nil || n < low || n > high {
				return fmt.Errorf("%q: want a size from %s to %s, as in 512MiB or 2GiB", s, formatBytes(low), formatBytes(high))
			}
			*at(c) = n
			return nil
		},
		func(c *T) string { return formatBytes(*at(c)) }, "bytes", nil}
}

var byteUnits = []struct {
	name string
	size int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

func parseBytes(s string) (int64, error) {
	for _, u := range byteUnits {
		if n, ok := strings.CutSuffix(s, u.name); ok {
			v, err := strconv.ParseInt(strings.TrimSpace(n), 10, 64)
			if err != nil || v < 0 || v > (1<<62)/u.size {
				return 0, fmt.Errorf("size %q", s)
			}
			return v * u.size, nil
		}
	}
	return strconv.ParseInt(s, 10, 64)
}

// formatBytes writes what parseBytes reads: the largest unit that leaves a whole number.
func formatBytes(n int64) string {
	for _, u := range byteUnits {
		if n >= u.size && n%u.size == 0 {
			return fmt.Sprintf("%d%s", n/u.size, u.name)
		}
	}
	return strconv.FormatInt(n, 10)
}

func setSize(c *CameraConfig, s string) error {
	ws, hs, ok := strings.Cut(s, "x")
	w, err1 := strconv.Atoi(ws)
	h, err2 := strconv.Atoi(hs)
	if !ok || err1 != nil || err2 != nil || w < 64 || h < 64 || w > 4096 || h > 4096 || w%2 != 0 || h%2 != 0 {
		return fmt.Errorf("%q: want WIDTHxHEIGHT in even pixels from 64 to 4096, as in 1280x720", s)
	}
	c.Width, c.Height = w, h
	return nil
}

func notEmpty(s string) error {
	if strings.TrimSpace(s) == "" {
		return fmt.Errorf("must not be empty")
	}
	return nil
}

func oneOf(words ...string) func(string) error {
	return func(s string) error {
		for _, w := range words {
			if s == w {
				return nil
			}
		}
		return fmt.Errorf("%q: want one of %s", s, strings.Join(words, ", "))
	}
}

// listenAddress takes HOST:PORT with an empty HOST for all addresses, or "none".
func listenAddress(s string) error {
	if s == "none" {
		return nil
	}
	_, port, err := net.SplitHostPort(s)
	n, err2 := strconv.Atoi(port)
	if err != nil || err2 != nil || n < 0 || n > 65535 {
		return fmt.Errorf("%q: want HOST:PORT or :PORT, as in :8554 or 127.0.0.1:8554, or none", s)
	}
	return nil
}

func videoAddress(s string) error {
	if !strings.Contains(s, "://") {
		return notEmpty(s)
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Scheme != "rtsp" && u.Scheme != "rtsps" || !isPort(u.Port()) {
		return fmt.Errorf("%q: want auto, none, demo, rpicam, /dev/videoN, a name from `hindsight devices`, or rtsp://HOST/PATH", redact(s))
	}
	if ambiguous(s) {
		return fmt.Errorf("%q: an @ behind the host: write %%2F for / in a password, %%40 for @ in a path", redact(s))
	}
	return nil
}

// isPort reports whether s is a port to connect to, or empty for the scheme's own.
func isPort(s string) bool {
	n, err := strconv.Atoi(s)
	return s == "" || err == nil && 0 < n && n <= 65535
}
