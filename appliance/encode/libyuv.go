//go:build cgo

package encode

/*
#cgo LDFLAGS: -lyuv
#include <libyuv/convert.h>
#include <libyuv/scale.h>
*/
import "C"

import "fmt"

func cbytes(b []byte) *C.uint8_t { return (*C.uint8_t)(&b[0]) }

// imageOfYUYV converts packed 4:2:2 (Y0 U Y1 V, 2*width bytes a row) to planar
// 4:2:0, in the memory of spare if that fits. The range of the values stays as it is: 16 to 235 from a camera.
func imageOfYUYV(data []byte, width, height int, spare Image) (Image, error) {
	row := (width + 1) / 2 * 4
	if len(data) < row*height {
		return Image{}, fmt.Errorf("YUYV picture of %dx%d has %d bytes of %d", width, height, len(data), row*height)
	}
	m := spare.resized(width, height)
	m.FullRange = false
	y, u, v := m.Planes()
	rc := C.YUY2ToI420(cbytes(data), C.int(row), cbytes(y), C.int(m.Width),
		cbytes(u), C.int(m.Width/2), cbytes(v), C.int(m.Width/2), C.int(m.Width), C.int(m.Height))
	if rc != 0 {
		return Image{}, fmt.Errorf("libyuv refuses a YUYV picture of %dx%d", width, height)
	}
	return m, nil
}

// scalePlane resamples a plane whose rows are stride bytes apart by averaging:
// chroma of 4:2:2 becomes that of 4:2:0 when only its rows are halved.
func scalePlane(dst []byte, width, height int, src []byte, stride, srcWidth, srcHeight int) {
	filter := C.enum_FilterMode(C.kFilterBox)
	if width == srcWidth {
		filter = C.kFilterBilinear // takes the fast vertical path, and averages two rows as well
	}
	C.ScalePlane(cbytes(src), C.int(stride), C.int(srcWidth), C.int(srcHeight),
		cbytes(dst), C.int(width), C.int(width), C.int(height), filter)
}

// Scale makes a picture of another size, 2x2 or more, rounded down to even sides, by averaging.
func (m Image) Scale(width, height int) (Image, error) {
	if err := m.checkPlanes(); err != nil {
		return Image{}, err
	}
	if err := checkSizeFrom(2, width, height); err != nil {
		return Image{}, err
	}
	if width&^1 == m.Width && height&^1 == m.Height {
		return m, nil
	}
	out := NewImage(width, height)
	out.FullRange, out.BT709 = m.FullRange, m.BT709
	y, u, v := m.Planes()
	oy, ou, ov := out.Planes()
	scalePlane(oy, out.Width, out.Height, y, m.Width, m.Width, m.Height)
	scalePlane(ou, out.Width/2, out.Height/2, u, m.Width/2, m.Width/2, m.Height/2)
	scalePlane(ov, out.Width/2, out.Height/2, v, m.Width/2, m.Width/2, m.Height/2)
	return out, nil
}
