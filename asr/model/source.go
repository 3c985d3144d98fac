package model

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// source reads a file front to back, little endian, and knows how much is
// left of it, so that no count in a broken file leads to a large allocation.
type source struct {
	in   *bufio.Reader
	size int64
	left int64
	err  error // the first; what is read afterwards is zero
}

var errCut = errors.New("is cut off: it ends before its contents do")

func newSource(r io.Reader, size int64) *source {
	return &source{in: bufio.NewReaderSize(r, 1<<18), size: size, left: size}
}

// next answers the next n bytes, at most 64 KiB, until the next call.
func (s *source) next(n int) []byte {
	if s.err != nil {
		return make([]byte, n)
	}
	if int64(n) > s.left {
		s.err = errCut
		return make([]byte, n)
	}
	b, err := s.in.Peek(n)
	if err != nil {
		s.err = fmt.Errorf("cannot be read: %w", reason(err))
		return make([]byte, n)
	}
	s.in.Discard(n) //nolint:errcheck // it was just peeked at
	s.left -= int64(n)
	return b
}

func (s *source) skip(n int64) {
	if s.err == nil && (n < 0 || n > s.left) {
		s.err = errCut
	}
	if s.err != nil {
		return
	}
	if _, err := io.CopyN(io.Discard, s.in, n); err != nil {
		s.err = fmt.Errorf("cannot be read: %w", reason(err))
	}
	s.left -= n
}

func (s *source) bool() bool     { return s.next(1)[0] != 0 }
func (s *source) int32() int32   { return int32(binary.LittleEndian.Uint32(s.next(4))) }
func (s *source) uint32() uint32 { return binary.LittleEndian.Uint32(s.next(4)) }
func (s *source) int64() int64   { return int64(binary.LittleEndian.Uint64(s.next(8))) }

// count reads a number of things that take at least each bytes apiece.
func (s *source) count(each int64) int64 { return s.atMost(s.int64(), each) }

func (s *source) atMost(n, each int64) int64 {
	if s.err == nil && (n < 0 || n > s.left/each) {
		s.err = fmt.Errorf("is damaged or cut off: it tells of %d entries and has %d bytes left", n, s.left)
	}
	if s.err != nil {
		return 0
	}
	return n
}

// text reads a string with its length before it.
func (s *source) text() string {
	n := s.int32()
	if s.err == nil && (n < 0 || n > 1<<16) {
		s.err = fmt.Errorf("is damaged: a name in it is %d bytes long", n)
	}
	if s.err != nil {
		return ""
	}
	return string(s.next(int(n)))
}

// fail keeps the first fault.
func (s *source) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}
