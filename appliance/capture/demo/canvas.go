package demo

// canvas is a picture in I420: luma, then the two colour planes of half the size.
type canvas struct {
	width, height int
	y, u, v       []byte
}

func newCanvas(data []byte, width, height int) canvas {
	n := width * height
	return canvas{width, height, data[:n], data[n : n+n/4], data[n+n/4 : n+n/2]}
}

func canvasSize(width, height int) int { return width * height * 3 / 2 }

// colour is a colour in Y, Cb, Cr of limited range.
type colour struct{ y, u, v byte }

// rgb is a colour given in red, green, blue of 0 to 1.
type rgb struct{ r, g, b float64 }

func hex(v uint32) rgb {
	return rgb{float64(v>>16&255) / 255, float64(v>>8&255) / 255, float64(v&255) / 255}
}

func (c rgb) mix(o rgb, t float64) rgb {
	t = max(0, min(1, t))
	return rgb{c.r + (o.r-c.r)*t, c.g + (o.g-c.g)*t, c.b + (o.b-c.b)*t}
}

// yuv converts with the matrix that players assume when a stream does not say:
// BT.709 from 720 rows on, BT.601 below.
func (c rgb) yuv(height int) colour {
	kr, kb := 0.2126, 0.0722
	if height < 720 {
		kr, kb = 0.299, 0.114
	}
	y := kr*c.r + (1-kr-kb)*c.g + kb*c.b
	return colour{
		y: byte(16.5 + 219*y),
		u: byte(128.5 + 224*(c.b-y)/(2*(1-kb))),
		v: byte(128.5 + 224*(c.r-y)/(2*(1-kr))),
	}
}

// rect fills columns x0 to x1 and rows y0 to y1, the last not included; all are even.
func (c canvas) rect(x0, y0, x1, y1 int, k colour) {
	fill(c.y, c.width, x0, y0, x1, y1, k.y)
	fill(c.u, c.width/2, x0/2, y0/2, x1/2, y1/2, k.u)
	fill(c.v, c.width/2, x0/2, y0/2, x1/2, y1/2, k.v)
}

func fill(plane []byte, stride, x0, y0, x1, y1 int, v byte) {
	if x0 >= x1 || y0 >= y1 {
		return
	}
	first := plane[y0*stride+x0 : y0*stride+x1]
	for i := range first {
		first[i] = v
	}
	for y := y0 + 1; y < y1; y++ {
		copy(plane[y*stride+x0:], first)
	}
}

// mask is a shape of even size: how much of each pixel it covers, 0 to 255.
type mask struct {
	width, height int
	luma          []byte
	chroma        []byte // of half the width and height
}

// newMask takes luma cover of an even size and derives that of the colour planes.
func newMask(width, height int, luma []byte) mask {
	m := mask{width, height, luma, make([]byte, width*height/4)}
	for y := 0; y < height; y += 2 {
		for x := 0; x < width; x += 2 {
			i := y*width + x
			sum := int(luma[i]) + int(luma[i+1]) + int(luma[i+width]) + int(luma[i+width+1])
			m.chroma[y/2*width/2+x/2] = byte(sum / 4)
		}
	}
	return m
}

// paint lays the shape in colour k with its upper left corner at x, y, both even.
// What lies outside of the canvas, or below row floor(column) if floor is given, is left out.
func (c canvas) paint(m mask, x, y int, k colour, floor []int) {
	blend(c.y, c.width, c.height, m.luma, m.width, x, y, k.y, floor, 1)
	blend(c.u, c.width/2, c.height/2, m.chroma, m.width/2, x/2, y/2, k.u, floor, 2)
	blend(c.v, c.width/2, c.height/2, m.chroma, m.width/2, x/2, y/2, k.v, floor, 2)
}

// blend mixes v into one plane; scale is 2 for a plane of half the size.
func blend(plane []byte, stride, rows int, cover []byte, width, x0, y0 int, v byte, floor []int, scale int) {
	height := len(cover) / width
	for y := max(0, -y0); y < min(height, rows-y0); y++ {
		line := plane[(y0+y)*stride : (y0+y+1)*stride]
		from := max(0, -x0)
		until := max(from, min(width, stride-x0))
		for i, a := range cover[y*width+from : y*width+until] {
			if a == 0 || floor != nil && (y0+y)*scale >= floor[(x0+from+i)*scale] {
				continue
			}
			p := &line[x0+from+i]
			*p = byte(int(*p) + (int(v)-int(*p))*int(a)/255)
		}
	}
}
