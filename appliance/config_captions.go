package appliance

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	language "hindsight/asr/text"
)

// CaptionConfig is what recognition is for the whole machine.
type CaptionConfig struct {
	Library    string        // path of libvosk.so, or auto
	Keep       time.Duration // how long captions are kept whose media is gone, from the day they were spoken; 0: they go with it; below 0: for ever
	Load       float64       // CPU time that one recogniser may take, as a part of a core; 0: any
	Idle       bool          // recognition takes only what no other program wants
	MaxCelsius int           // of the machine, from which on recognition stops; 0: never
	Endpoint   string        // normal or fast: how long a silence the live recogniser takes for the end of an utterance
	Order      string        // newest or oldest: which of what is pending comes first
	Memory     int64         // bytes that one recogniser may take; 0: by its model
}

// CameraCaptions is what is captioned of one camera.
type CameraCaptions struct {
	On        bool
	Languages []string // BCP 47; none: those that a model is in use for
	Channel   string   // auto, mix, left or right
	Phrases   []string // the only ones to be recognised; none: whatever the model knows
}

// The words that captions.keep takes beside a time.
const (
	keepMedia   = "media"
	keepForever = "forever"
	keepMost    = 100 * 365 * 24 * time.Hour
)

func setKeep(c *Config, s string) error {
	switch s {
	case keepMedia:
		c.Captions.Keep = 0
		return nil
	case keepForever:
		c.Captions.Keep = -1
		return nil
	}
	d, err := ParseSpan(s)
	if err != nil || d < time.Hour || d > keepMost {
		return fmt.Errorf("%q: want media (as long as what was recorded), forever, or a time from 1h, as in 720h or 30d", s)
	}
	c.Captions.Keep = d
	return nil
}

// ParseSpan is time.ParseDuration that knows whole days, too, as in 7d.
func ParseSpan(s string) (time.Duration, error) {
	if n, ok := strings.CutSuffix(s, "d"); ok {
		days, err := strconv.ParseUint(n, 10, 16)
		return time.Duration(days) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}

func getKeep(c *Config) string {
	switch d := c.Captions.Keep; {
	case d == 0:
		return keepMedia
	case d < 0:
		return keepForever
	default:
		return d.String()
	}
}

// setLoad takes what one recogniser may take of the processor.
func setLoad(c *Config, s string) error {
	load, idle := 0.0, false
	switch s {
	case "any":
	case "idle":
		idle = true
	default:
		n, err := strconv.Atoi(strings.TrimSuffix(s, "%"))
		if err != nil || n < 5 || n > 6400 {
			return fmt.Errorf("%q: want any, idle (only what nothing else wants), or percent of one core from 5, as in 50", s)
		}
		load = float64(n) / 100
	}
	c.Captions.Load, c.Captions.Idle = load, idle
	return nil
}

func getLoad(c *Config) string {
	switch {
	case c.Captions.Idle:
		return "idle"
	case c.Captions.Load == 0:
		return "any"
	}
	return strconv.Itoa(int(c.Captions.Load*100 + 0.5))
}

func setSwitch(c *CameraConfig, s string) error {
	switch s {
	case "on", "true", "yes":
		c.Captions.On = true
	case "off", "false", "no":
		c.Captions.On = false
	default:
		return fmt.Errorf("%q: want on or off", s)
	}
	return nil
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// setLanguages takes names and codes of languages, parted by commas.
func setLanguages(c *CameraConfig, s string) error {
	if s == "auto" {
		c.Captions.Languages = nil
		return nil
	}
	var codes []string
	names := list(s)
	if l, err := language.Find(s); err == nil { // a name may have a comma in it
		names = []string{l.Code}
	}
	for _, name := range names {
		l, err := language.Find(name)
		if err != nil {
			return err
		}
		if !slices.Contains(codes, l.Code) {
			codes = append(codes, l.Code)
		}
	}
	if len(codes) == 0 {
		return fmt.Errorf("%q: want auto (those with a model), or languages as in ko or zh-TW, en", s)
	}
	c.Captions.Languages = codes
	return nil
}

func getLanguages(c *CameraConfig) string {
	if len(c.Captions.Languages) == 0 {
		return "auto"
	}
	return strings.Join(c.Captions.Languages, ", ")
}

func setPhrases(c *CameraConfig, s string) error {
	phrases := list(s)
	for _, p := range phrases {
		if len(p) > 200 {
			return fmt.Errorf("%.40q…: a phrase has at most 200 bytes", p)
		}
	}
	if len(phrases) > 1000 {
		return fmt.Errorf("%d phrases: at most 1000 are taken", len(phrases))
	}
	c.Captions.Phrases = phrases
	return nil
}

// list parts what commas part; blanks around and nothing between them do not count.
func list(s string) []string {
	var out []string
	for _, p := range strings.Split(s, ",") {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			out = append(out, p)
		}
	}
	return out
}
