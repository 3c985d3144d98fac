package depacket

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/pion/rtp"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/format/rtpmpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"hindsight/media"
)

const aacFrame = 1024 // samples in an access unit of AAC-LC

// maxOpus is the longest that one Opus packet may sound: RFC 6716, 3.2.5, R5.
const maxOpus = 120 * time.Millisecond

// wholeReader reads formats that have one unit in each packet: Opus and G.711.
type wholeReader struct{ t media.Track }

func newOpusReader(f *format.Opus) (*wholeReader, error) {
	if f.ChannelCount > 2 {
		return nil, fmt.Errorf("opus of %d channels, which cannot be recorded; choose mono or stereo", f.ChannelCount)
	}
	return &wholeReader{media.Track{Kind: media.Audio, Codec: media.Opus, ClockRate: 48000, Channels: uint8(f.ChannelCount)}}, nil
}

func newG711Reader(f *format.G711) (*wholeReader, error) {
	if f.ChannelCount > 2 {
		return nil, fmt.Errorf("G.711 of %d channels, which cannot be recorded; choose mono or stereo", f.ChannelCount)
	}
	codec := media.PCMA
	if f.MULaw {
		codec = media.PCMU
	}
	return &wholeReader{media.Track{Kind: media.Audio, Codec: codec, ClockRate: uint32(f.SampleRate), Channels: uint8(f.ChannelCount)}}, nil
}

func (r *wholeReader) Track() media.Track { return r.t }

func (r *wholeReader) Reorder() int { return 0 }

func (r *wholeReader) Read(pkt *rtp.Packet, _ bool) ([]Frame, string) {
	p := pkt.Payload
	d := r.t.Duration(p)
	if d <= 0 || r.t.Codec == media.Opus && d > maxOpus {
		return nil, "a packet that is not " + r.t.Codec.String()
	}
	if r.t.Codec == media.Opus && p[0]&4 != 0 {
		r.t.Channels = 2 // descriptions often do not say so (RFC 7587, sprop-stereo); the packets do
	}
	return []Frame{{TS: pkt.Timestamp, Key: true, Payload: bytes.Clone(p)}}, ""
}

// aacReader reads MPEG-4 audio (RFC 3640).
type aacReader struct {
	dec *rtpmpeg4audio.Decoder
	t   media.Track
}

func newAACReader(f *format.MPEG4Audio) (*aacReader, error) {
	c := f.Config
	channels := int(c.ChannelConfig)
	switch {
	case c.Type != mpeg4audio.ObjectTypeAACLC || c.ExtensionType != 0:
		return nil, fmt.Errorf("MPEG-4 audio of type %d, which cannot be recorded; choose AAC-LC", c.Type)
	case channels != 1 && channels != 2:
		return nil, fmt.Errorf("AAC of channel configuration %d, which cannot be recorded; choose mono or stereo", channels)
	case c.FrameLengthFlag:
		return nil, errors.New("AAC with 960 samples a frame, which cannot be recorded")
	}
	config, err := c.Marshal()
	if err != nil {
		return nil, errors.New("AAC with a configuration that cannot be read")
	}
	dec, err := f.CreateDecoder()
	if err != nil {
		return nil, err
	}
	return &aacReader{dec, media.Track{
		Kind: media.Audio, Codec: media.AAC, ClockRate: uint32(c.SampleRate), Channels: uint8(channels), Config: config,
	}}, nil
}

func (r *aacReader) Track() media.Track { return r.t }

func (r *aacReader) Reorder() int { return 0 }

func (r *aacReader) Read(pkt *rtp.Packet, gap bool) ([]Frame, string) {
	aus, err := r.dec.Decode(pkt)
	switch {
	case errors.Is(err, rtpmpeg4audio.ErrMorePacketsNeeded):
		return nil, ""
	case err != nil && gap:
		return nil, ""
	case err != nil:
		return nil, "a packet that is not AAC: " + err.Error()
	}
	var out []Frame
	for i, au := range aus {
		if len(au) == 0 {
			continue
		}
		out = append(out, Frame{TS: pkt.Timestamp + uint32(i)*aacFrame, Key: true, Payload: bytes.Clone(au)})
	}
	return out, ""
}
