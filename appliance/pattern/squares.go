package pattern

import "fmt"

const bits = 32 // squares in a row

// Square is the edge of one square in pixels: width/40, rounded down to an even number.
func Square(width int) int { return width / 40 &^ 1 }

// CheckSize says in its error which rule a picture size breaks: both even, and
// room for squares of at least 2 pixels and a middle above them.
func CheckSize(width, height int) error {
	switch {
	case width%2 != 0 || height%2 != 0:
		return fmt.Errorf("picture size %dx%d: both must be even", width, height)
	case width < 80 || height < 60 || height < 8*Square(width):
		return fmt.Errorf("picture size %dx%d: too small for the test pattern; use 80x60 or more, no wider than 5 to 1", width, height)
	case width > 7680 || height > 7680:
		return fmt.Errorf("picture size %dx%d: more than 7680 in one direction", width, height)
	}
	return nil
}

// DrawNumbers draws two rows of 32 squares into the luma plane (stride width) of
// a picture whose size has passed CheckSize: the frame number in the bottom left
// corner, right above it the low 32 bits of the wall time in milliseconds since
// 1970. White is 1, black is 0, the most significant bit is the leftmost.
func DrawNumbers(luma []byte, width, height int, frame, wallMS uint32) {
	s := Square(width)
	drawRow(luma, width, height-s, s, frame)
	drawRow(luma, width, height-2*s, s, wallMS)
}

func drawRow(luma []byte, width, top, s int, v uint32) {
	row := luma[top*width : top*width+bits*s]
	for i := range bits {
		level := byte(Black)
		if v>>(bits-1-i)&1 == 1 {
			level = White
		}
		cell := row[i*s : (i+1)*s]
		for x := range cell {
			cell[x] = level
		}
	}
	for y := 1; y < s; y++ {
		copy(luma[(top+y)*width:], row)
	}
}

// ReadNumbers reads the two rows from a luma plane whose squares have edges of s
// pixels, 2 or more: Square(width), or less in a picture that was made smaller
// by a whole factor. It is not ok when a square is neither dark nor bright or the
// plane is too small.
func ReadNumbers(luma []byte, width, height, s int) (frame, wallMS uint32, ok bool) {
	if s < 2 || width < bits*s || height < 2*s || len(luma) < width*height {
		return 0, 0, false
	}
	frame, ok1 := readRow(luma, width, height-s, s)
	wallMS, ok2 := readRow(luma, width, height-2*s, s)
	return frame, wallMS, ok1 && ok2
}

func readRow(luma []byte, width, top, s int) (v uint32, ok bool) {
	ok = true
	for i := range bits {
		m := mean(luma, width, i*s+s/4, top+s/4, i*s+s-s/4, top+s-s/4)
		v <<= 1
		switch {
		case m >= 160:
			v |= 1
		case m > 92:
			ok = false
		}
	}
	return v, ok
}

// ReadFlash reports whether the middle of the picture is white: its mean, the
// outer quarter left out, is at least 200 (a test picture's middle is never so bright
// by itself).
func ReadFlash(luma []byte, width, height int) bool {
	if width < 8 || height < 8 || len(luma) < width*height {
		return false
	}
	x0, y0, x1, y1 := Middle(width, height)
	dx, dy := (x1-x0)/8, (y1-y0)/8
	return mean(luma, width, x0+dx, y0+dy, x1-dx, y1-dy) >= 200
}

func mean(luma []byte, width, x0, y0, x1, y1 int) int {
	sum := 0
	for y := y0; y < y1; y++ {
		for _, p := range luma[y*width+x0 : y*width+x1] {
			sum += int(p)
		}
	}
	return sum / ((x1 - x0) * (y1 - y0))
}
