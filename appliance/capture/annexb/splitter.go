package annexb

import (
	"bytes"
	"errors"
	"time"
)

// longest is the size above which an access unit is none: 20 times what a Pi's
// encoder makes at its highest rate.
const longest = 8 << 20

// ErrNotH264 is what a Splitter says of a stream without access units.
var ErrNotH264 = errors.New("no H.264: no access unit in 8 MiB")

// Unit is an access unit and when its first byte arrived.
type Unit struct {
	Data []byte // NAL units with start codes; owned by the receiver
	At   time.Duration
}

// Splitter cuts a stream of bytes into access units. A unit is known to be
// whole when the next one begins (section 7.4.1.2.3), so each comes one frame
// late, with the time at which it began. The zero value is ready.
type Splitter struct {
	buf     []byte // from the start code of the current unit on
	at      time.Duration
	begun   bool // buf begins with a start code
	picture bool // there is a slice in buf
	scan    int  // where to look for the next start code
}

// Add takes the next bytes, which arrived at at, and returns the units that
// they complete.
func (s *Splitter) Add(data []byte, at time.Duration) ([]Unit, error) {
	s.buf = append(s.buf, data...)
	var units []Unit
	for {
		i := bytes.Index(s.buf[s.scan:], startCode[:])
		if i < 0 {
			s.scan = max(s.scan, len(s.buf)-len(startCode)+1)
			break
		}
		i += s.scan
		if i+5 > len(s.buf) { // the NAL unit's header and first byte decide
			s.scan = i
			break
		}
		from := i
		if from > 0 && s.buf[from-1] == 0 {
			from-- // a start code of four bytes
		}
		kind, first := s.buf[i+3]&0x1f, s.buf[i+4]
		if unit, ok := s.cut(from, begins(kind, first), at); ok {
			units = append(units, unit)
			i -= from
		} else if !s.begun {
			s.buf, s.begun, s.at = s.buf[from:], true, at
			i -= from
		}
		s.picture = s.picture || isSlice(kind)
		s.scan = i + len(startCode)
	}
	if !s.begun {
		// Garbage, but for a start code that is not whole yet.
		s.buf = s.buf[max(0, len(s.buf)-len(startCode)-2):]
		s.scan = 0
	}
	if len(s.buf) > longest {
		return units, ErrNotH264
	}
	return units, nil
}

// cut ends the current unit before from, if another begins there.
func (s *Splitter) cut(from int, begins bool, at time.Duration) (Unit, bool) {
	if !s.picture || !begins {
		return Unit{}, false
	}
	u := Unit{bytes.Clone(s.buf[:from]), s.at}
	s.buf = bytes.Clone(s.buf[from:])
	s.at, s.picture = at, false
	return u, true
}

// Flush returns the last unit when the stream has ended.
func (s *Splitter) Flush() (Unit, bool) {
	u, ok := Unit{s.buf, s.at}, s.picture
	*s = Splitter{}
	return u, ok
}

// begins reports whether a NAL unit behind a slice belongs to the next access
// unit: parameter sets, delimiters and the like, or a slice that begins at the
// first macroblock (its number 0 is coded as a single 1 bit).
func begins(kind, first byte) bool {
	switch {
	case isSlice(kind):
		return first&0x80 != 0
	case kind >= 6 && kind <= 9, kind >= 14 && kind <= 18:
		return true
	}
	return false
}

func isSlice(kind byte) bool { return kind == 1 || kind == 2 || kind == 5 }
