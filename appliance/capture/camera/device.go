package camera

import (
	"fmt"
	"time"

	"github.com/blackjack/webcam"
)

// fourcc is a pixel format of V4L2.
type fourcc webcam.PixelFormat

// The formats that are captured.
const (
	formatH264 fourcc = 'H' | '2'<<8 | '6'<<16 | '4'<<24
	formatMJPG fourcc = 'M' | 'J'<<8 | 'P'<<16 | 'G'<<24
	formatJPEG fourcc = 'J' | 'P'<<8 | 'E'<<16 | 'G'<<24
	formatYUYV fourcc = 'Y' | 'U'<<8 | 'Y'<<16 | 'V'<<24
	formatYU12 fourcc = 'Y' | 'U'<<8 | '1'<<16 | '2'<<24
)

// rank orders formats from the best: what is coded already costs least and
// looks best at the same rate on the wire. ok is false for formats that are not captured.
func (f fourcc) rank() (rank int, ok bool) {
	switch f {
	case formatH264:
		return 0, true
	case formatMJPG, formatJPEG:
		return 1, true
	case formatYUYV:
		return 2, true
	case formatYU12:
		return 3, true
	}
	return 0, false
}

// String is the four characters.
func (f fourcc) String() string {
	return string([]byte{byte(f), byte(f >> 8), byte(f >> 16), byte(f>>24) & 0x7f})
}

// system opens cameras; tests have one without hardware.
type system interface {
	// Paths are the nodes that may be cameras, in order of their numbers.
	Paths() []string
	// Now is the clock on which drivers stamp: CLOCK_MONOTONIC.
	Now() time.Duration
	// Open opens a node. The error wraps that of the kernel.
	Open(path string) (device, error)
}

// device is an opened camera. One goroutine uses it, and any call may hang.
type device interface {
	// Identity says which camera it is.
	Identity() identity
	// Modes are what it can deliver, in formats that are captured. Where the
	// driver names ranges, sizes near the wanted ones are tried.
	Modes(want ...wanted) []mode
	// Try asks for a mode without starting: nil if the driver takes it.
	Try(m mode) error
	// Start begins streaming and says what the driver really chose.
	Start(m mode) (layout, error)
	// Next waits for a frame; *idleError if none came in about a second.
	Next() (frame, error)
	Close()
}

// idleError says that no frame came.
type idleError struct{ waited time.Duration }

func (e *idleError) Error() string { return fmt.Sprintf("no frame for %v", e.waited) }

// frame is what the driver gave, copied. Its times are of the clock that
// system.Now reads.
type frame struct {
	data     []byte
	broken   bool          // the driver says that the data may be damaged
	arrived  time.Duration // when it was taken from the driver
	known    bool          // stamp and sequence are the driver's own
	stamp    time.Duration // when the picture was taken
	sequence uint32        // counts frames that the camera gave, lost ones too
}
