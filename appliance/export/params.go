package export

import (
	"fmt"

	"hindsight/media"
)

// params is what must stay the same within a file for one track.
type params struct {
	codec         media.Codec
	rate          uint32
	channels      uint8
	config        string // H.264: SPS and PPS, each behind a 4-byte length; AAC: AudioSpecificConfig
	width, height int    // MJPEG
}

// read is what a unit of track t says about the parameters, given those in
// force before it (the zero value at the beginning).
func (now params) read(t media.Track, u media.Unit) (params, error) {
	p := params{codec: t.Codec, rate: t.ClockRate, channels: t.Channels}
	switch t.Codec {
	case media.H264:
		p.rate = videoScale
		known := now.config
		if now.codec != media.H264 {
			known = string(t.Config)
		}
		if p.config = known; u.IsKey() {
			p.config = withParameterSets(known, u.Payload)
		}
		if p.config == "" {
			return p, fmt.Errorf("track %d: no H.264 parameter sets with the key frame at %v", t.ID, u.DTS)
		}
	case media.MJPEG:
		p.rate = videoScale
		w, h, err := jpegSize(u.Payload)
		if err != nil {
			return p, fmt.Errorf("track %d: picture at %v: %w", t.ID, u.DTS, err)
		}
		p.width, p.height = w, h
	case media.Opus:
		p.rate = 48000
	case media.AAC:
		p.config = string(t.Config)
	case media.PCMA, media.PCMU:
	default:
		return p, fmt.Errorf("track %d: %v cannot be put into an MP4 file", t.ID, t.Codec)
	}
	if p.rate == 0 {
		return p, fmt.Errorf("track %d: its clock rate is not known", t.ID)
	}
	return p, nil
}
