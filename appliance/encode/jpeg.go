package encode

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// JPEG markers, ITU-T T.81 table B.1.
const (
	jpegSOI = 0xD8
	jpegEOI = 0xD9
	jpegSOS = 0xDA
	jpegDQT = 0xDB
	jpegDHT = 0xC4
)

// jpegHead is what the markers of an image say.
type jpegHead struct {
	width, height int
	progressive   bool

	components map[byte]byte // component to its quantisation table
	quant      [4]bool       // tables defined
	huffman    [2][4]bool    // DC and AC tables defined
	wanted     [2][4]bool    // DC and AC tables that scans refer to
	anyDHT     bool
	firstScan  int // offset of the first SOS marker
	end        int // offset behind EOI
}

// completeJPEG checks an image from SOI to EOI, cuts off what a camera adds
// behind it, and inserts the standard Huffman tables if it has none, as USB cameras
// leave them out. Without need the image is not copied.
func completeJPEG(data []byte) ([]byte, jpegHead, error) {
	h, err := parseJPEG(data)
	if err != nil {
		return nil, h, err
	}
	data = data[:h.end]
	if !h.anyDHT {
		out := make([]byte, 0, len(data)+len(standardDHT))
		out = append(out, data[:h.firstScan]...)
		out = append(out, standardDHT...)
		return append(out, data[h.firstScan:]...), h, nil
	}
	return data, h, nil
}

// parseJPEG walks over all markers. What lies between them is not decoded.
func parseJPEG(data []byte) (jpegHead, error) {
	h := jpegHead{components: map[byte]byte{}}
	if len(data) < 4 || data[0] != 0xFF || data[1] != jpegSOI {
		return h, errors.New("jpeg: does not begin with FF D8")
	}
	for at := 2; ; {
		marker, body, next, err := jpegSegment(data, at)
		if err != nil {
			return h, err
		}
		switch {
		case marker == jpegEOI:
			h.end = next
			return h, h.check()
		case marker == jpegSOS:
			if h.firstScan == 0 {
				h.firstScan = at
			}
			if err := h.scan(body); err != nil {
				return h, err
			}
			next, err = skipScan(data, next)
		case marker == jpegDQT:
			err = h.quantTables(body)
		case marker == jpegDHT:
			err = h.huffmanTables(body)
		case marker >= 0xC0 && marker <= 0xCF && marker != 0xC8 && marker != 0xCC:
			err = h.frame(marker, body)
		}
		if err != nil {
			return h, err
		}
		at = next
	}
}

// jpegSegment reads the marker at an offset and what follows it.
func jpegSegment(data []byte, at int) (marker byte, body []byte, next int, err error) {
	for at+1 < len(data) && data[at] == 0xFF && data[at+1] == 0xFF {
		at++ // fill bytes, T.81 section B.1.1.2
	}
	if at+2 > len(data) {
		return 0, nil, 0, errors.New("jpeg: ends before FF D9")
	}
	if data[at] != 0xFF {
		return 0, nil, 0, fmt.Errorf("jpeg: no marker at byte %d", at)
	}
	marker = data[at+1]
	switch {
	case marker == jpegEOI:
		return marker, nil, at + 2, nil
	case marker < 0xC0 || marker >= 0xD0 && marker <= jpegSOI || marker == 0xDC || marker >= 0xF0 && marker < 0xFE || marker == 0xFF:
		return 0, nil, 0, fmt.Errorf("jpeg: marker %02X at byte %d", marker, at)
	case at+4 > len(data):
		return 0, nil, 0, errors.New("jpeg: ends before FF D9")
	}
	n := int(binary.BigEndian.Uint16(data[at+2:]))
	if n < 2 || at+2+n > len(data) {
		return 0, nil, 0, fmt.Errorf("jpeg: segment %02X of %d bytes at byte %d of %d", marker, n, at, len(data))
	}
	return marker, data[at+4 : at+2+n], at + 2 + n, nil
}

// skipScan finds the marker that ends the entropy-coded data, over stuffed zeros and restart markers.
func skipScan(data []byte, at int) (int, error) {
	for {
		i := bytes.IndexByte(data[at:], 0xFF)
		if i < 0 || at+i+1 >= len(data) {
			return 0, errors.New("jpeg: ends before FF D9")
		}
		at += i
		switch next := data[at+1]; {
		case next == 0 || next >= 0xD0 && next <= 0xD7:
			at += 2
		case next == 0xFF:
			at++
		default:
			return at, nil
		}
	}
}

// frame reads SOFn. Only what every player and browser decodes is taken.
func (h *jpegHead) frame(marker byte, body []byte) error {
	if marker > 0xC2 {
		return fmt.Errorf("jpeg: coding process %02X, which no browser decodes", marker)
	}
	if h.width != 0 {
		return errors.New("jpeg: two frame headers")
	}
	if len(body) < 6 || len(body) < 6+3*int(body[5]) {
		return errors.New("jpeg: frame header cut short")
	}
	if body[0] != 8 {
		return fmt.Errorf("jpeg: %d bits a sample, want 8", body[0])
	}
	h.height, h.width = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	if err := checkSize(h.width, h.height); err != nil {
		return fmt.Errorf("jpeg: %w", err)
	}
	if body[5] != 1 && body[5] != 3 {
		return fmt.Errorf("jpeg: %d components, want 1 or 3", body[5])
	}
	for c := body[6 : 6+3*int(body[5])]; len(c) > 0; c = c[3:] {
		if c[1] == 0 || c[1]>>4 > 4 || c[1]&15 > 4 || c[2] > 3 {
			return errors.New("jpeg: frame header out of range")
		}
		h.components[c[0]] = c[2]
	}
	h.progressive = marker == 0xC2
	return nil
}

// quantTables notes the tables that a DQT segment defines.
func (h *jpegHead) quantTables(body []byte) error {
	for len(body) > 0 {
		n := 65
		if body[0]>>4 == 1 {
			n = 129
		}
		if body[0]>>4 > 1 || body[0]&15 > 3 || len(body) < n {
			return errors.New("jpeg: quantisation table cannot be read")
		}
		h.quant[body[0]&15] = true
		body = body[n:]
	}
	return nil
}

// huffmanTables notes the tables that a DHT segment defines.
func (h *jpegHead) huffmanTables(body []byte) error {
	for len(body) > 0 {
		if len(body) < 17 || body[0]>>4 > 1 || body[0]&15 > 3 {
			return errors.New("jpeg: Huffman table cannot be read")
		}
		n := 17
		for _, codes := range body[1:17] {
			n += int(codes)
		}
		if n > 17+256 || len(body) < n {
			return errors.New("jpeg: Huffman table cannot be read")
		}
		h.huffman[body[0]>>4][body[0]&15] = true
		h.anyDHT = true
		body = body[n:]
	}
	return nil
}

// scan reads the header of a scan and notes the tables that it refers to.
func (h *jpegHead) scan(body []byte) error {
	if h.width == 0 {
		return errors.New("jpeg: scan before the frame header")
	}
	if len(body) < 1 || body[0] < 1 || body[0] > 4 || len(body) < 4+2*int(body[0]) {
		return errors.New("jpeg: scan header cannot be read")
	}
	for c := body[1 : 1+2*int(body[0])]; len(c) > 0; c = c[2:] {
		if _, ok := h.components[c[0]]; !ok || c[1]>>4 > 3 || c[1]&15 > 3 {
			return errors.New("jpeg: scan header out of range")
		}
		h.wanted[0][c[1]>>4] = true
		h.wanted[1][c[1]&15] = true
	}
	return nil
}

// check is at EOI: a decoder would silently take a table that is missing from the image before.
func (h *jpegHead) check() error {
	if h.firstScan == 0 {
		return errors.New("jpeg: no scan")
	}
	for c, q := range h.components {
		if !h.quant[q] {
			return fmt.Errorf("jpeg: quantisation table %d of component %d is missing", q, c)
		}
	}
	if h.progressive {
		if !h.anyDHT {
			return errors.New("jpeg: progressive without Huffman tables")
		}
		return nil
	}
	for class := range h.wanted {
		for id, wanted := range h.wanted[class] {
			has := h.huffman[class][id] || !h.anyDHT && id < 2
			if wanted && !has {
				return fmt.Errorf("jpeg: Huffman table %d of class %d is missing", id, class)
			}
		}
	}
	return nil
}
