package export

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/Eyevinn/mp4ff/mp4"
	"golang.org/x/text/language"

	"hindsight/appliance/subtitle"
	"hindsight/appliance/timeline"
	"hindsight/media"
)

// textScale is the units a second of captions.
const textScale = 1000

// textLane makes one track of captions (3GPP TS 26.245). Its samples lie in
// front of all others, so that a player has them when it begins.
type textLane struct {
	language string // BCP 47
	table    table
	data     []byte
	samples  uint32
}

// cue is a text from one instant of the file to another, in ticks.
type cue struct {
	start, end int64
	text       string
}

// Time is where a position lies in the file: in a gap that was closed, at it;
// before the file's beginning 0, behind its end Length.
func (m *Movie) Time(p media.Position) time.Duration {
	for _, s := range m.within {
		if p.Before(s.start()) {
			return s.at
		}
		if p.Before(s.end()) {
			return s.time(p.Time)
		}
	}
	return m.Length
}

// texts makes the tracks of captions, one a language, in the order in which they begin.
func (m *Movie) texts() error {
	if m.o.Captions == nil {
		return nil
	}
	cs, err := m.o.Captions(timeline.CaptionQuery{From: m.From, Until: m.To})
	if err != nil && len(cs) == 0 {
		return fmt.Errorf("export: captions: %w", err)
	}
	cues := map[string][]cue{}
	var languages []string
	for _, c := range subtitle.Shown(cs) {
		k := cue{ticks(m.Time(c.Position()), textScale), ticks(m.Time(media.Position{Run: c.Run, Time: c.End}), textScale), shorter(c.Text)}
		if k.end = max(k.end, k.start+1); k.start >= ticks(m.Length, textScale) {
			continue
		}
		if cues[c.Language] == nil {
			languages = append(languages, c.Language)
		}
		cues[c.Language] = append(cues[c.Language], k)
	}
	for _, l := range languages {
		t := &textLane{language: l}
		t.fill(apart(cues[l]), ticks(m.Length, textScale))
		t.table.chunk(m.textBytes, t.samples)
		m.textBytes += uint64(len(t.data))
		m.text = append(m.text, t)
	}
	return nil
}

// shorter is a text that a sample can hold.
func shorter(s string) string {
	const most = 1<<16 - 1
	for len(s) > most {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	return s
}

// apart has no two cues at once: where several are to be seen they become one
// cue with the lines of all.
func apart(cues []cue) (out []cue) {
	var edges []int64
	for _, c := range cues {
		edges = append(edges, c.start, c.end)
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	slices.SortStableFunc(cues, func(a, b cue) int { return cmp.Compare(a.start, b.start) })
	var seen []cue // those that may last
	for i := range max(len(edges)-1, 0) {
		from, to := edges[i], edges[i+1]
		for len(cues) > 0 && cues[0].start <= from {
			seen, cues = append(seen, cues[0]), cues[1:]
		}
		seen = slices.DeleteFunc(seen, func(c cue) bool { return c.end <= from })
		var lines []string
		for _, c := range seen {
			lines = append(lines, c.text)
		}
		if len(lines) > 0 {
			out = append(out, cue{from, to, strings.Join(lines, "\n")})
		}
	}
	return out
}

// fill makes the samples: cues, and nothing between them, up to the end.
func (t *textLane) fill(cues []cue, end int64) {
	at := int64(0)
	for _, c := range cues {
		if c.start > at {
			t.sample("", c.start-at)
		}
		until := min(c.end, end)
		t.sample(c.text, until-c.start)
		at = until
	}
	if at < end {
		t.sample("", end-at)
	}
}

// sample adds one: the length of the text in two bytes, and the text.
func (t *textLane) sample(text string, long int64) {
	if long <= 0 {
		return
	}
	t.samples++
	t.data = binary.BigEndian.AppendUint16(t.data, uint16(len(text)))
	t.data = append(t.data, text...)
	t.table.size(2 + len(text))
	t.table.timing(long, 0, true, t.samples)
}

// trak describes the track.
func (t *textLane) trak(m *Movie, id uint32, base uint64, large bool) *mp4.TrakBox {
	trak := mp4.CreateEmptyTrak(id, textScale, "sbtl", iso639(t.language))
	tkhd, mdhd := trak.Tkhd, trak.Mdia.Mdhd
	tkhd.Duration = uint64(rescale(t.table.units, textScale))
	tkhd.Version = version(tkhd.Duration)
	tkhd.SetCreationTimeS(m.Start.Unix())
	tkhd.SetModificationTimeS(m.Start.Unix())
	tkhd.Layer, tkhd.AlternateGroup = -1, 2 // in front of the picture; one language at a time
	mdhd.Duration = uint64(t.table.units)
	mdhd.Version = version(mdhd.Duration)
	mdhd.SetCreationTimeS(m.Start.Unix())
	mdhd.SetModificationTimeS(m.Start.Unix())
	trak.Mdia.Hdlr.Name = "captions " + t.language
	stbl := mp4.NewStblBox()
	stsd := mp4.NewStsdBox()
	entry := tx3g()
	stsd.AddChild(mp4.CreateUnknownBox("tx3g", uint64(8+len(entry)), entry))
	stbl.AddChild(stsd)
	for _, b := range t.table.boxes(base, large) {
		stbl.AddChild(b)
	}
	minf := trak.Mdia.Minf
	minf.Children[len(minf.Children)-1], minf.Stbl = stbl, stbl
	return trak
}

// iso639 is a language as mdhd has it, in three letters.
func iso639(tag string) string {
	t, err := language.Parse(tag)
	if err != nil {
		return "und"
	}
	base, _ := t.Base()
	return base.ISO3()
}

// tx3g is the payload of a TextSampleEntry (3GPP TS 26.245, 5.16): white, at the
// bottom, in the middle, in whatever font the player has.
func tx3g() []byte {
	const size, font = 16, "Arial"      // what ffmpeg takes for no wish at all
	b := []byte{0, 0, 0, 0, 0, 0, 0, 1} // reserved, data reference
	b = append(b, 0, 0, 0, 0)           // flags
	b = append(b, 1, 0xff)              // centred, at the bottom
	b = append(b, 0, 0, 0, 0)           // background: transparent
	b = append(b, make([]byte, 8)...)   // box: the whole picture
	b = append(b, 0, 0, 0, 0, 0, 1, 0, size, 0xff, 0xff, 0xff, 0xff)
	b = binary.BigEndian.AppendUint32(b, uint32(8+2+2+1+len(font)))
	b = append(b, "ftab"...)
	b = append(b, 0, 1, 0, 1, byte(len(font)))
	return append(b, font...)
}
