package player

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4/seekablebuffer"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mp4/codecs"

	"hindsight/media"
)

// The tracks of what is sent. A browser cannot change their number in one MediaSource.
const (
	videoID    = 1
	audioID    = 2
	videoScale = 90000 // of the picture's time stamps, Hz
)

// shape is what follows on a connection: the tracks, and the init segment that says so.
type shape struct {
	video    *media.Track // nil: no picture comes
	audio    *media.Track // nil: no sound comes
	sps, pps []byte       // of H.264
}

// shapeOf is that of the tracks of a moment. bare: pictures alone.
func shapeOf(tracks []media.Track, bare bool) shape {
	var s shape
	for _, t := range tracks {
		switch {
		case t.Kind == media.Video && s.video == nil:
			s.video = &t
			s.learn(t.Config)
		case t.Kind == media.Audio && s.audio == nil && !bare:
			s.audio = &t
		}
	}
	return s
}

// learn takes over parameter sets that stand in NAL units behind 4-byte
// lengths. It reports whether they are others than before.
func (s *shape) learn(payload []byte) bool {
	if s.video == nil || s.video.Codec != media.H264 {
		return false
	}
	sps, pps := parameterSets(payload)
	if sps == nil || pps == nil || bytes.Equal(sps, s.sps) && bytes.Equal(pps, s.pps) {
		return false
	}
	var parsed h264.SPS
	if len(sps) < 4 || parsed.Unmarshal(sps) != nil {
		return false
	}
	v := *s.video
	v.Width, v.Height = uint16(parsed.Width()), uint16(parsed.Height())
	s.video, s.sps, s.pps = &v, bytes.Clone(sps), bytes.Clone(pps)
	return true
}

// parameterSets are the first SPS and PPS before the slices of an access unit.
func parameterSets(payload []byte) (sps, pps []byte) {
	for p := payload; len(p) > 4; {
		n := int(binary.BigEndian.Uint32(p))
		if n <= 0 || n > len(p)-4 {
			return sps, pps
		}
		switch nal := p[4 : 4+n]; h264.NALUType(nal[0] & 0x1f) {
		case h264.NALUTypeSPS:
			if sps == nil {
				sps = nal
			}
		case h264.NALUTypePPS:
			if pps == nil {
				pps = nal
			}
		case h264.NALUTypeIDR, h264.NALUTypeNonIDR:
			return sps, pps
		}
		p = p[4+n:]
	}
	return sps, pps
}

// moving reports whether the picture is a track of the fMP4; an MJPEG one is not.
func (s *shape) moving() bool { return s.video != nil && s.video.Codec == media.H264 && s.sps != nil }

// jpegs reports whether the picture comes as JPEGs.
func (s *shape) jpegs() bool { return s.video != nil && s.video.Codec == media.MJPEG }

// sounding reports whether the sound is a track of the fMP4.
func (s *shape) sounding() bool {
	return s.audio != nil && (s.audio.Codec == media.Opus || s.audio.Codec == media.AAC)
}

// mime is that of the init segment; empty: there is none.
func (s *shape) mime() string {
	kind, list := "", ""
	if s.moving() {
		kind, list = "video", fmt.Sprintf("avc1.%02X%02X%02X", s.sps[1], s.sps[2], s.sps[3])
	}
	if s.sounding() {
		if kind == "" {
			kind = "audio"
		} else {
			list += ","
		}
		if s.audio.Codec == media.Opus {
			list += "opus"
		} else {
			list += fmt.Sprintf("mp4a.40.%d", aacType(s.audio.Config))
		}
	}
	if kind == "" {
		return ""
	}
	return fmt.Sprintf("%s/mp4; codecs=%q", kind, list)
}

// aacType is the audio object type (ISO 14496-3, table 1.17); 2, AAC-LC, where it cannot be read.
func aacType(config []byte) int {
	if len(config) > 0 && config[0]>>3 != 0 && config[0]>>3 != 31 {
		return int(config[0] >> 3)
	}
	return 2
}

// message is what the client is told.
func (s *shape) message(gen uint32) tracksMessage {
	m := tracksMessage{Is: "tracks", Gen: gen, MIME: s.mime()}
	if s.moving() || s.jpegs() {
		m.Video = &wireVideo{s.video.Codec.String(), int(s.video.Width), int(s.video.Height), "mse"}
		if s.jpegs() {
			m.Video.Mode = "jpeg"
		}
	}
	if s.audio != nil {
		m.Audio = &wireAudio{s.audio.Codec.String(), int(s.audio.ClockRate), int(s.audio.Channels), s.sounding()}
	}
	return m
}

// segment is the init segment.
func (s *shape) segment() ([]byte, error) {
	var i fmp4.Init
	if s.moving() {
		i.Tracks = append(i.Tracks, &fmp4.InitTrack{ID: videoID, TimeScale: videoScale, Codec: &codecs.H264{SPS: s.sps, PPS: s.pps}})
	}
	if s.sounding() {
		t := &fmp4.InitTrack{ID: audioID, TimeScale: s.audio.ClockRate}
		switch s.audio.Codec {
		case media.Opus:
			t.Codec = &codecs.Opus{ChannelCount: max(int(s.audio.Channels), 1)}
		default:
			var c mpeg4audio.AudioSpecificConfig
			if err := c.Unmarshal(s.audio.Config); err != nil {
				return nil, fmt.Errorf("player: AAC of a kind that is not known: %w", err)
			}
			t.Codec = &codecs.MPEG4Audio{Config: c}
		}
		i.Tracks = append(i.Tracks, t)
	}
	var b seekablebuffer.Buffer
	if err := i.Marshal(&b); err != nil {
		return nil, fmt.Errorf("player: init segment: %w", err)
	}
	return b.Bytes(), nil
}

// same reports whether what is sent for o may follow what is sent for s without
// a new init segment.
func (s *shape) same(o *shape) bool {
	return sameTrack(s.video, o.video) && sameTrack(s.audio, o.audio) && bytes.Equal(s.sps, o.sps) && bytes.Equal(s.pps, o.pps)
}

func sameTrack(a, b *media.Track) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Same(*b) && a.Width == b.Width && a.Height == b.Height
}
