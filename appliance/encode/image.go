package encode

import (
	"fmt"

	"hindsight/media"
)

// maxPixels is the largest picture that is taken: 8192x4320. A header that
// claims more is broken, and believing it would cost gigabytes.
const maxPixels = 8192 * 4320

// Image is one raw picture, planar 4:2:0: Y, U, V without padding, as
// media.FormatI420. Both sides are even; a source's odd last column or row is left out.
type Image struct {
	Width, Height int
	Data          []byte // Width*Height*3/2 bytes
	FullRange     bool   // luma 0 to 255 as in JPEG; else 16 to 235
	BT709         bool   // colours by ITU-R BT.709; else by BT.601 as in JPEG
}

// NewImage makes a picture of the size, rounded down to even sides. What it
// shows is undefined until it is written.
func NewImage(width, height int) Image {
	width, height = width&^1, height&^1
	return Image{Width: width, Height: height, Data: make([]byte, width*height*3/2)}
}

// resized is a picture of the size in the memory of m if that fits, else in new memory.
func (m Image) resized(width, height int) Image {
	if m.Data != nil && m.Width == width&^1 && m.Height == height&^1 {
		return m
	}
	return NewImage(width, height)
}

// Planes are the three planes; their rows are Width, Width/2 and Width/2 long.
func (m Image) Planes() (y, u, v []byte) {
	n := m.Width * m.Height
	return m.Data[:n:n], m.Data[n : n+n/4 : n+n/4], m.Data[n+n/4 : n+n/2 : n+n/2]
}

// check says what is wrong with a picture that somebody else made.
func (m Image) check() error {
	if err := checkSize(m.Width, m.Height); err != nil {
		return err
	}
	return m.checkPlanes()
}

// checkPlanes is check for a picture that may be as small as 2x2, as one that was scaled down.
func (m Image) checkPlanes() error {
	if err := checkSizeFrom(2, m.Width, m.Height); err != nil {
		return err
	}
	if m.Width%2 != 0 || m.Height%2 != 0 {
		return fmt.Errorf("picture of %dx%d: both sides have to be even", m.Width, m.Height)
	}
	if want := m.Width * m.Height * 3 / 2; len(m.Data) < want {
		return fmt.Errorf("picture of %dx%d has %d bytes of %d", m.Width, m.Height, len(m.Data), want)
	}
	return nil
}

// checkSize refuses sizes that no camera has.
func checkSize(width, height int) error { return checkSizeFrom(16, width, height) }

func checkSizeFrom(least, width, height int) error {
	if width < least || height < least || width > 16384 || height > 16384 || width*height > maxPixels {
		return fmt.Errorf("picture size %dx%d: want %dx%d to 8192x4320", width, height, least, least)
	}
	return nil
}

// imageOf takes the raw picture p: as it is where it need not be converted, else
// in the memory of spare, if that fits.
func imageOf(p media.Picture, spare Image) (Image, error) {
	if err := checkSize(p.Width, p.Height); err != nil {
		return Image{}, err
	}
	switch p.Format {
	case media.FormatYUYV:
		return imageOfYUYV(p.Data, p.Width, p.Height, spare)
	case media.FormatI420:
		return imageOfI420(p.Data, p.Width, p.Height)
	}
	return Image{}, fmt.Errorf("picture format %d is not a raw one", p.Format)
}

// imageOfI420 copies only if a side is odd, whose chroma planes are one wider.
func imageOfI420(data []byte, width, height int) (Image, error) {
	cw, ch := (width+1)/2, (height+1)/2
	if want := width*height + 2*cw*ch; len(data) < want {
		return Image{}, fmt.Errorf("I420 picture of %dx%d has %d bytes of %d", width, height, len(data), want)
	}
	if width%2 == 0 && height%2 == 0 {
		return Image{Width: width, Height: height, Data: data[:width*height*3/2]}, nil
	}
	m := NewImage(width, height)
	y, u, v := m.Planes()
	copyPlane(y, m.Width, data, width, m.Height)
	copyPlane(u, m.Width/2, data[width*height:], cw, m.Height/2)
	copyPlane(v, m.Width/2, data[width*height+cw*ch:], cw, m.Height/2)
	return m, nil
}

// copyPlane copies rows of width bytes from a plane whose rows are stride bytes apart.
func copyPlane(dst []byte, width int, src []byte, stride, rows int) {
	for r := range rows {
		copy(dst[r*width:(r+1)*width], src[r*stride:])
	}
}

// fullRange returns the picture with luma and chroma stretched to 0 to 255
// (ITU-R BT.601 to JFIF), a copy unless it was so already.
func (m Image) fullRange() Image {
	if m.FullRange {
		return m
	}
	var luma, chroma [256]byte
	for i := range 256 {
		luma[i] = clampByte((float64(i)-16)*255/219 + 0.5)
		chroma[i] = clampByte((float64(i)-128)*255/224 + 128.5)
	}
	out := NewImage(m.Width, m.Height)
	out.FullRange, out.BT709 = true, m.BT709
	n := m.Width * m.Height
	for i, b := range m.Data[:n] {
		out.Data[i] = luma[b]
	}
	for i, b := range m.Data[n : n*3/2] {
		out.Data[n+i] = chroma[b]
	}
	return out
}

// bt601 returns a picture of full range with its colours by BT.601, which is what JPEG
// knows (JFIF), a copy unless they were so already.
func (m Image) bt601() Image {
	if !m.BT709 {
		return m
	}
	out := NewImage(m.Width, m.Height)
	out.FullRange = m.FullRange
	y, u, v := m.Planes()
	oy, ou, ov := out.Planes()
	// Out of R, G and B by the one and into Y, Cb and Cr by the other, in 65536ths.
	const yu, yv, uu, uv, vu, vv = 6657, 12850, 64871, -7252, -4748, 64448
	for row := range m.Height / 2 {
		for i := range m.Width / 2 {
			c := row*m.Width/2 + i
			cb, cr := int(u[c])-128, int(v[c])-128
			ou[c] = clampInt((uu*cb+uv*cr+1<<15)>>16 + 128)
			ov[c] = clampInt((vu*cb+vv*cr+1<<15)>>16 + 128)
			more := (yu*cb + yv*cr + 1<<15) >> 16
			for _, k := range [4]int{0, 1, m.Width, m.Width + 1} {
				k += 2*row*m.Width + 2*i
				oy[k] = clampInt(int(y[k]) + more)
			}
		}
	}
	return out
}

func clampInt(x int) byte { return byte(max(0, min(255, x))) }

func clampByte(x float64) byte { return byte(max(0, min(255, x))) }
