package rtsp

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
)

// picture is a JPEG as RFC 2435 carries it: without its headers, which the
// receiver makes again from these few fields.
type picture struct {
	kind          byte // RFC 2435 section 4.1: 0 is 4:2:2, 1 is 4:2:0
	width, height int  // pixels, multiples of 8
	interval      uint16
	luma, chroma  []byte // quantization tables, 64 bytes each in zigzag order
	scan          []byte // entropy-coded data without EOI
}

// JPEG markers, ITU-T T.81 table B.1.
const (
	markSOF0 = 0xc0
	markDHT  = 0xc4
	markRST0 = 0xd0
	markRST7 = 0xd7
	markSOI  = 0xd8
	markEOI  = 0xd9
	markSOS  = 0xda
	markDQT  = 0xdb
	markDRI  = 0xdd
	markTEM  = 0x01
)

// packJPEG cuts a JPEG as RFC 2435 says: the main header and, with restart
// markers, the restart header in every packet, the quantization tables in the
// first. Only what the receiver can put together again passes: baseline, 8 bits,
// 4:2:2 or 4:2:0, standard Huffman tables, sides that are multiples of 8 up to 2040.
func packJPEG(b []byte) ([]piece, error) {
	p, err := parseJPEG(b)
	if err != nil {
		return nil, err
	}
	var out []piece
	for done := 0; done < len(p.scan); {
		buf := p.header(make([]byte, 0, mostPayload), done)
		n := min(mostPayload-len(buf), len(p.scan)-done)
		buf = append(buf, p.scan[done:done+n]...)
		done += n
		out = append(out, piece{payload: buf, marker: done == len(p.scan)})
	}
	return out, nil
}

func (p *picture) header(buf []byte, offset int) []byte {
	kind := p.kind
	if p.interval != 0 {
		kind += 64
	}
	buf = append(buf, 0, byte(offset>>16), byte(offset>>8), byte(offset), kind, 255, byte(p.width/8), byte(p.height/8))
	if p.interval != 0 {
		buf = binary.BigEndian.AppendUint16(buf, p.interval)
		buf = append(buf, 0xff, 0xff) // every packet can be decoded on its own only as part of the whole
	}
	if offset == 0 {
		buf = append(buf, 0, 0, 0, 128) // 8-bit tables, 128 bytes of them
		buf = append(buf, p.luma...)
		buf = append(buf, p.chroma...)
	}
	return buf
}

// jpegReader walks over the segments before the scan.
type jpegReader struct {
	rest   []byte
	tables [4][]byte
	frame  []byte // payload of SOF0
	out    picture
}

// parseJPEG reads a JPEG; the error says which rule of RFC 2435 it breaks.
func parseJPEG(b []byte) (*picture, error) {
	if len(b) < 4 || b[0] != 0xff || b[1] != markSOI {
		return nil, errors.New("not a JPEG: no SOI")
	}
	r := jpegReader{rest: b[2:]}
	for {
		mark, body, err := r.segment()
		if err != nil {
			return nil, err
		}
		switch {
		case mark == markSOS:
			return r.finish(body)
		case mark == markDQT:
			err = r.quantization(body)
		case mark == markDHT:
			err = checkHuffman(body)
		case mark == markDRI:
			err = r.restart(body)
		case mark == markSOF0:
			r.frame = body
		case mark > markSOF0 && mark <= 0xcf:
			err = fmt.Errorf("not baseline: SOF marker %#x", mark)
		}
		if err != nil {
			return nil, err
		}
	}
}

// segment takes the next marker and its payload.
func (r *jpegReader) segment() (mark byte, body []byte, err error) {
	for {
		if len(r.rest) < 2 || r.rest[0] != 0xff {
			return 0, nil, errors.New("no marker where one must be")
		}
		mark = r.rest[1]
		switch {
		case mark == 0xff: // fill byte
			r.rest = r.rest[1:]
			continue
		case mark == markTEM || mark >= markRST0 && mark <= markRST7:
			r.rest = r.rest[2:]
			continue
		case mark == markEOI || mark == markSOI || mark == 0:
			return 0, nil, fmt.Errorf("marker %#x before the scan", mark)
		}
		break
	}
	if len(r.rest) < 4 {
		return 0, nil, errors.New("cut short in a header")
	}
	n := int(binary.BigEndian.Uint16(r.rest[2:]))
	if n < 2 || n+2 > len(r.rest) {
		return 0, nil, fmt.Errorf("marker %#x: a segment of %d bytes in %d", mark, n, len(r.rest)-2)
	}
	body, r.rest = r.rest[4:2+n], r.rest[2+n:]
	return mark, body, nil
}

func (r *jpegReader) quantization(b []byte) error {
	for len(b) > 0 {
		if b[0]>>4 != 0 {
			return errors.New("16-bit quantization tables")
		}
		id := b[0] & 15
		if id > 3 || len(b) < 65 {
			return errors.New("a broken quantization table")
		}
		r.tables[id], b = b[1:65], b[65:]
	}
	return nil
}

func (r *jpegReader) restart(b []byte) error {
	if len(b) != 2 {
		return errors.New("a broken restart interval")
	}
	r.out.interval = binary.BigEndian.Uint16(b)
	return nil
}

// checkHuffman compares the tables of a DHT segment with those that every receiver uses.
func checkHuffman(b []byte) error {
	for len(b) > 0 {
		if len(b) < 17 {
			return errors.New("a broken Huffman table")
		}
		n := 17
		for _, c := range b[1:17] {
			n += int(c)
		}
		if n > len(b) {
			return errors.New("a broken Huffman table")
		}
		if hex.EncodeToString(b[1:n]) != standardHuffman[b[0]] {
			return errors.New("Huffman tables of its own, which RFC 2435 does not send")
		}
		b = b[n:]
	}
	return nil
}

// finish reads the scan header and checks the frame header against RFC 2435.
func (r *jpegReader) finish(sos []byte) (*picture, error) {
	f := r.frame
	if len(f) != 15 || f[0] != 8 || f[5] != 3 {
		return nil, errors.New("not 8 bits and three components")
	}
	p := &r.out
	p.height, p.width = int(binary.BigEndian.Uint16(f[1:])), int(binary.BigEndian.Uint16(f[3:]))
	if p.width%8 != 0 || p.height%8 != 0 || p.width > 2040 || p.height > 2040 || p.width == 0 || p.height == 0 {
		return nil, fmt.Errorf("%dx%d: sides must be multiples of 8 up to 2040", p.width, p.height)
	}
	switch y, cb, cr := f[7], f[10], f[13]; {
	case y == 0x21 && cb == 0x11 && cr == 0x11:
		p.kind = 0
	case y == 0x22 && cb == 0x11 && cr == 0x11:
		p.kind = 1
	default:
		return nil, fmt.Errorf("sampling %#x,%#x,%#x: neither 4:2:2 nor 4:2:0", y, cb, cr)
	}
	p.luma, p.chroma = r.table(f[8]), r.table(f[11])
	if p.luma == nil || p.chroma == nil || !bytes.Equal(p.chroma, r.table(f[14])) {
		return nil, errors.New("quantization tables are missing or differ for Cb and Cr")
	}
	want := []byte{3, f[6], 0x00, f[9], 0x11, f[12], 0x11, 0, 63, 0}
	if !bytes.Equal(sos, want) {
		return nil, errors.New("not one scan of all components with Huffman tables 0 and 1")
	}
	p.scan = r.rest[:scanEnd(r.rest)]
	if len(p.scan) == 0 || len(p.scan) >= 1<<24 {
		return nil, fmt.Errorf("a scan of %d bytes", len(p.scan))
	}
	return p, nil
}

func (r *jpegReader) table(id byte) []byte {
	if id > 3 {
		return nil
	}
	return r.tables[id]
}

// scanEnd is where the entropy-coded data ends: at the first marker that is not
// a restart marker, which in a sound picture is EOI.
func scanEnd(b []byte) int {
	for i := 0; ; {
		j := bytes.IndexByte(b[i:], 0xff)
		if j < 0 || i+j+1 >= len(b) {
			return len(b)
		}
		i += j
		if m := b[i+1]; m != 0 && (m < markRST0 || m > markRST7) && m != 0xff {
			return i
		}
		i++
	}
}
