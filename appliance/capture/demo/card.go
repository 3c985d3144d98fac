package demo

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"hindsight/appliance/pattern"
)

// sunRound is how long the sun takes from one side to the other.
const sunRound = 20 * time.Second

// card draws the test card: an evening over hills, painted once, and on it what
// moves: the sun, the clock, a bar that fills with every second, the numbers.
type card struct {
	width, height, rate int
	zone                *time.Location
	scene               []byte // what never moves
	background          []byte // the scene with the date of day
	day                 string
	skyline             []int // the first row of the hills in each column
	sun                 mask
	clock, line         *face
	numberX, numberY    int // where the frame number stands
	paper, dim, gold    colour
}

func newCard(width, height, rate int, zone *time.Location) *card {
	c := &card{
		width: width, height: height, rate: rate, zone: zone,
		scene: make([]byte, canvasSize(width, height)),
		clock: newFace(min(height*2/15, width/9)),
		line:  newFace(min(height/22, width/36)),
		paper: hex(0xfdf6e8).yuv(height), dim: hex(0xb9bddb).yuv(height), gold: hex(0xffd98a).yuv(height),
	}
	p := newCanvas(c.scene, width, height)
	c.skyline = paintScene(p)
	c.sun = disc(even(min(width, height) / 6))
	c.paintLabels(p)
	return c
}

// paintLabels puts the words that never change right above the squares.
func (c *card) paintLabels(p canvas) {
	margin := c.width / 40 &^ 1
	y := (c.height - 2*pattern.Square(c.width) - c.line.height - c.height/60) &^ 1
	frame := c.line.text("frame ")
	size := c.line.text(fmt.Sprintf("Hindsight demo   %d×%d at %d", c.width, c.height, c.rate))
	p.paint(frame, margin, y, c.dim, nil)
	p.paint(size, (c.width-margin-size.width)&^1, y, c.dim, nil)
	c.numberX, c.numberY = margin+frame.width, y
}

// paintDate makes the background of a day.
func (c *card) paintDate(day string) {
	c.day, c.background = day, slices.Clone(c.scene)
	date := c.line.text(day)
	newCanvas(c.background, c.width, c.height).paint(date, (c.width-date.width)/2&^1, c.clockTop()+c.clock.height&^1, c.dim, nil)
}

func (c *card) clockTop() int { return c.height / 40 &^ 1 }

// draw is frame number n, taken at wall.
func (c *card) draw(n int64, wall time.Time) []byte {
	local := wall.In(c.zone)
	if day := local.Format("Monday, 2 January 2006 MST"); day != c.day {
		c.paintDate(day)
	}
	data := slices.Clone(c.background)
	p := newCanvas(data, c.width, c.height)
	c.drawSun(p, n)
	now := local.Format("15:04:05.000")
	c.clock.figures(p, now, (c.width-c.clock.width(now))/2&^1, c.clockTop(), c.paper)
	c.drawSecond(p, n)
	if pattern.Flash(n, c.rate) {
		x0, y0, x1, y1 := pattern.Middle(c.width, c.height)
		p.rect(x0, y0, x1, y1, colour{pattern.White, 128, 128})
	}
	c.drawNumbers(p, n, wall)
	return data
}

func (c *card) drawSun(p canvas, n int64) {
	t := float64(pattern.FrameTime(n, c.rate)%sunRound) / float64(sunRound)
	d := c.sun.width
	x := int(t*float64(c.width+d)) - d
	y := float64(c.height)*(0.28+1.2*(t-0.5)*(t-0.5)) - float64(d)/2 + float64(c.height)*0.08
	p.paint(c.sun, x&^1, int(y)&^1, c.gold, c.skyline)
}

// drawSecond is a thin bar right above the middle that fills once a second.
func (c *card) drawSecond(p canvas, n int64) {
	x0, y0, x1, _ := pattern.Middle(c.width, c.height)
	thick := max(2, c.height/180&^1)
	done := int(n%int64(c.rate)+1) * (x1 - x0) / c.rate
	p.rect(x0, y0-thick, x0+done&^1, y0, c.gold)
}

func (c *card) drawNumbers(p canvas, n int64, wall time.Time) {
	s := pattern.Square(c.width)
	c.line.figures(p, strconv.FormatInt(n, 10), c.numberX, c.numberY, c.paper)
	pattern.DrawNumbers(p.y, c.width, c.height, uint32(n), uint32(wall.UnixMilli()))
	for _, plane := range [][]byte{p.u, p.v} { // black and white have no colour
		fill(plane, c.width/2, 0, c.height/2-s, 16*s, c.height/2, 128)
	}
}
