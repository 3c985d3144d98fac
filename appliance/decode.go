package appliance

import (
	"encoding/binary"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/g711"

	"hindsight/appliance/encode"
	"hindsight/appliance/recognise"
	"hindsight/media"
)

// decoder makes samples of a track's sound for the recogniser.
func decoder(t media.Track) (recognise.Decoder, recognise.Format, error) {
	channels := max(int(t.Channels), 1)
	switch t.Codec {
	case media.Opus:
		d, err := encode.NewOpusDecoder(channels)
		return d, recognise.Format{Rate: 48000, Channels: channels}, err
	case media.PCMA:
		return companded(alaw), recognise.Format{Rate: int(t.ClockRate), Channels: channels}, nil
	case media.PCMU:
		return companded(mulaw), recognise.Format{Rate: int(t.ClockRate), Channels: channels}, nil
	}
	return nil, recognise.Format{}, fmt.Errorf("this camera sends its sound as %s, which is recorded but cannot be captioned here; set the camera to G.711 or Opus", t.Codec)
}

// companded decodes G.711 (ITU-T G.711) to 16 bits, big-endian.
type companded func([]byte) []byte

func alaw(b []byte) []byte {
	var samples g711.Alaw
	samples.Unmarshal(b)
	return samples
}

func mulaw(b []byte) []byte {
	var samples g711.Mulaw
	samples.Unmarshal(b)
	return samples
}

// Decode is recognise.Decoder's.
func (c companded) Decode(payload []byte) ([]int16, error) {
	raw := c(payload)
	pcm := make([]int16, len(raw)/2)
	for i := range pcm {
		pcm[i] = int16(binary.BigEndian.Uint16(raw[2*i:]))
	}
	return pcm, nil
}

// Close is recognise.Decoder's.
func (companded) Close() {}
