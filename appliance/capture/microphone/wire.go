package microphone

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"hindsight/appliance/capture"
	"hindsight/media"
)

// What goes over the pipe from the child, all numbers big endian but the samples:
//
//	stream   "HMIC" | version u16 | message...
//	message  type u8 | length u32 | payload of that length
//
//	'f' format   rate u32 (Hz) | channels u8 | device name
//	's' samples  read i64 (ns, CLOCK_BOOTTIME) | behind u32 (frames) | lost u8 |
//	             samples, 16 bits little endian, interleaved
//	'd' device   one capture.Device as JSON
//	'e' error    text
//	'.' end      nothing; the list is complete
//
// "read" is when the samples were read, "behind" how many frames had already
// come in after them; lost is 1 if the driver says that some went missing before.
const (
	wireMagic   = "HMIC"
	wireVersion = 1
	wireLongest = 1 << 20 // bytes of a payload

	wireFormat  = 'f'
	wireSamples = 's'
	wireDevice  = 'd'
	wireError   = 'e'
	wireEnd     = '.'
)

// message is one of format, samples, capture.Device, failure and end.
type message any

// format says what the samples are.
type format struct {
	rate     int // Hz, 8000 to 192000
	channels int // 1 or 2
	device   string
}

// samples are what was read at once.
type samples struct {
	read   time.Duration // when, Clock.Boot
	behind int           // frames that had come in after them by then
	lost   bool          // the driver says that some are missing before them
	data   []int16       // interleaved
}

// failure is the child's own word for what went wrong.
type failure string

// end is the end of the list.
type end struct{}

var errWire = errors.New("not the words of a child of the same version")

// wireWriter writes messages.
type wireWriter struct {
	w   io.Writer
	buf []byte
}

func newWireWriter(w io.Writer) (*wireWriter, error) {
	head := binary.BigEndian.AppendUint16([]byte(wireMagic), wireVersion)
	if _, err := w.Write(head); err != nil {
		return nil, err
	}
	return &wireWriter{w: w}, nil
}

// write sends a message in one write.
func (w *wireWriter) write(m message) error {
	b, err := appendMessage(append(w.buf[:0], 0, 0, 0, 0, 0), m)
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint32(b[1:], uint32(len(b)-5))
	w.buf = b
	_, err = w.w.Write(b)
	return err
}

// appendMessage sets the type in b[0] and appends the payload.
func appendMessage(b []byte, m message) ([]byte, error) {
	be := binary.BigEndian
	switch m := m.(type) {
	case format:
		b[0] = wireFormat
		b = append(be.AppendUint32(b, uint32(m.rate)), byte(m.channels))
		return append(b, m.device...), nil
	case samples:
		b[0] = wireSamples
		b = be.AppendUint32(be.AppendUint64(b, uint64(m.read)), uint32(m.behind))
		lost := byte(0)
		if m.lost {
			lost = 1
		}
		b = slices.Grow(append(b, lost), 2*len(m.data))
		for _, s := range m.data {
			b = append(b, byte(s), byte(s>>8))
		}
		return b, nil
	case capture.Device:
		b[0] = wireDevice
		text, err := json.Marshal(m)
		return append(b, text...), err
	case failure:
		b[0] = wireError
		return append(b, m...), nil
	case end:
		b[0] = wireEnd
		return b, nil
	}
	return nil, fmt.Errorf("no message: %T", m)
}

// wireReader reads messages.
type wireReader struct {
	r   io.Reader
	buf []byte
}

func newWireReader(r io.Reader) (*wireReader, error) {
	var head [len(wireMagic) + 2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	if string(head[:4]) != wireMagic || binary.BigEndian.Uint16(head[4:]) != wireVersion {
		return nil, errWire
	}
	return &wireReader{r: r}, nil
}

// read returns the next message; io.EOF at the end of the stream.
func (r *wireReader) read() (message, error) {
	var head [5]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > wireLongest {
		return nil, fmt.Errorf("message of %d bytes: %w", n, errWire)
	}
	r.buf = slices.Grow(r.buf[:0], int(n))[:n]
	if _, err := io.ReadFull(r.r, r.buf); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return parseMessage(head[0], r.buf)
}

// parseMessage keeps nothing of payload.
func parseMessage(kind byte, payload []byte) (message, error) {
	switch kind {
	case wireFormat:
		return parseFormat(payload)
	case wireSamples:
		return parseSamples(payload)
	case wireDevice:
		var text struct {
			capture.Device
			Kind json.RawMessage `json:"kind"` // known: all are microphones
		}
		if json.Unmarshal(payload, &text) != nil {
			return nil, fmt.Errorf("device: %w", errWire)
		}
		text.Device.Kind = media.Audio
		return text.Device, nil
	case wireError:
		return failure(payload), nil
	case wireEnd:
		return end{}, nil
	}
	return nil, fmt.Errorf("message of type %q: %w", kind, errWire)
}

func parseFormat(b []byte) (message, error) {
	if len(b) < 5 {
		return nil, fmt.Errorf("format: %w", errWire)
	}
	f := format{int(binary.BigEndian.Uint32(b)), int(b[4]), string(b[5:])}
	if f.rate < 8000 || f.rate > 192000 || f.channels < 1 || f.channels > 2 {
		return nil, fmt.Errorf("format of %d Hz, %d channels: %w", f.rate, f.channels, errWire)
	}
	return f, nil
}

func parseSamples(b []byte) (message, error) {
	const head = 8 + 4 + 1
	if len(b) < head || (len(b)-head)%2 != 0 || b[head-1] > 1 {
		return nil, fmt.Errorf("samples: %w", errWire)
	}
	s := samples{
		read:   time.Duration(binary.BigEndian.Uint64(b)),
		behind: int(binary.BigEndian.Uint32(b[8:])),
		lost:   b[head-1] == 1,
		data:   make([]int16, (len(b)-head)/2),
	}
	if s.read < 0 || s.behind < 0 || s.behind > 1<<24 {
		return nil, fmt.Errorf("samples: %w", errWire)
	}
	for i := range s.data {
		s.data[i] = int16(binary.LittleEndian.Uint16(b[head+2*i:]))
	}
	return s, nil
}
