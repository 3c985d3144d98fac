package pull

import (
	"fmt"
	"strings"

	"github.com/pion/rtp"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"

	"hindsight/media"
)

// frame is a whole unit in the camera's own time.
type frame struct {
	ts      uint32 // RTP time of its presentation
	key     bool
	payload []byte // owned by the frame
}

// reader makes units of the packets of one format.
type reader interface {
	// read takes the next packet and whether packets before it are missing. It
	// returns what that completes, and what is wrong with the packet beyond a loss.
	read(pkt *rtp.Packet, gap bool) (out []frame, bad string)
	// track describes what read returns, as known by now; ID is 0.
	track() media.Track
}

// choice is one stream of a camera that is to be recorded.
type choice struct {
	media  *description.Media
	format format.Format
	reader reader
}

// choose takes the first stream of a kind that can be recorded. If there are only
// others, why names them.
func choose(desc *description.Session, kind media.Kind) (c *choice, why string) {
	var others []string
	for _, m := range desc.Medias {
		if string(m.Type) != kind.String() || m.IsBackChannel {
			continue
		}
		for _, f := range m.Formats {
			r, err := newReader(f)
			if err == nil && r != nil {
				return &choice{m, f, r}, ""
			}
			if err != nil {
				others = append(others, err.Error())
				continue
			}
			others = append(others, codecName(f)+", which cannot be recorded; "+advice(kind))
		}
	}
	if len(others) > 0 {
		return nil, "sends " + strings.Join(others, ", and ")
	}
	return nil, ""
}

func advice(kind media.Kind) string {
	if kind == media.Video {
		return "set the camera to H.264 or MJPEG"
	}
	return "set the camera to Opus, AAC or G.711"
}

// codecName is a short name for a format that is not recorded.
func codecName(f format.Format) string {
	name := f.Codec() //nolint:staticcheck // deprecated without a successor
	if g, ok := f.(*format.Generic); ok && g.RTPMap() != "" {
		name, _, _ = strings.Cut(g.RTPMap(), "/")
	}
	return fmt.Sprintf("%.40s", strings.ToLower(strings.ToValidUTF8(name, "?")))
}

func newReader(f format.Format) (reader, error) {
	switch f := f.(type) {
	case *format.H264:
		return newH264Reader(f)
	case *format.MJPEG:
		return newMJPEGReader(f)
	case *format.Opus:
		return newOpusReader(f)
	case *format.MPEG4Audio:
		return newAACReader(f)
	case *format.G711:
		return newG711Reader(f)
	}
	return nil, nil
}
