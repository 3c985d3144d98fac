package media

import "time"

// Format says how the bytes of a Picture are laid out.
type Format uint8

// The formats that cameras give.
const (
	FormatH264  Format = 1 // one access unit, Annex B start codes
	FormatMJPEG Format = 2 // one JPEG image
	FormatYUYV  Format = 3 // packed 4:2:2: Y0 U Y1 V, 2*width bytes a row
	FormatI420  Format = 4 // planar 4:2:0: Y, U, V without padding
)

// Picture is one frame as a camera gave it, before any encoder.
type Picture struct {
	Format        Format
	Width, Height int
	At            time.Duration // when it was taken, on Clock.Boot
	Data          []byte        // owned by the receiver
}

// Sound is a piece of PCM as a microphone gave it, before any encoder.
//
// The samples of consecutive pieces follow one another without a hole; what was
// lost stands before the piece as a count.
type Sound struct {
	Rate     int           // Hz
	Channels int           // 1 or 2
	At       time.Duration // estimate, on Clock.Boot, of when the first sample was heard; jitters by a buffer or more
	LostHere int           // samples per channel lost just before the first one
	Samples  []int16       // interleaved; owned by the receiver
}
