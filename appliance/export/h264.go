package export

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/Eyevinn/mp4ff/avc"
	"github.com/Eyevinn/mp4ff/mp4"
)

// NAL unit types, ITU-T H.264 table 7-1.
const (
	nalSPS = 7
	nalPPS = 8
)

// nals calls f with each NAL unit behind a 4-byte length, with its length; a
// last one that is cut short, or an empty one, is handed over as type 0.
func nals(au []byte, f func(kind byte, whole []byte)) {
	for len(au) > 0 {
		n := len(au)
		if n > 4 {
			if l := int64(binary.BigEndian.Uint32(au)); l > 0 && l <= int64(n-4) {
				n = int(l) + 4
				f(au[4]&0x1f, au[:n])
				au = au[n:]
				continue
			}
		}
		f(0, au)
		return
	}
}

// withParameterSets is known with the kinds of parameter sets that au carries
// put in place of those before: SPS first, then PPS, each once and behind its length.
func withParameterSets(known string, au []byte) string {
	take := func(b []byte) (sps, pps []byte) {
		nals(b, func(kind byte, whole []byte) {
			switch {
			case kind == nalSPS && !bytes.Contains(sps, whole):
				sps = append(sps, whole...)
			case kind == nalPPS && !bytes.Contains(pps, whole):
				pps = append(pps, whole...)
			}
		})
		return
	}
	sps, pps := take(au)
	if sps == nil && pps == nil {
		return known
	}
	oldSPS, oldPPS := take([]byte(known))
	if sps == nil {
		sps = oldSPS
	}
	if pps == nil {
		pps = oldPPS
	}
	return string(sps) + string(pps)
}

// withoutParameterSets is au as pieces without SPS and PPS, which stand in the
// sample entry (ISO/IEC 14496-15, 5.4.2: an avc1 sample carries none). The
// pieces point into au. A unit that is nothing else is left as it is.
func withoutParameterSets(pieces [][]byte, au []byte) [][]byte {
	first := len(pieces)
	nals(au, func(kind byte, whole []byte) {
		if kind != nalSPS && kind != nalPPS {
			pieces = append(pieces, whole)
		}
	})
	if len(pieces) == first {
		pieces = append(pieces, au)
	}
	return pieces
}

// h264Entry is the sample entry avc1 with the size that the SPS tells.
func h264Entry(config string) (*mp4.VisualSampleEntryBox, error) {
	var spss, ppss [][]byte
	nals([]byte(config), func(kind byte, whole []byte) {
		switch kind {
		case nalSPS:
			spss = append(spss, whole[4:])
		case nalPPS:
			ppss = append(ppss, whole[4:])
		}
	})
	if len(spss) == 0 || len(ppss) == 0 {
		return nil, fmt.Errorf("h264: %d SPS and %d PPS, need at least one of each", len(spss), len(ppss))
	}
	sps, err := parseSPS(spss[0])
	if err != nil {
		return nil, err
	}
	avcC, err := mp4.CreateAvcC(spss, ppss, true)
	if err != nil {
		return nil, fmt.Errorf("h264: %w", err)
	}
	avcC.ChromaFormat = byte(sps.ChromaFormatIDC)
	avcC.BitDepthLumaMinus1 = byte(sps.BitDepthLumaMinus8)
	avcC.BitDepthChromaMinus1 = byte(sps.BitDepthChromaMinus8)
	if !slices.Contains([]byte{100, 110, 122, 144}, avcC.AVCProfileIndication) {
		avcC.NoTrailingInfo = true
	}
	entry := mp4.CreateVisualSampleEntryBox("avc1", uint16(sps.Width), uint16(sps.Height), avcC)
	if v := sps.VUI; v != nil && v.SampleAspectRatioWidth > 0 && v.SampleAspectRatioHeight > 0 &&
		v.SampleAspectRatioWidth != v.SampleAspectRatioHeight {
		entry.AddChild(&mp4.PaspBox{HSpacing: uint32(v.SampleAspectRatioWidth), VSpacing: uint32(v.SampleAspectRatioHeight)})
	}
	return entry, nil
}

// parseSPS reads an SPS that a camera sent: whatever it holds, it is an error, not a panic.
func parseSPS(nal []byte) (sps *avc.SPS, err error) {
	defer func() {
		if r := recover(); r != nil {
			sps, err = nil, fmt.Errorf("h264: unreadable SPS: %v", r)
		}
	}()
	sps, err = avc.ParseSPSNALUnit(nal, false)
	if err != nil {
		return nil, fmt.Errorf("h264: unreadable SPS: %w", err)
	}
	if len(nal) > 0xffff {
		return nil, fmt.Errorf("h264: SPS of %d bytes", len(nal))
	}
	if sps.Width == 0 || sps.Height == 0 || sps.Width > 16384 || sps.Height > 16384 {
		return nil, fmt.Errorf("h264: SPS tells a picture of %dx%d", sps.Width, sps.Height)
	}
	return sps, nil
}
