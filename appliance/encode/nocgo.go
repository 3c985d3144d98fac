//go:build !cgo

package encode

import (
	"errors"
	"time"
)

// Without cgo the package compiles, so that what imports it can be checked
// without a C compiler, and every codec says why it does nothing.

var errNoCgo = errors.New("encode: built without cgo, so without codecs: build with CGO_ENABLED=1 and a C compiler")

type h264Encoder struct{}

func newH264Encoder(int, int, float64, int, bool) (*h264Encoder, error) { return nil, errNoCgo }

func (*h264Encoder) encode(Image, time.Duration, bool) ([]byte, error) { return nil, errNoCgo }
func (*h264Encoder) close()                                            {}

// H264Decoder is not available without cgo.
type H264Decoder struct{}

// NewH264Decoder fails without cgo.
func NewH264Decoder() (*H264Decoder, error) { return nil, errNoCgo }

// Decode fails without cgo.
func (*H264Decoder) Decode([]byte) (Image, error) { return Image{}, errNoCgo }

// Follow fails without cgo.
func (*H264Decoder) Follow([]byte) error { return errNoCgo }

// Close does nothing.
func (*H264Decoder) Close() {}

// JPEGDecoder is not available without cgo.
type JPEGDecoder struct{}

// NewJPEGDecoder fails without cgo.
func NewJPEGDecoder() (*JPEGDecoder, error) { return nil, errNoCgo }

// Decode fails without cgo.
func (*JPEGDecoder) Decode([]byte) (Image, error) { return Image{}, errNoCgo }

func (*JPEGDecoder) decodeTo([]byte, Image) (Image, error) { return Image{}, errNoCgo }

// Close does nothing.
func (*JPEGDecoder) Close() {}

// JPEGEncoder is not available without cgo.
type JPEGEncoder struct{}

// NewJPEGEncoder fails without cgo.
func NewJPEGEncoder() (*JPEGEncoder, error) { return nil, errNoCgo }

// Encode fails without cgo.
func (*JPEGEncoder) Encode(Image, int) ([]byte, error) { return nil, errNoCgo }

// Close does nothing.
func (*JPEGEncoder) Close() {}

func imageOfYUYV([]byte, int, int, Image) (Image, error) { return Image{}, errNoCgo }

// Scale fails without cgo.
func (m Image) Scale(int, int) (Image, error) { return Image{}, errNoCgo }

type opusEncoder struct{ lookahead int }

func newOpusEncoder(int, int, int) (*opusEncoder, error) { return nil, errNoCgo }

func (*opusEncoder) encode([]float32) ([]byte, error) { return nil, errNoCgo }
func (*opusEncoder) close()                           {}

// OpusDecoder is not available without cgo.
type OpusDecoder struct{}

// NewOpusDecoder fails without cgo.
func NewOpusDecoder(int) (*OpusDecoder, error) { return nil, errNoCgo }

// Decode fails without cgo.
func (*OpusDecoder) Decode([]byte) ([]int16, error) { return nil, errNoCgo }

// Close does nothing.
func (*OpusDecoder) Close() {}

type soxr struct{}

func newFixed(float64, float64, int) (*soxr, error) { return nil, errNoCgo }
func newVariable(float64, int) (*soxr, error)       { return nil, errNoCgo }

func (*soxr) setRatio(float64) error                            { return errNoCgo }
func (*soxr) process(_, _ []float32) (took, wrote int, _ error) { return 0, 0, errNoCgo }
func (*soxr) close()                                            {}
