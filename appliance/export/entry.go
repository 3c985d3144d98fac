package export

import (
	"fmt"

	"github.com/Eyevinn/mp4ff/mp4"

	"hindsight/media"
)

// entry is the sample entry for p, and the size of the picture.
func (p params) entry() (box mp4.Box, width, height uint16, err error) {
	switch p.codec {
	case media.H264:
		v, err := h264Entry(p.config)
		if err != nil {
			return nil, 0, 0, err
		}
		return named(v), v.Width, v.Height, nil
	case media.MJPEG:
		v := mjpegEntry(p)
		return named(v), v.Width, v.Height, nil
	case media.Opus:
		// The recorder has taken the encoder's delay out of the times already and
		// the edit list hides the lead-in, so nothing is left to skip: with a number here some
		// players would skip twice.
		return p.sound("Opus", &mp4.DopsBox{OutputChannelCount: p.channels, PreSkip: 0, InputSampleRate: 48000}), 0, 0, nil
	case media.AAC:
		return p.sound("mp4a", mp4.CreateEsdsBox([]byte(p.config))), 0, 0, nil
	case media.PCMA:
		return p.sound("alaw", nil), 0, 0, nil
	case media.PCMU:
		return p.sound("ulaw", nil), 0, 0, nil
	}
	return nil, 0, 0, fmt.Errorf("%v cannot be put into an MP4 file", p.codec)
}

func (p params) sound(name string, child mp4.Box) mp4.Box {
	rate := uint16(0) // more than the field holds: the codec's own header says it
	if p.rate <= 0xffff {
		rate = uint16(p.rate)
	}
	return mp4.CreateAudioSampleEntryBox(name, uint16(p.channels), 16, rate, child)
}

func named(v *mp4.VisualSampleEntryBox) *mp4.VisualSampleEntryBox {
	v.CompressorName = "Hindsight"
	return v
}
