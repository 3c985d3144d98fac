package encode

// bits reads H.264's syntax elements (section 7.2) from the front of a NAL
// unit. Reading beyond the end gives zeros and sets short.
type bits struct {
	data  []byte // emulation prevention bytes already removed
	at    int    // bit
	short bool
}

// newBits reads at most the first limit bytes of a NAL unit, behind its header.
func newBits(nal []byte, limit int) *bits {
	var out []byte
	zeros := 0
	for _, b := range nal[1:] {
		if len(out) == limit {
			break
		}
		if zeros >= 2 && b == 3 {
			zeros = 0
			continue
		}
		if b == 0 {
			zeros++
		} else {
			zeros = 0
		}
		out = append(out, b)
	}
	return &bits{data: out}
}

func (b *bits) bit() uint32 {
	if b.at >= 8*len(b.data) {
		b.short = true
		return 0
	}
	v := b.data[b.at/8] >> (7 - b.at%8) & 1
	b.at++
	return uint32(v)
}

func (b *bits) byte() byte {
	var v byte
	for range 8 {
		v = v<<1 | byte(b.bit())
	}
	return v
}

// ue is an unsigned Exp-Golomb number, section 9.1; more than 31 leading zeros set short.
func (b *bits) ue() uint32 {
	zeros := 0
	for b.bit() == 0 {
		if zeros++; zeros > 31 || b.short {
			b.short = true
			return 0
		}
	}
	v := uint32(1)
	for range zeros {
		v = v<<1 | b.bit()
	}
	return v - 1
}
