//go:build cgo

package encode

/*
#cgo pkg-config: libturbojpeg
#include <stdlib.h>
#include <turbojpeg.h>

static int hs_jpeg_decode(tjhandle h, const unsigned char *data, unsigned long size,
		unsigned char *y, unsigned char *u, unsigned char *v, int width, int height) {
	unsigned char *planes[3] = {y, u, v};
	return tjDecompressToYUVPlanes(h, data, size, planes, width, NULL, height, TJFLAG_LIMITSCANS);
}

static int hs_jpeg_encode(tjhandle h, const unsigned char *y, const unsigned char *u, const unsigned char *v,
		int width, int height, int quality, unsigned char **out, unsigned long *size) {
	const unsigned char *planes[3] = {y, u, v};
	return tjCompressFromYUVPlanes(h, planes, width, NULL, height, TJSAMP_420, out, size, quality, 0);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"unsafe"
)

// JPEGDecoder decodes JPEG images to planar 4:2:0. It must be closed; one
// goroutine uses it at a time.
type JPEGDecoder struct {
	c       C.tjhandle
	scratch [3][]byte
}

// NewJPEGDecoder makes a decoder. It fails only without memory.
func NewJPEGDecoder() (*JPEGDecoder, error) {
	d := &JPEGDecoder{}
	return d, d.renew()
}

// renew takes a new handle. A handle keeps tables and state of the image
// before, and after an error it lies about the next one.
func (d *JPEGDecoder) renew() error {
	d.Close()
	if d.c = C.tjInitDecompress(); d.c == nil {
		return errors.New("turbojpeg: no decoder could be made")
	}
	return nil
}

// Decode decodes an image of any chroma sampling, grey or progressive too. An image that is
// not whole, or over which the library has any complaint, is refused. The result has FullRange.
func (d *JPEGDecoder) Decode(data []byte) (Image, error) { return d.decodeTo(data, Image{}) }

// decodeTo decodes into the memory of spare if that fits.
func (d *JPEGDecoder) decodeTo(data []byte, spare Image) (Image, error) {
	data, head, err := completeJPEG(data)
	if err != nil {
		return Image{}, err
	}
	if d.c == nil {
		return Image{}, errors.New("jpeg: the decoder is closed")
	}
	m, err := d.decode(data, head, spare)
	if err != nil || head.progressive {
		if renewed := d.renew(); renewed != nil {
			return Image{}, renewed
		}
	}
	return m, err
}

func (d *JPEGDecoder) decode(data []byte, head jpegHead, spare Image) (Image, error) {
	var width, height, sampling, colours C.int
	src, size := (*C.uchar)(&data[0]), C.ulong(len(data))
	if rc := C.tjDecompressHeader3(d.c, src, size, &width, &height, &sampling, &colours); rc != 0 {
		return Image{}, d.failure()
	}
	if int(width) != head.width || int(height) != head.height {
		return Image{}, fmt.Errorf("jpeg: says %dx%d and %dx%d", head.width, head.height, int(width), int(height))
	}
	if colours != C.TJCS_YCbCr && colours != C.TJCS_GRAY {
		return Image{}, errors.New("jpeg: colours are not YCbCr")
	}
	m := spare.resized(head.width, head.height)
	m.FullRange = true
	planes, direct := d.planes(m, width, height, sampling)
	if rc := C.hs_jpeg_decode(d.c, src, size, ptr(planes[0].data), ptr(planes[1].data), ptr(planes[2].data), width, height); rc != 0 {
		return Image{}, d.failure()
	}
	if !direct {
		m.assemble(planes)
	}
	return m, nil
}

// plane is one plane as the library writes it, with its padding.
type plane struct {
	data          []byte
	width, height int
}

// planes are where the library is to write: into m where the layout is equal
// (direct if all are), else into scratch.
func (d *JPEGDecoder) planes(m Image, width, height, sampling C.int) (p [3]plane, direct bool) {
	y, u, v := m.Planes()
	own := [3]plane{{y, m.Width, m.Height}, {u, m.Width / 2, m.Height / 2}, {v, m.Width / 2, m.Height / 2}}
	direct = true
	for i := range p {
		if i > 0 && sampling == C.TJSAMP_GRAY {
			return p, false
		}
		p[i].width = int(C.tjPlaneWidth(C.int(i), width, sampling))
		p[i].height = int(C.tjPlaneHeight(C.int(i), height, sampling))
		if p[i].width == own[i].width && p[i].height == own[i].height {
			p[i].data = own[i].data
			continue
		}
		direct = false
		if n := p[i].width * p[i].height; cap(d.scratch[i]) < n {
			d.scratch[i] = make([]byte, n)
		}
		p[i].data = d.scratch[i][:p[i].width*p[i].height]
	}
	return p, direct
}

// assemble fills m from planes of another layout.
func (m Image) assemble(p [3]plane) {
	y, u, v := m.Planes()
	if &p[0].data[0] != &y[0] {
		copyPlane(y, m.Width, p[0].data, p[0].width, m.Height)
	}
	for i, dst := range [2][]byte{u, v} {
		switch src := p[i+1]; {
		case src.data == nil: // grey
			for k := range dst {
				dst[k] = 128
			}
		case &src.data[0] == &dst[0]:
		default:
			scalePlane(dst, m.Width/2, m.Height/2, src.data, src.width,
				kept(src.width, m.Width), kept(src.height, m.Height))
		}
	}
}

// kept is how much of a chroma plane's side stands for the even side of the picture
// that is kept: all of it where chroma is as fine as luma, else at most half.
func kept(side, picture int) int {
	if side >= picture {
		return picture
	}
	return min(side, picture/2)
}

func ptr(b []byte) *C.uchar {
	if len(b) == 0 {
		return nil
	}
	return (*C.uchar)(&b[0])
}

func (d *JPEGDecoder) failure() error {
	return errors.New("jpeg: " + C.GoString(C.tjGetErrorStr2(d.c)))
}

// Close frees the decoder.
func (d *JPEGDecoder) Close() {
	if d.c != nil {
		C.tjDestroy(d.c)
		d.c = nil
	}
}

// JPEGEncoder makes JPEG images, 4:2:0, baseline, with the standard tables. It
// must be closed; one goroutine uses it at a time.
type JPEGEncoder struct {
	c    C.tjhandle
	dst  *C.uchar
	size C.ulong
}

// NewJPEGEncoder makes an encoder. It fails only without memory.
func NewJPEGEncoder() (*JPEGEncoder, error) {
	c := C.tjInitCompress()
	if c == nil {
		return nil, errors.New("turbojpeg: no encoder could be made")
	}
	return &JPEGEncoder{c: c}, nil
}

// Encode makes an image; quality is 1 (worst) to 100. A picture that is not
// full range, or not by BT.601, is converted first, as JPEG knows no other.
func (e *JPEGEncoder) Encode(m Image, quality int) ([]byte, error) {
	if err := m.checkPlanes(); err != nil {
		return nil, err
	}
	if quality < 1 || quality > 100 {
		return nil, fmt.Errorf("jpeg: quality %d: want 1 to 100", quality)
	}
	y, u, v := m.fullRange().bt601().Planes()
	size := e.size
	rc := C.hs_jpeg_encode(e.c, (*C.uchar)(&y[0]), (*C.uchar)(&u[0]), (*C.uchar)(&v[0]),
		C.int(m.Width), C.int(m.Height), C.int(quality), &e.dst, &size)
	e.size = max(e.size, size)
	if rc != 0 {
		return nil, errors.New("jpeg: " + C.GoString(C.tjGetErrorStr2(e.c)))
	}
	return C.GoBytes(unsafe.Pointer(e.dst), C.int(size)), nil
}

// Close frees the encoder.
func (e *JPEGEncoder) Close() {
	if e.c != nil {
		C.tjDestroy(e.c)
		C.tjFree(e.dst)
		e.c, e.dst = nil, nil
	}
}
