package export

import (
	"io"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"hindsight/media"
)

// Size is how many bytes Write will write.
func (m *Movie) Size() int64 { return m.size }

// measure computes Size. An error says which track cannot be described.
func (m *Movie) measure() (int64, error) {
	boxes, large, err := m.boxes()
	if err != nil {
		return 0, err
	}
	return int64(headSize(boxes, large) + m.textBytes + m.payload), nil
}

// head writes everything in front of the payload.
func (m *Movie) head(w io.Writer) error {
	boxes, large, err := m.boxes()
	if err != nil {
		return err
	}
	for _, b := range boxes {
		if err := b.Encode(w); err != nil {
			return err
		}
	}
	size := m.textBytes + m.payload + 8
	if large {
		size += 8
	}
	return mp4.EncodeHeaderWithSize("mdat", size, large, w)
}

// headSize is the size of boxes and of the header of mdat behind them.
func headSize(boxes []mp4.Box, large bool) uint64 {
	n := uint64(8)
	if large {
		n = 16
	}
	for _, b := range boxes {
		n += b.Size()
	}
	return n
}

// boxes are ftyp and moov. large: offsets and the size of mdat need 64 bits.
func (m *Movie) boxes() (boxes []mp4.Box, large bool, err error) {
	ftyp := mp4.NewFtyp("isom", 0x200, []string{"isom", "iso2", "avc1", "mp41"})
	moov, err := m.moov(0, false)
	if err != nil {
		return nil, false, err
	}
	base := headSize([]mp4.Box{ftyp, moov}, false)
	if large = base+m.textBytes+m.payload >= 1<<32; large {
		if moov, err = m.moov(0, true); err != nil {
			return nil, false, err
		}
		base = headSize([]mp4.Box{ftyp, moov}, true)
	}
	moov, err = m.moov(base, large)
	return []mp4.Box{ftyp, moov}, large, err
}

func (m *Movie) moov(base uint64, large bool) (*mp4.MoovBox, error) {
	moov := mp4.NewMoovBox()
	mvhd := mp4.CreateMvhd()
	mvhd.Timescale = videoScale
	mvhd.Duration = uint64(ticks(m.Length, videoScale))
	mvhd.Version = version(mvhd.Duration)
	mvhd.SetCreationTimeS(m.Start.Unix())
	mvhd.SetModificationTimeS(m.Start.Unix())
	moov.AddChild(mvhd)
	id := uint32(0)
	for _, l := range m.inOrder() {
		id++
		trak, err := m.trak(id, l, base+m.textBytes, large)
		if err != nil {
			return nil, err
		}
		moov.AddChild(trak)
	}
	for _, t := range m.text {
		id++
		moov.AddChild(t.trak(m, id, base, large))
	}
	mvhd.NextTrackID = id + 1
	moov.AddChild(m.notes())
	return moov, nil
}

// inOrder are the lanes that have samples, pictures first, as players expect.
func (m *Movie) inOrder() (out []*lane) {
	for _, kind := range []media.Kind{media.Video, media.Audio} {
		for _, l := range m.lanes {
			if l.kind == kind && l.table.samples() > 0 {
				out = append(out, l)
			}
		}
	}
	return out
}

// version is 1 for boxes whose duration needs 64 bits.
func version(duration uint64) byte {
	if duration >= 1<<32 {
		return 1
	}
	return 0
}

func (m *Movie) trak(id uint32, l *lane, base uint64, large bool) (*mp4.TrakBox, error) {
	entry, width, height, err := l.params.entry()
	if err != nil {
		return nil, err
	}
	trak := mp4.CreateEmptyTrak(id, l.scale(), l.kind.String(), "und")
	edits := l.edits(m.Length)
	tkhd, mdhd := trak.Tkhd, trak.Mdia.Mdhd
	for _, e := range edits {
		tkhd.Duration += e.SegmentDuration
	}
	tkhd.Version = version(tkhd.Duration)
	tkhd.SetCreationTimeS(m.Start.Unix())
	tkhd.SetModificationTimeS(m.Start.Unix())
	tkhd.Width, tkhd.Height = mp4.Fixed32(uint32(width)<<16), mp4.Fixed32(uint32(height)<<16)
	mdhd.Duration = uint64(l.table.units)
	mdhd.Version = version(mdhd.Duration)
	mdhd.SetCreationTimeS(m.Start.Unix())
	mdhd.SetModificationTimeS(m.Start.Unix())
	trak.Mdia.Hdlr.Name = l.kind.String() + " " + l.role.String()

	edts := &mp4.EdtsBox{}
	edts.AddChild(&mp4.ElstBox{Version: 1, Entries: edits})
	trak.Children = append(trak.Children[:1], edts, trak.Mdia)
	trak.Edts = edts

	stbl := mp4.NewStblBox()
	stsd := mp4.NewStsdBox()
	stsd.AddChild(entry)
	stbl.AddChild(stsd)
	for _, b := range append(l.table.boxes(base, large), l.rolls()...) {
		stbl.AddChild(b)
	}
	minf := trak.Mdia.Minf
	minf.Children[len(minf.Children)-1], minf.Stbl = stbl, stbl
	return trak, nil
}

// edits say what of the track is seen or heard, and when: nothing until it
// begins, then everything from shown on.
func (l *lane) edits(length time.Duration) []mp4.ElstEntry {
	end := ticks(length, videoScale)
	if l.kind == media.Audio {
		end = min(end, rescale(l.first+l.table.units, l.scale()))
	}
	late := rescale(l.shown, l.scale())
	var out []mp4.ElstEntry
	if late > 0 {
		out = append(out, mp4.ElstEntry{SegmentDuration: uint64(late), MediaTime: -1, MediaRateInteger: 1})
	}
	return append(out, mp4.ElstEntry{
		SegmentDuration:  uint64(max(end-late, 0)),
		MediaTime:        l.shown - l.first,
		MediaRateInteger: 1,
	})
}

// rescale turns 1/scale s into units of the movie.
func rescale(t int64, scale uint32) int64 {
	return (t*videoScale + int64(scale)/2) / int64(scale)
}

// rolls say how many samples a decoder needs before the one that it jumps to
// (ISO/IEC 14496-12, 10.1): 80 ms of Opus, one frame of AAC.
func (l *lane) rolls() []mp4.Box {
	distance := int16(0)
	switch l.params.codec {
	case media.Opus:
		distance = -4
	case media.AAC:
		distance = -1
	default:
		return nil
	}
	return []mp4.Box{
		&mp4.SgpdBox{Version: 1, GroupingType: "roll", DefaultLength: 2,
			SampleGroupEntries: []mp4.SampleGroupEntry{&mp4.RollSampleGroupEntry{RollDistance: distance}}},
		&mp4.SbgpBox{GroupingType: "roll", SampleCounts: []uint32{l.table.samples()}, GroupDescriptionIndices: []uint32{1}},
	}
}
