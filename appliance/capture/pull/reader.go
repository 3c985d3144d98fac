package pull

import (
	"fmt"
	"strings"

	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"

	"hindsight/depacket"
	"hindsight/media"
)

// choice is one stream of a camera that is to be recorded.
type choice struct {
	media  *description.Media
	format format.Format
	reader depacket.Reader
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
			r, err := depacket.New(f)
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
