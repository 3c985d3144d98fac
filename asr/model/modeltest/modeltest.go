// Package modeltest makes models that are whole to all who look at their
// files, small, and of no use to a recogniser: for tests.
package modeltest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Files are a model's files by path: a lookahead graph that brings its own
// words, and an acoustic model that wants an i-vector, as in the makers' small models.
func Files() map[string][]byte {
	return map[string][]byte{
		"README":                         []byte("made by a test\n"),
		"am/final.mdl":                   Acoustic(true),
		"conf/model.conf":                []byte("--min-active=200\n--max-active=3000\n--beam=10.0\n# a remark\n--endpoint.silence-phones=1:2:3\n"),
		"conf/mfcc.conf":                 []byte("--use-energy=false\n--num-mel-bins=40\n"),
		"graph/HCLr.fst":                 Lookahead(400),
		"graph/Gr.fst":                   Ngram(300, 900, 20),
		"graph/disambig_tid.int":         []byte("11887\n11888\n"),
		"graph/phones.txt":               []byte("<eps> 0\nsp 1\n"),
		"graph/phones/word_boundary.int": []byte("1 nonword\n2 begin\n"),
		"ivector/final.ie":               framed("IvectorExtractor", 4000),
		"ivector/final.dubm":             framed("DiagGMM", 900),
		"ivector/final.mat":              Matrix(40, 10),
		"ivector/global_cmvn.stats":      []byte(" [\n  4.89787e+09 -2.5e+08\n  1 2 ]\n"),
		"ivector/online_cmvn.conf":       []byte("# configuration file, used when invoking online2\n"),
		"ivector/splice.conf":            []byte("--left-context=3\n--right-context=3\n"),
	}
}

// OldFiles are a model in the makers' oldest layout, with a graph of one piece and words beside it.
func OldFiles() map[string][]byte {
	return map[string][]byte{
		"final.mdl": Acoustic(false),
		"mfcc.conf": []byte("--num-ceps=40\n"),
		"HCLG.fst":  Const(300, 0),
		"words.txt": []byte("<eps> 0\nhello 1\nworld 2\n"),
	}
}

// Write writes files below dir.
func Write(dir string, files map[string][]byte) error {
	for name, b := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(p, b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Acoustic makes a final.mdl.
func Acoustic(ivector bool) []byte {
	var b bytes.Buffer
	b.WriteString("\x00B<TransitionModel> " + strings.Repeat("\x04\x01\x00\x00\x00", 500) + "</TransitionModel> <Nnet3> \n")
	if ivector {
		b.WriteString("input-node name=ivector dim=100\n")
	}
	b.WriteString("input-node name=input dim=40\n\n<NumComponents> " + strings.Repeat("\x04\x02\x00\x00\x00", 3000) + "</Nnet3> ")
	b.WriteString("<LeftContext> \x04\x0e\x00\x00\x00<RightContext> \x04\x0e\x00\x00\x00<Priors> FV \x04\x02\x00\x00\x00\x00\x00\x80\x3f\x00\x00\x80\x3f")
	return b.Bytes()
}

func framed(token string, n int) []byte {
	return fmt.Appendf(nil, "\x00B<%s> %s</%s> ", token, strings.Repeat("\x3f\x80\x00\x00", n), token)
}

// Matrix makes a binary matrix of floats.
func Matrix(rows, columns int32) []byte {
	b := []byte("\x00BFM \x04")
	b = binary.LittleEndian.AppendUint32(b, uint32(rows))
	b = append(b, 4)
	b = binary.LittleEndian.AppendUint32(b, uint32(columns))
	return append(b, make([]byte, 4*rows*columns)...)
}

// fst is a graph being written, little endian.
type fst struct{ bytes.Buffer }

func (f *fst) put(values ...any) {
	for _, v := range values {
		if s, ok := v.(string); ok {
			f.put(int32(len(s)))
			f.WriteString(s)
			continue
		}
		binary.Write(f, binary.LittleEndian, v) //nolint:errcheck // to memory
	}
}

func (f *fst) header(kind string, version, flags int32, start, states, arcs int64) {
	f.put(uint32(0x7eb2fdd6), kind, "standard", version, flags, uint64(0x65a566a60001), start, states, arcs)
}

func (f *fst) symbols(n int) {
	f.put(uint32(0x7eb2fb74), "words.txt", int64(n), int64(n))
	for i := range n {
		f.put(fmt.Sprintf("word%d", i), int64(i))
	}
}

// Const makes a ConstFst of a chain of states with two arcs each; flags as OpenFst's header has them.
func Const(states int, flags int32) []byte {
	f := &fst{}
	f.constant(states, flags)
	return f.Bytes()
}

func (f *fst) constant(states int, flags int32) {
	f.header("const", 2, flags, 0, int64(states), int64(2*states))
	if flags&2 != 0 {
		f.symbols(3)
	}
	align := func() {
		for flags&4 != 0 && f.Len()%16 != 0 {
			f.WriteByte(0)
		}
	}
	align()
	for i := range states {
		f.put(float32(0), uint32(2*i), uint32(2), uint32(0), uint32(0))
	}
	align()
	for i := range states {
		for range 2 {
			f.put(int32(1), int32(2), float32(0.5), int32((i+1)%states))
		}
	}
}

// Vector makes a VectorFst of a chain of states; with streamed its header does not know how many.
func Vector(states int, streamed bool) []byte {
	f := &fst{}
	n := int64(states)
	if streamed {
		n = -1
	}
	f.header("vector", 2, 0, 0, n, 0)
	for i := range states {
		f.put(float32(0), int64(1), int32(1), int32(2), float32(0.5), int32((i+1)%states))
	}
	return f.Bytes()
}

// Lookahead makes an olabel_lookahead graph, as HCLr.fst is one.
func Lookahead(states int) []byte {
	f := &fst{}
	f.header("olabel_lookahead", 1, 0, -1, 0, 0)
	f.put(int32(446681434))
	f.constant(states, 0)
	f.put(true, false, true, false, false, int32(99), int64(states))
	for i := range states {
		f.put(int64(1), int32(i), int32(i+1), int32(1))
	}
	return f.Bytes()
}

// Ngram makes an NGramFst with words for both sides, as Gr.fst is one.
func Ngram(states, futures, final int64) []byte {
	f := &fst{}
	f.header("ngram", 4, 3, 1, states, 0)
	f.symbols(20)
	f.symbols(20)
	f.put(states, futures, final)
	words := func(bits int64) int64 { return (bits + 63) / 64 }
	n := 8*(words(states*2+1)+words(futures+states+1)+words(states)) + 4*(states+1) + 4*futures
	f.Write(make([]byte, n+4*(states+1)+4*final+4*(futures+1)))
	return f.Bytes()
}
