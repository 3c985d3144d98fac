package demo

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// face makes shapes of text in one size.
type face struct {
	font   font.Face
	height int // of every shape, even
	ascent int
	cells  map[rune]mask // figures of equal width, so that a running clock stands still
}

// newFace prepares letters that are size pixels high, ascenders and descenders included.
func newFace(size int) *face {
	parsed, err := opentype.Parse(gomedium.TTF)
	if err != nil {
		panic("demo: the built-in font cannot be read: " + err.Error()) // a build without its font
	}
	ff, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: float64(max(size, 4)), DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		panic("demo: the built-in font has no such size: " + err.Error())
	}
	m := ff.Metrics()
	f := &face{font: ff, ascent: m.Ascent.Ceil(), height: even(m.Ascent.Ceil() + m.Descent.Ceil()), cells: map[rune]mask{}}
	for _, r := range "0123456789" {
		f.cells[r] = f.cell(r, "0")
	}
	for _, r := range ":. " {
		f.cells[r] = f.cell(r, string(r))
	}
	return f
}

func even(n int) int { return (n + 1) &^ 1 }

// cell is one character in the middle of a shape as wide as the text like.
func (f *face) cell(r rune, like string) mask {
	width := even(font.MeasureString(f.font, like).Ceil())
	return f.shape(string(r), width, (fixed.I(width)-font.MeasureString(f.font, string(r)))/2)
}

// text is a line of text with the letters where the font wants them.
func (f *face) text(s string) mask {
	return f.shape(s, max(2, even(font.MeasureString(f.font, s).Ceil())), 0)
}

func (f *face) shape(s string, width int, x fixed.Int26_6) mask {
	img := image.NewAlpha(image.Rect(0, 0, width, f.height))
	d := font.Drawer{
		Dst: draw.Image(img), Src: image.NewUniform(color.Alpha{255}), Face: f.font,
		Dot: fixed.Point26_6{X: x, Y: fixed.I(f.ascent)},
	}
	d.DrawString(s)
	return newMask(width, f.height, img.Pix)
}

// figures paints characters of cells one after the other and returns the column behind them.
func (f *face) figures(c canvas, s string, x, y int, k colour) int {
	for _, r := range s {
		m := f.cells[r]
		c.paint(m, x, y, k, nil)
		x += m.width
	}
	return x
}

// width is how wide figures would paint s.
func (f *face) width(s string) int {
	w := 0
	for _, r := range s {
		w += f.cells[r].width
	}
	return w
}
