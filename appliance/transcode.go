package appliance

import (
	"fmt"
	"time"

	"hindsight/appliance/encode"
	"hindsight/appliance/web"
	"hindsight/media"
)

// transcoder makes Opus for pages of the sound that browsers do not play: G.711, as
// many IP cameras send it. nil: a track can be played as it is, or not at all.
func transcoder(t media.Track) web.Coder {
	v := &voice{from: t}
	switch t.Codec {
	case media.PCMA:
		v.expand = alaw
	case media.PCMU:
		v.expand = mulaw
	default:
		return nil
	}
	v.from.Channels = max(t.Channels, 1)
	return v
}

// voice is sound of G.711 that becomes Opus.
type voice struct {
	from   media.Track
	expand companded
	audio  *encode.Audio // nil: nothing has begun
	next   time.Duration // when the next unit is due
}

const (
	voiceRate = 32_000                // bit/s of a channel: telephone sound needs no more
	voiceSlip = 60 * time.Millisecond // a unit further from where it was due begins anew
)

// Track is web.Coder's.
func (v *voice) Track() media.Track {
	return media.Track{ID: v.from.ID, Kind: media.Audio, Role: v.from.Role, Codec: media.Opus, ClockRate: 48000, Channels: v.from.Channels}
}

// Code is web.Coder's.
func (v *voice) Code(u media.Unit) ([]media.Unit, error) {
	samples, err := v.expand.Decode(u.Payload)
	n := len(samples) / int(v.from.Channels)
	if err != nil || n == 0 {
		return nil, err
	}
	if v.audio == nil || (u.DTS-v.next).Abs() > voiceSlip {
		v.Close()
		if v.audio, err = encode.NewAudio(encode.AudioOptions{Channels: int(v.from.Channels), Bitrate: voiceRate * int(v.from.Channels), Settle: -1}); err != nil {
			return nil, fmt.Errorf("sound for pages: %w", err)
		}
	}
	v.next = u.DTS + time.Duration(n)*time.Second/time.Duration(v.from.ClockRate)
	units, err := v.audio.Write(media.Sound{Rate: int(v.from.ClockRate), Channels: int(v.from.Channels), At: u.DTS, Samples: samples[:n*int(v.from.Channels)]})
	if err != nil { // the next unit begins anew
		v.Close()
	}
	return units, err
}

// Close is web.Coder's.
func (v *voice) Close() {
	if v.audio != nil {
		v.audio.Close()
		v.audio = nil
	}
}
