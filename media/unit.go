package media

import "time"

// Flags are facts about one unit. The bits are part of the format on disk.
type Flags uint8

// The flags of a unit.
const (
	Key     Flags = 1 << 0 // video: decodable without any earlier unit; audio units are all Key
	Lost    Flags = 1 << 1 // something between the unit before and this one is missing, and known to be
	Silence Flags = 1 << 2 // audio: made here to stand for sound that was lost
)

// Unit is one access unit of video or one packet's worth of audio.
//
// Units are values; Payload is shared and must not be changed by anyone once
// the unit has been handed on.
type Unit struct {
	Track   uint16
	Flags   Flags
	DTS     time.Duration // decoding media time, strictly rising within a track
	Offset  time.Duration // presentation minus decoding time; 0 without B frames
	Payload []byte
}

// PTS is the presentation media time: of the picture, or of the first heard
// sample (the encoder's delay is already subtracted).
func (u Unit) PTS() time.Duration { return u.DTS + u.Offset }

// IsKey reports whether decoding may begin at the unit.
func (u Unit) IsKey() bool { return u.Flags&Key != 0 }

// Duration is how long an audio payload sounds, computed from the payload
// itself; 0 for video or a payload that cannot be read.
func (t Track) Duration(payload []byte) time.Duration {
	switch t.Codec {
	case Opus:
		return opusDuration(payload)
	case AAC:
		return perRate(1024, t.ClockRate)
	case PCMA, PCMU:
		if t.Channels == 0 {
			return 0
		}
		return perRate(len(payload)/int(t.Channels), t.ClockRate)
	}
	return 0
}

func perRate(samples int, rate uint32) time.Duration {
	if rate == 0 {
		return 0
	}
	return time.Duration(int64(samples) * int64(time.Second) / int64(rate))
}

// opusDuration reads the TOC byte: RFC 6716 section 3.1, table 2.
func opusDuration(p []byte) time.Duration {
	if len(p) == 0 {
		return 0
	}
	var frame time.Duration
	switch config := p[0] >> 3; {
	case config < 12: // SILK
		frame = [4]time.Duration{10, 20, 40, 60}[config&3] * time.Millisecond
	case config < 16: // hybrid
		frame = [2]time.Duration{10, 20}[config&1] * time.Millisecond
	default: // CELT
		frame = [4]time.Duration{2500, 5000, 10000, 20000}[config&3] * time.Microsecond
	}
	switch p[0] & 3 {
	case 0:
		return frame
	case 1, 2:
		return 2 * frame
	}
	if len(p) < 2 {
		return 0
	}
	if d := time.Duration(p[1]&63) * frame; d <= 120*time.Millisecond { // section 3.2.5: no packet is longer
		return d
	}
	return 0
}
