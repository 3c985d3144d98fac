package export

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
)

// stamp is how wall times are written into the file.
const stamp = "2006-01-02T15:04:05.000Z"

// notes is udta: what the file is (iTunes-style, read by every player) and the
// chapters at the gaps.
func (m *Movie) notes() mp4.Box {
	hdlr := &mp4.HdlrBox{HandlerType: "mdir"}
	meta := mp4.CreateMetaBox(0, hdlr)
	ilst := &mp4.IlstBox{}
	ilst.AddChild(text("\xa9nam", strings.TrimSpace(m.o.Camera+" "+m.Start.UTC().Format("2006-01-02 15:04:05 UTC"))))
	ilst.AddChild(text("\xa9day", m.Start.UTC().Format(stamp)))
	ilst.AddChild(text("\xa9too", strings.TrimSpace("Hindsight "+m.o.Version)))
	ilst.AddChild(text("\xa9cmt", m.comment()))
	meta.AddChild(ilst)
	udta := &mp4.UdtaBox{}
	if m.Gaps > 0 {
		udta.AddChild(m.chapters())
	}
	udta.AddChild(meta)
	return udta
}

func (m *Movie) comment() string {
	s := fmt.Sprintf("from %s, position %v to %v", m.Start.UTC().Format(stamp), m.From, m.To)
	if !m.Trusted {
		s += "; the clock was not synchronised"
	}
	return s
}

// text is a metadata item with one value in UTF-8.
func text(name, value string) mp4.Box {
	const typeUTF8 = 1
	b := binary.BigEndian.AppendUint32(nil, uint32(16+len(value)))
	b = append(b, "data"...)
	b = binary.BigEndian.AppendUint32(b, typeUTF8)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = append(b, value...)
	return mp4.CreateUnknownBox(name, uint64(8+len(b)), b)
}

// mostChapters is what the count in chpl can say.
const mostChapters = 255

// chapters is chpl: one chapter at the beginning and one at each closed gap, at
// most 255, each named by the true time there.
func (m *Movie) chapters() mp4.Box {
	n := min(len(m.within), mostChapters)
	b := []byte{1, 0, 0, 0, 0, 0, 0, 0, byte(n)} // version 1, flags, reserved, count
	for _, s := range m.within[:n] {
		wall, trusted := m.tl.Wall(s.start())
		title := chapterTitle(wall, trusted, s)
		b = binary.BigEndian.AppendUint64(b, uint64(s.at/(100*time.Nanosecond)))
		b = append(b, byte(len(title)))
		b = append(b, title...)
	}
	return mp4.CreateUnknownBox("chpl", uint64(8+len(b)), b)
}

// chapterTitle is the true time, then what is missing before it; at most 255 bytes.
func chapterTitle(wall time.Time, trusted bool, s stretch) string {
	t := wall.UTC().Format(stamp)
	if !trusted {
		t += " (clock not synchronised)"
	}
	if h := s.hole; h != nil {
		if h.Reason != "" {
			t += " after " + string(h.Reason)
		} else {
			t += " after a gap"
		}
		if d := h.WallUntil.Sub(h.WallFrom); !h.WallFrom.IsZero() && d > 0 {
			t += ", " + d.Round(time.Millisecond).String() + " missing"
		}
	}
	return t[:min(len(t), 255)]
}
