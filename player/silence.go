package player

import (
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"

	"hindsight/media"
)

// hush is a packet that decodes to silence, and how many ticks it lasts.
type hush struct {
	ticks   int64
	payload []byte
}

// silences are the packets of silence of a track, the longest first; none: its
// codec cannot be filled.
func silences(t media.Track) []hush {
	stereo := t.Channels == 2
	switch t.Codec {
	case media.Opus:
		// RFC 6716: CELT, full band, one frame of 20, 10, 5 or 2.5 ms, all of whose energy is nought.
		var qs []hush
		for i, toc := range [...]byte{0xf8, 0xf0, 0xe8, 0xe0} {
			if stereo {
				toc |= 0x04
			}
			qs = append(qs, hush{int64(960 >> i), []byte{toc, 0xff, 0xfe}})
		}
		return qs
	case media.AAC:
		// ISO 14496-3, table 4.3: a single channel or a pair of them, without any spectrum.
		if stereo {
			return []hush{{1024, []byte{0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80}}}
		}
		return []hush{{1024, []byte{0x00, 0xc8, 0x00, 0x80, 0x23, 0x80}}}
	}
	return nil
}

// fill makes samples of silence for so many ticks. The last is made to last what
// is too short for a packet of its own.
func fill(qs []hush, ticks int64) []*fmp4.Sample {
	var out []*fmp4.Sample
	for _, q := range qs {
		for ticks >= q.ticks {
			out = append(out, &fmp4.Sample{Duration: uint32(q.ticks), Payload: q.payload})
			ticks -= q.ticks
		}
	}
	if n := len(out); n > 0 {
		out[n-1].Duration += uint32(ticks)
	}
	return out
}

// ticks is a time in units of a clock of scale Hz.
func ticks(d time.Duration, scale uint32) int64 {
	s, rest := int64(d/time.Second), int64(d%time.Second)
	r := rest * int64(scale)
	if r >= 0 {
		r += int64(time.Second) / 2
	} else {
		r -= int64(time.Second) / 2
	}
	return s*int64(scale) + r/int64(time.Second)
}

// since is the time of so many ticks.
func since(n int64, scale uint32) time.Duration {
	s, rest := n/int64(scale), n%int64(scale)
	return time.Duration(s)*time.Second + time.Duration(rest*int64(time.Second)/int64(scale))
}
