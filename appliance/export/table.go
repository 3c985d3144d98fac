package export

import (
	"github.com/Eyevinn/mp4ff/mp4"
)

// table is what moov says about the samples of a track, as it grows: four
// bytes a sample, and runs of equal values for the rest.
type table struct {
	stts   mp4.SttsBox
	ctts   mp4.CttsBox
	stsz   mp4.StszBox
	stsc   mp4.StscBox
	keys   mp4.StssBox
	chunks []uint64 // offset of each within the payload
	moved  bool     // some sample is shown at another time than it is decoded
	units  int64    // sum of durations
}

func (t *table) samples() uint32 { return uint32(len(t.stsz.SampleSize)) }

// size adds a sample's size.
func (t *table) size(n int) {
	t.stsz.SampleSize = append(t.stsz.SampleSize, uint32(n))
	t.stsz.SampleNumber++
}

// timing adds the times of the next sample: how long until the following one,
// how much later it is shown, whether decoding may begin at it.
func (t *table) timing(duration, offset int64, key bool, number uint32) {
	t.units += duration
	d, last := uint32(duration), len(t.stts.SampleCount)-1
	if last >= 0 && t.stts.SampleTimeDelta[last] == d {
		t.stts.SampleCount[last]++
	} else {
		t.stts.SampleCount = append(t.stts.SampleCount, 1)
		t.stts.SampleTimeDelta = append(t.stts.SampleTimeDelta, d)
	}
	if t.ctts.EndSampleNr == nil {
		t.ctts.EndSampleNr = []uint32{0}
	}
	if n := len(t.ctts.SampleOffset); n > 0 && t.ctts.SampleOffset[n-1] == int32(offset) {
		t.ctts.EndSampleNr[n]++
	} else {
		t.ctts.SampleOffset = append(t.ctts.SampleOffset, int32(offset))
		t.ctts.EndSampleNr = append(t.ctts.EndSampleNr, number)
	}
	t.moved = t.moved || offset != 0
	if key {
		t.keys.SampleNumber = append(t.keys.SampleNumber, number)
	}
}

// chunk adds a chunk of n samples at an offset within the payload.
func (t *table) chunk(offset uint64, n uint32) {
	t.chunks = append(t.chunks, offset)
	if e := t.stsc.Entries; len(e) == 0 || e[len(e)-1].SamplesPerChunk != n {
		t.stsc.Entries = append(e, mp4.StscEntry{FirstChunk: uint32(len(t.chunks)), SamplesPerChunk: n})
	}
}

// boxes are the boxes of stbl behind stsd, for a payload that begins at byte base of the file.
func (t *table) boxes(base uint64, wide bool) []mp4.Box {
	t.stsc.SetSingleSampleDescriptionID(1)
	out := []mp4.Box{&t.stts}
	if t.moved {
		t.ctts.Version = 1 // signed
		out = append(out, &t.ctts)
	}
	if len(t.keys.SampleNumber) < len(t.stsz.SampleSize) {
		out = append(out, &t.keys)
	}
	out = append(out, &t.stsc, &t.stsz)
	if wide {
		co64 := &mp4.Co64Box{ChunkOffset: make([]uint64, len(t.chunks))}
		for i, c := range t.chunks {
			co64.ChunkOffset[i] = base + c
		}
		return append(out, co64)
	}
	stco := &mp4.StcoBox{ChunkOffset: make([]uint32, len(t.chunks))}
	for i, c := range t.chunks {
		stco.ChunkOffset[i] = uint32(base + c)
	}
	return append(out, stco)
}
