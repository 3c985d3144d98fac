//go:build cgo

package encode

/*
#cgo pkg-config: opus
#include <opus.h>

// The library's own way to set options takes any number of arguments, which Go cannot call.
static int hs_opus_set(OpusEncoder *e, int bitrate, int complexity) {
	int rc = opus_encoder_ctl(e, OPUS_SET_BITRATE(bitrate));
	if (rc == OPUS_OK) rc = opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(complexity));
	return rc;
}

static int hs_opus_lookahead(OpusEncoder *e) {
	opus_int32 n = -1;
	opus_encoder_ctl(e, OPUS_GET_LOOKAHEAD(&n));
	return n;
}
*/
import "C"

import (
	"errors"
	"fmt"
)

// opusEncoder makes packets of 20 ms of sound at 48 kHz.
type opusEncoder struct {
	c         *C.OpusEncoder
	channels  int
	lookahead int // samples by which what a decoder gives lags behind what went in
	buf       [1500]byte
}

// newOpusEncoder begins an encoder. bitrate in bit/s; complexity 0 (least work) to 10.
func newOpusEncoder(channels, bitrate, complexity int) (*opusEncoder, error) {
	var rc C.int
	c := C.opus_encoder_create(opusRate, C.int(channels), C.OPUS_APPLICATION_AUDIO, &rc)
	if rc != C.OPUS_OK || c == nil {
		return nil, opusError("no encoder could be made", rc)
	}
	e := &opusEncoder{c: c, channels: channels}
	if rc = C.hs_opus_set(c, C.int(bitrate), C.int(complexity)); rc != C.OPUS_OK {
		e.close()
		return nil, opusError(fmt.Sprintf("%d bit/s at complexity %d", bitrate, complexity), rc)
	}
	e.lookahead = int(C.hs_opus_lookahead(c))
	return e, nil
}

// encode makes one packet of opusFrame samples of each channel, interleaved.
func (e *opusEncoder) encode(samples []float32) ([]byte, error) {
	if len(samples) != opusFrame*e.channels {
		return nil, fmt.Errorf("opus: %d samples in a packet of %d", len(samples), opusFrame*e.channels)
	}
	n := C.opus_encode_float(e.c, (*C.float)(&samples[0]), opusFrame, (*C.uchar)(&e.buf[0]), C.opus_int32(len(e.buf)))
	if n < 0 {
		return nil, opusError("encoding", C.int(n))
	}
	return append([]byte(nil), e.buf[:n]...), nil
}

func (e *opusEncoder) close() {
	if e.c != nil {
		C.opus_encoder_destroy(e.c)
		e.c = nil
	}
}

// OpusDecoder decodes what is stored as media.Opus, at 48 kHz. The first sample
// of a decoded unit was heard at the unit's PTS: nothing is to be skipped. It must be
// closed; one goroutine uses it at a time.
type OpusDecoder struct {
	c        *C.OpusDecoder
	channels int
}

// NewOpusDecoder makes a decoder that gives 1 or 2 channels, whatever was encoded.
func NewOpusDecoder(channels int) (*OpusDecoder, error) {
	var rc C.int
	c := C.opus_decoder_create(opusRate, C.int(channels), &rc)
	if rc != C.OPUS_OK || c == nil {
		return nil, opusError(fmt.Sprintf("no decoder for %d channels", channels), rc)
	}
	return &OpusDecoder{c, channels}, nil
}

// Decode decodes one unit's payload to interleaved samples.
func (d *OpusDecoder) Decode(payload []byte) ([]int16, error) {
	if len(payload) == 0 {
		return nil, errors.New("opus: empty packet")
	}
	if d.c == nil {
		return nil, errors.New("opus: the decoder is closed")
	}
	const longest = opusRate * 120 / 1000 // RFC 6716 section 3.2.5
	out := make([]int16, longest*d.channels)
	n := C.opus_decode(d.c, (*C.uchar)(&payload[0]), C.opus_int32(len(payload)), (*C.opus_int16)(&out[0]), longest, 0)
	if n < 0 {
		return nil, opusError("decoding", n)
	}
	return out[:int(n)*d.channels], nil
}

// Close frees the decoder.
func (d *OpusDecoder) Close() {
	if d.c != nil {
		C.opus_decoder_destroy(d.c)
		d.c = nil
	}
}

func opusError(what string, rc C.int) error {
	return fmt.Errorf("opus: %s: %s", what, C.GoString(C.opus_strerror(rc)))
}
