package media

import (
	"fmt"
	"regexp"
)

// Kind says what a track carries.
type Kind uint8

// The kinds of track. The numbers are part of the format on disk.
const (
	Video Kind = 1
	Audio Kind = 2
)

// String is the name used in JSON, logs and metrics.
func (k Kind) String() string {
	switch k {
	case Video:
		return "video"
	case Audio:
		return "audio"
	}
	return fmt.Sprintf("kind-%d", uint8(k))
}

// MarshalText writes the name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Role says whose sound or picture a track carries.
type Role uint8

// The roles of a track. The numbers are part of the format on disk.
const (
	Main Role = 0 // the camera's own picture and sound
	Own  Role = 1 // this side of a call
	Far  Role = 2 // the other side of a call
)

// String is the name used in JSON, logs and metrics.
func (r Role) String() string {
	switch r {
	case Main:
		return "main"
	case Own:
		return "own"
	case Far:
		return "far"
	}
	return fmt.Sprintf("role-%d", uint8(r))
}

// MarshalText writes the name.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Codec says how the payload of a track's units is coded.
type Codec uint8

// The codecs. The numbers are part of the format on disk.
const (
	H264  Codec = 1 // payload: NAL units, each behind a 4-byte big-endian length; parameter sets in band before every key frame
	MJPEG Codec = 2 // payload: one JPEG image, SOI to EOI
	Opus  Codec = 3 // payload: one Opus packet (RFC 6716), clock rate always 48000
	AAC   Codec = 4 // payload: one raw AAC-LC access unit; Track.Config is the AudioSpecificConfig
	PCMA  Codec = 5 // payload: G.711 A-law samples
	PCMU  Codec = 6 // payload: G.711 mu-law samples
)

var codecNames = map[Codec]string{
	H264: "h264", MJPEG: "mjpeg", Opus: "opus", AAC: "aac", PCMA: "pcma", PCMU: "pcmu",
}

// String is the name used in JSON, logs and metrics.
func (c Codec) String() string {
	if n, ok := codecNames[c]; ok {
		return n
	}
	return fmt.Sprintf("codec-%d", uint8(c))
}

// MarshalText writes the name.
func (c Codec) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Kind is what the codec carries; 0 for an unknown codec.
func (c Codec) Kind() Kind {
	switch c {
	case H264, MJPEG:
		return Video
	case Opus, AAC, PCMA, PCMU:
		return Audio
	}
	return 0
}

// Track is one elementary stream of a camera.
//
// ID is never used again in that camera: a change of codec, clock rate,
// channel count or role makes a new track. Width, Height and Config are what was known when
// the track began; H.264 may change its size later, in band.
type Track struct {
	ID        uint16 `json:"id"`
	Kind      Kind   `json:"kind"`
	Role      Role   `json:"role"`
	Codec     Codec  `json:"codec"`
	ClockRate uint32 `json:"clock_rate"`         // Hz: 90000 for video, the sample rate for audio
	Channels  uint8  `json:"channels,omitempty"` // audio: 1 or 2
	Width     uint16 `json:"width,omitempty"`    // video, pixels
	Height    uint16 `json:"height,omitempty"`   // video, pixels
	Config    []byte `json:"config,omitempty"`   // AAC: AudioSpecificConfig; H.264: SPS and PPS, each behind a 4-byte length; else empty
}

// Same reports whether units made for o may go on in t: everything that
// identifies the stream is equal (ID, Width, Height and an H.264 Config may differ).
func (t Track) Same(o Track) bool {
	if t.Kind != o.Kind || t.Role != o.Role || t.Codec != o.Codec ||
		t.ClockRate != o.ClockRate || t.Channels != o.Channels {
		return false
	}
	return t.Codec == H264 || string(t.Config) == string(o.Config)
}

var cameraName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)

// CheckCamera returns an error that names the rule a camera name breaks:
// [a-z][a-z0-9-]{0,31}, and not one of the words that addresses use, nor the
// folder of the speech models, which lies beside those of the cameras.
func CheckCamera(name string) error {
	switch name {
	case "timeline", "at", "api", "call":
		return fmt.Errorf("camera name %q is a word that addresses use; choose another", name)
	case "models":
		return fmt.Errorf("camera name %q is the folder of the speech models; choose another", name)
	}
	if !cameraName.MatchString(name) {
		return fmt.Errorf("camera name %q: use 1 to 32 of a-z, 0-9 and -, beginning with a letter", name)
	}
	return nil
}
