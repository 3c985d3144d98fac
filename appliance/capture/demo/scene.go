package demo

import "math"

// ridge is one row of hills: two waves around a height, all in parts of the picture.
type ridge struct {
	level, swell, ripple float64
	waves, ripples       float64 // over the width
	phase                float64
	colour               rgb
}

// paintScene paints sky, stars and hills, and returns for each column the first
// row that belongs to a hill.
func paintScene(c canvas) (skyline []int) {
	ridges := []ridge{
		{0.66, 0.050, 0.012, 1.3, 7.1, 0.4, hex(0x6d4a7a)},
		{0.73, 0.035, 0.010, 2.1, 9.3, 2.2, hex(0x3f3160)},
		{0.81, 0.025, 0.006, 1.7, 11.7, 4.0, hex(0x1b1a38)},
	}
	skyline = make([]int, c.width)
	for x := range c.width {
		skyline[x] = int(ridges[0].row(c, x))
		for y := range c.height {
			k := at(ridges, c, x, y).yuv(c.height)
			c.y[y*c.width+x] = k.y
			if x&y&1 == 1 {
				i := y/2*(c.width/2) + x/2
				c.u[i], c.v[i] = k.u, k.v
			}
		}
	}
	paintStars(c)
	return skyline
}

// at is the colour of one pixel: the sky, covered by each ridge that reaches up to it.
func at(ridges []ridge, c canvas, x, y int) rgb {
	k := sky(float64(y) / float64(c.height))
	for _, r := range ridges {
		row := r.row(c, x)
		depth := (float64(y) - row) / float64(c.height)
		k = k.mix(r.colour.mix(hex(0x14132c), 3*depth), float64(y)-row+0.5) // half a pixel of softness
	}
	return k
}

func (r ridge) row(c canvas, x int) float64 {
	t := 2 * math.Pi * float64(x) / float64(c.width)
	h := r.level + r.swell*math.Sin(r.waves*t+r.phase) + r.ripple*math.Sin(r.ripples*t+2*r.phase)
	return h * float64(c.height)
}

// sky goes from night above to the last light at the hills.
func sky(t float64) rgb {
	stops := []struct {
		at float64
		rgb
	}{
		{0, hex(0x0b1030)}, {0.26, hex(0x1e2a62)}, {0.45, hex(0x584a8c)},
		{0.58, hex(0xb5678a)}, {0.68, hex(0xe8956f)}, {1, hex(0xf2b877)},
	}
	for i, s := range stops[1:] {
		if t <= s.at {
			return stops[i].mix(s.rgb, (t-stops[i].at)/(s.at-stops[i].at))
		}
	}
	return stops[len(stops)-1].rgb
}

// paintStars scatters faint points over the upper third, always the same ones.
func paintStars(c canvas) {
	seed := uint32(2463534242) // xorshift32
	next := func(n int) int {
		seed ^= seed << 13
		seed ^= seed >> 17
		seed ^= seed << 5
		return int(seed % uint32(n))
	}
	for range 90 {
		x, y := next(c.width), next(max(1, c.height/3))
		bright := 30 + next(110)*(c.height/3-y)/max(1, c.height/3)
		i := y*c.width + x
		c.y[i] = byte(min(235, int(c.y[i])+bright))
	}
}

// disc is the sun: a disc of diameter d/2 in a glow of diameter d.
func disc(d int) mask {
	cover := make([]byte, d*d)
	mid := float64(d-1) / 2
	radius := float64(d) / 4
	for y := range d {
		for x := range d {
			r := math.Hypot(float64(x)-mid, float64(y)-mid)
			core := max(0, min(1, radius-r+0.5))
			glow := max(0, 1-r/mid)
			cover[y*d+x] = byte(255 * max(core, 0.45*glow*glow))
		}
	}
	return newMask(d, d, cover)
}
