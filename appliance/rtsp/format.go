package rtsp

import (
	"encoding/binary"
	"fmt"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"hindsight/media"
)

// Payload types. RFC 3551 fixes those of JPEG and G.711 at 8 kHz; 96 and up are free.
const (
	payloadH264  = 96
	payloadAudio = 97
	payloadJPEG  = 26
	payloadPCMU  = 0
	payloadPCMA  = 8
)

// formatOf describes a track in gortsplib's words. An error says why the track
// cannot be sent by RTP.
func formatOf(t media.Track) (format.Format, error) {
	if isText(t) {
		return textFormat(), nil
	}
	switch t.Codec {
	case media.H264:
		f := &format.H264{PayloadTyp: payloadH264, PacketizationMode: 1}
		f.SPS, f.PPS = parameterSets(t.Config)
		return f, nil
	case media.MJPEG:
		return &format.MJPEG{}, nil
	case media.Opus:
		return &format.Opus{PayloadTyp: payloadAudio, ChannelCount: int(t.Channels)}, nil
	case media.AAC:
		var c mpeg4audio.AudioSpecificConfig
		if err := c.Unmarshal(t.Config); err != nil {
			return nil, fmt.Errorf("track %d: AudioSpecificConfig: %w", t.ID, err)
		}
		return &format.MPEG4Audio{
			PayloadTyp: payloadAudio, ProfileLevelID: 1, Config: &c,
			SizeLength: aacSizeBits, IndexLength: aacIndexBits, IndexDeltaLength: aacIndexBits,
		}, nil
	case media.PCMA, media.PCMU:
		return g711Format(t)
	}
	return nil, fmt.Errorf("track %d: no RTP format for codec %v", t.ID, t.Codec)
}

func g711Format(t media.Track) (format.Format, error) {
	if t.Channels == 0 || t.ClockRate == 0 {
		return nil, fmt.Errorf("track %d: %v without channel count or clock rate", t.ID, t.Codec)
	}
	f := &format.G711{
		PayloadTyp: payloadAudio, MULaw: t.Codec == media.PCMU,
		SampleRate: int(t.ClockRate), ChannelCount: int(t.Channels),
	}
	if t.ClockRate == 8000 && t.Channels == 1 {
		f.PayloadTyp = payloadPCMA
		if f.MULaw {
			f.PayloadTyp = payloadPCMU
		}
	}
	return f, nil
}

// parameterSets are the first SPS and PPS among NAL units behind 4-byte lengths; nil when there is none.
func parameterSets(config []byte) (sps, pps []byte) {
	units, err := splitNALUs(config)
	if err != nil {
		return nil, nil
	}
	for _, n := range units {
		switch n[0] & 0x1f {
		case 7:
			if sps == nil {
				sps = n
			}
		case 8:
			if pps == nil {
				pps = n
			}
		}
	}
	return sps, pps
}

// splitNALUs cuts NAL units that stand behind 4-byte big-endian lengths. The
// results share b. Empty NAL units are passed over.
func splitNALUs(b []byte) ([][]byte, error) {
	var units [][]byte
	for len(b) > 0 {
		if len(b) < 4 {
			return nil, fmt.Errorf("%d bytes behind the last NAL unit", len(b))
		}
		n := binary.BigEndian.Uint32(b)
		if b = b[4:]; uint64(n) > uint64(len(b)) {
			return nil, fmt.Errorf("a NAL unit of %d bytes in %d", n, len(b))
		}
		if n > 0 {
			units = append(units, b[:n:n])
		}
		b = b[n:]
	}
	return units, nil
}

// mediaOf wraps a format as one m= section of the SDP.
func mediaOf(t media.Track, f format.Format, index int) *description.Media {
	m := &description.Media{
		Type:    description.MediaTypeVideo,
		Control: fmt.Sprintf("trackID=%d", index), // gortsplib finds the track of a SETUP by exactly this
		Formats: []format.Format{f},
	}
	if isText(t) {
		m.Type = mediaText
	}
	if t.Kind == media.Audio {
		m.Type = description.MediaTypeAudio
	}
	return m
}
