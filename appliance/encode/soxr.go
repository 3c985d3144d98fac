//go:build cgo

package encode

/*
#cgo pkg-config: soxr
#include <pthread.h>
#include <soxr.h>

// The variable-rate engine fills tables of the whole program when the first
// resampler is made, without a lock of its own.
static pthread_mutex_t hs_lock = PTHREAD_MUTEX_INITIALIZER;

static soxr_t hs_soxr_new(double from, double to, int channels, int variable, double ratio, soxr_error_t *err) {
	soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
	soxr_quality_spec_t q = soxr_quality_spec(SOXR_HQ, variable ? SOXR_VR : 0);
	pthread_mutex_lock(&hs_lock);
	soxr_t s = soxr_create(from, to, channels, err, &io, &q, NULL);
	if (s && !*err && variable) *err = soxr_set_io_ratio(s, ratio, 0);
	pthread_mutex_unlock(&hs_lock);
	if (s && *err) {
		soxr_delete(s);
		s = NULL;
	}
	return s;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// soxr is one resampler of interleaved samples, from a fixed or variable rate.
type soxr struct {
	c        C.soxr_t
	channels int
}

// newFixed resamples between two rates in Hz that stay as they are. Sample i of
// the output stands for the time i/to of the input: no delay in the samples, only later.
func newFixed(from, to float64, channels int) (*soxr, error) {
	return newSoxr(from, to, channels, false, 0)
}

// newVariable resamples at a ratio (input over output rate) that may be set at any
// time but has to stay below 1: above it the engine filters with a delay that depends on the
// frequency, and crossing 1 it fades between the two. Its first output stands
// for the input position firstPosition(ratio).
func newVariable(ratio float64, channels int) (*soxr, error) {
	return newSoxr(1, 1, channels, true, ratio)
}

func newSoxr(from, to float64, channels int, variable bool, ratio float64) (*soxr, error) {
	v := C.int(0)
	if variable {
		v = 1
	}
	var msg C.soxr_error_t
	c := C.hs_soxr_new(C.double(from), C.double(to), C.int(channels), v, C.double(ratio), &msg)
	if c == nil {
		return nil, fmt.Errorf("soxr: %g to %g Hz, %d channels: %s", from, to, channels, C.GoString(msg))
	}
	return &soxr{c, channels}, nil
}

// setRatio is in force from the next output sample on.
func (s *soxr) setRatio(ratio float64) error {
	if msg := C.soxr_set_io_ratio(s.c, C.double(ratio), 0); msg != nil {
		return errors.New("soxr: " + C.GoString(msg))
	}
	return nil
}

// process takes samples, of which the resampler keeps what it cannot use yet, and fills out.
// It returns how many values of in it took and how many of out it wrote.
func (s *soxr) process(in, out []float32) (took, wrote int, err error) {
	var dummy float32 // no input is not the end of the input
	src := unsafe.Pointer(&dummy)
	if len(in) > 0 {
		src = unsafe.Pointer(&in[0])
	}
	var idone, odone C.size_t
	msg := C.soxr_process(s.c, C.soxr_in_t(src), C.size_t(len(in)/s.channels), &idone,
		C.soxr_out_t(unsafe.Pointer(&out[0])), C.size_t(len(out)/s.channels), &odone)
	if msg != nil {
		return 0, 0, errors.New("soxr: " + C.GoString(msg))
	}
	return int(idone) * s.channels, int(odone) * s.channels, nil
}

func (s *soxr) close() {
	if s.c != nil {
		C.soxr_delete(s.c)
		s.c = nil
	}
}
