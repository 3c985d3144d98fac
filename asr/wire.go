package asr

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"hindsight/media"
)

// Between parent and child, version 1. The parent writes requests to the
// child's standard input, the child answers each with one line of JSON on its
// standard output, in order; the first line, hello, comes unasked when the model
// is loaded and proved, or instead of it a fault, after which the child ends.
//
// A request is one byte that says what it is, the length of its payload as
// uint32 little endian, and the payload:
//
//	N  begin a new hearing in place of the one before; options as JSON   {"ok":true}
//	P  hear the next samples, S16 little endian, at most a second        {"partial":TEXT} or {"final":[WORD...]}
//	F  finish the hearing                                                {"final":[WORD...]}
//	W  words as a JSON list                                              {"lacks":[TEXT...]}, those that the model does not know
//
// A WORD is {"w":TEXT,"s":START,"e":END,"c":CONFIDENCE}: microseconds since the
// hearing's first sample, and 0 to 1. Instead of any answer may come
// {"fault":REASON,"text":SENTENCE}; after it the child ends. At the end of its
// input the child ends.
const wireVersion = 1

const (
	reqNew    = 'N'
	reqPCM    = 'P'
	reqFinish = 'F'
	reqLacks  = 'W'
)

const (
	longestRequest = 1 << 20      // bytes of payload: phrases; sound is far less
	longestSound   = 2 * Rate     // bytes: one second
	longestLine    = 1 << 20      // bytes
	longestHearing = 1e6 * 86_400 // µs; an engine is renewed long before
)

// writeRequest writes one request in one call.
func writeRequest(w io.Writer, kind byte, payload []byte) error {
	b := make([]byte, 5, 5+len(payload))
	b[0] = kind
	binary.LittleEndian.PutUint32(b[1:], uint32(len(payload)))
	_, err := w.Write(append(b, payload...))
	return err
}

// readRequest reads the next one; io.EOF at the end of the input.
func readRequest(r io.Reader) (kind byte, payload []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	kind = head[0]
	n := binary.LittleEndian.Uint32(head[1:])
	most := uint32(longestRequest)
	switch kind {
	case reqNew, reqLacks:
	case reqPCM:
		most = longestSound
	case reqFinish:
		most = 0
	default:
		return 0, nil, fmt.Errorf("request of unknown kind %q", kind)
	}
	if n > most || kind == reqPCM && n%2 != 0 {
		return 0, nil, fmt.Errorf("request %q of %d bytes: at most %d, sound in whole samples", kind, n, most)
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil, fmt.Errorf("request %q is cut off: %w", kind, io.ErrUnexpectedEOF)
	}
	return kind, payload, nil
}

func putPCM(pcm []int16) []byte {
	b := make([]byte, 0, 2*len(pcm))
	for _, v := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}

func getPCM(b []byte) []int16 {
	pcm := make([]int16, len(b)/2)
	for i := range pcm {
		pcm[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return pcm
}

// line is an answer as it is written. Exactly one of Hello, OK, Partial, Final,
// Lacks and Fault is there.
type line struct {
	Hello   int         `json:"hello,omitempty"` // version of the protocol
	OK      bool        `json:"ok,omitempty"`
	Partial *string     `json:"partial,omitempty"`
	Final   *[]lineWord `json:"final,omitempty"`
	Lacks   *[]string   `json:"lacks,omitempty"`
	Fault   Reason      `json:"fault,omitempty"`
	Text    string      `json:"text,omitempty"` // of the fault
}

type lineWord struct {
	Word       string  `json:"w"`
	Start      int64   `json:"s"`
	End        int64   `json:"e"`
	Confidence float32 `json:"c"`
}

// answerLine is the line for an engine's answer.
func answerLine(a Answer) line {
	if !a.Final {
		return line{Partial: &a.Partial}
	}
	words := make([]lineWord, len(a.Words))
	for i, w := range a.Words {
		words[i] = lineWord{w.Text, w.Start.Microseconds(), w.End.Microseconds(), w.Confidence}
	}
	return line{Final: &words}
}

// parseLine reads an answer and refuses whatever the protocol does not allow.
func parseLine(text []byte) (line, error) {
	var l line
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return line{}, fmt.Errorf("%.200q is no answer: %w", text, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return line{}, fmt.Errorf("%.200q is more than one answer", text)
	}
	n := 0
	for _, there := range []bool{l.Hello != 0, l.OK, l.Partial != nil, l.Final != nil, l.Lacks != nil, l.Fault != ""} {
		if there {
			n++
		}
	}
	if n != 1 || (l.Text != "") != (l.Fault != "") {
		return line{}, fmt.Errorf("%.200q is no answer: it must be one thing", text)
	}
	if l.Final != nil {
		for _, w := range *l.Final {
			if w.Word == "" || w.Start < 0 || w.End < w.Start || w.End > longestHearing || !(w.Confidence >= 0 && w.Confidence <= 1) {
				return line{}, fmt.Errorf("%.200q has a word that cannot be", text)
			}
		}
	}
	return l, nil
}

// answer is what an engine said.
func (l line) answer() (Answer, bool) {
	switch {
	case l.Partial != nil:
		return Answer{Partial: *l.Partial}, true
	case l.Final != nil:
		a := Answer{Final: true}
		for _, w := range *l.Final {
			a.Words = append(a.Words, media.Word{
				Text:  w.Word,
				Start: time.Duration(w.Start) * time.Microsecond, End: time.Duration(w.End) * time.Microsecond,
				Confidence: w.Confidence,
			})
		}
		return a, true
	}
	return Answer{}, false
}

// clean makes a text fit for JSON and the eyes of people.
func clean(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string(bytes.ToValidUTF8([]byte(s), []byte("\uFFFD")))
}
