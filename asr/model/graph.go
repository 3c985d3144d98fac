package model

import "encoding/binary"

// The numbers by which OpenFst knows its files (fst.cc, symbol-table.cc, add-on.h).
const (
	magicFST     = 0x7eb2fdd6 // in the file d6 fd b2 7e
	magicSymbols = 0x7eb2fb74
	magicAddOn   = 446681434
	fileAlign    = 16
	batch        = 2048 // states or arcs are read at a time

	flagInputSymbols  = 1
	flagOutputSymbols = 2
	flagAligned       = 4
)

// graphHeader is OpenFst's FstHeader.
type graphHeader struct {
	kind, arc     string
	version       int32
	flags         int32
	start         int64
	states, arcs  int64
	outputSymbols bool
}

func checkGraph(in *source) error {
	_, err := readGraph(in)
	return err
}

// readGraph reads a graph to its end, as libvosk does, and says whether it
// brings its words with it. It finds what was cut off, and what was written over as
// far as numbers that depend on each other no longer do.
func readGraph(in *source) (symbols bool, err error) {
	h := readFST(in)
	if in.err == nil && in.left != 0 {
		in.fail("is damaged: %d bytes follow its end", in.left)
	}
	return h.outputSymbols, in.err
}

// readFST reads one graph. Of a kind that it does not know it reads the
// header and skips the rest: running it has to show what it is worth.
func readFST(in *source) graphHeader {
	h := readHeader(in)
	if in.err != nil {
		return h
	}
	switch h.kind {
	case "const":
		readConst(in, h)
	case "vector":
		readVector(in, h)
	case "ngram":
		readNgram(in)
	case "olabel_lookahead", "ilabel_lookahead":
		readLookahead(in)
	default:
		in.skip(in.left)
	}
	return h
}

func readHeader(in *source) graphHeader {
	if magic := in.uint32(); in.err == nil && magic != magicFST {
		in.fail("is no graph: it begins with %08x", magic)
	}
	h := graphHeader{kind: in.text(), arc: in.text(), version: in.int32(), flags: in.int32()}
	in.int64() // properties
	h.start, h.states, h.arcs = in.int64(), in.int64(), in.int64()
	if in.err == nil && h.arc != "standard" {
		in.fail("is a graph of %q arcs; the recogniser knows only standard ones", h.arc)
	}
	if in.err == nil && h.flags&flagInputSymbols != 0 {
		readSymbols(in)
	}
	if in.err == nil && h.flags&flagOutputSymbols != 0 {
		readSymbols(in)
		h.outputSymbols = true
	}
	return h
}

func readSymbols(in *source) {
	if magic := in.uint32(); in.err == nil && magic != magicSymbols {
		in.fail("is damaged: its word list begins with %08x", magic)
	}
	in.text()
	in.int64()
	for n := in.count(12); n > 0 && in.err == nil; n-- {
		in.text()
		in.int64()
	}
}

func (h graphHeader) align(in *source) {
	if at := in.size - in.left; h.flags&flagAligned != 0 && at%fileAlign != 0 {
		in.skip(fileAlign - at%fileAlign)
	}
}

// readConst reads ConstFst: all states (weight, position of the first arc,
// number of arcs, of those with no input, with no output), then all arcs.
func readConst(in *source, h graphHeader) {
	h.align(in)
	states := in.atMost(h.states, 20)
	sum := int64(0)
	for i := int64(0); i < states && in.err == nil; {
		for b := in.next(20 * int(min(states-i, batch))); len(b) > 0; b = b[20:] {
			if at := binary.LittleEndian.Uint32(b[4:]); int64(at) != sum {
				in.fail("is damaged: state %d has its arcs at %d instead of %d", i, at, sum)
				break
			}
			sum += int64(binary.LittleEndian.Uint32(b[8:]))
			i++
		}
	}
	if in.err == nil && sum != h.arcs {
		in.fail("is damaged: its states have %d arcs, its header tells of %d", sum, h.arcs)
	}
	checkStart(in, h.start, states)
	h.align(in)
	readArcs(in, in.atMost(h.arcs, 16), states)
}

func checkStart(in *source, start, states int64) {
	if in.err == nil && (start < 0 || start >= states) {
		in.fail("is damaged: it starts at state %d and has %d", start, states)
	}
}

// readArcs reads arcs (input, output, weight, next state) into states, of which there are so many.
func readArcs(in *source, n, states int64) {
	for n > 0 && in.err == nil {
		some := min(n, batch)
		n -= some
		for b := in.next(16 * int(some)); len(b) > 0; b = b[16:] {
			if next := int32(binary.LittleEndian.Uint32(b[12:])); next < 0 || int64(next) >= states {
				in.fail("is damaged: an arc leads to state %d and there are %d", next, states)
				break
			}
		}
	}
}

// readVector reads VectorFst: each state with its arcs. A header of a stream
// that was written without looking back does not know how many there are.
func readVector(in *source, h graphHeader) {
	states := h.states
	if states >= 0 {
		states = in.atMost(states, 12)
	}
	n := int64(0)
	for ; in.err == nil && (states < 0 && in.left > 0 || n < states); n++ {
		in.next(4)
		limit := states
		if states < 0 {
			limit = 1 << 31
		}
		readArcs(in, in.count(16), limit)
	}
	checkStart(in, h.start, n)
}

// readNgram reads NGramFst, whose size follows from three counts (ngram-fst.h, Storage).
func readNgram(in *source) {
	words := func(bits int64) int64 { return (bits + 63) / 64 }
	states, futures, final := in.count(1), in.count(1), in.count(1)
	if in.err != nil {
		return
	}
	n := 8*(words(states*2+1)+words(futures+states+1)+words(states)) + 4*(states+1) + 4*futures
	n += 4*(states+1) + 4*final + 4*(futures+1)
	in.skip(n)
}

// readLookahead reads a graph with which words can be looked up ahead: an
// inner graph and, for each of its states, intervals of words (add-on.h, label-reachable.h).
func readLookahead(in *source) {
	if magic := in.int32(); in.err == nil && magic != magicAddOn {
		in.fail("is damaged: what follows its header is %08x", magic)
	}
	if in.err != nil {
		return
	}
	inner := readHeader(in)
	if inner.kind != "const" {
		in.fail("is damaged: the graph in it is of the kind %q, not const", inner.kind)
		return
	}
	readConst(in, inner)
	if !in.bool() {
		return
	}
	for range 2 {
		if in.bool() {
			readReachable(in)
		}
	}
}

func readReachable(in *source) {
	in.bool()
	if in.bool() {
		in.skip(in.count(8) * 8)
	}
	in.int32()
	for sets := in.count(12); sets > 0 && in.err == nil; sets-- {
		n := in.count(8)
		for ; n > batch; n -= batch {
			readIntervals(in, batch)
		}
		readIntervals(in, int(n))
		in.int32()
	}
}

func readIntervals(in *source, n int) {
	for b := in.next(8 * n); len(b) > 0; b = b[8:] {
		from, to := int32(binary.LittleEndian.Uint32(b)), int32(binary.LittleEndian.Uint32(b[4:]))
		if from > to {
			in.fail("is damaged: an interval of words goes from %d to %d", from, to)
			return
		}
	}
}
