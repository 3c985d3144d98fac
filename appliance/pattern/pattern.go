// Package pattern is what a machine can read in the demo source: the squares in
// the picture, the flash and the beep of every second, and the spoken words. The
// demo source draws and plays it, measuring programs and tests read it back.
//
// Everything is counted from the first instant of a run of the source: frame
// number n is taken n/rate seconds after it, sample number k is heard k/48000
// seconds after it. The packages that draw and read share only this one, so none
// of them can be right by the other's mistake in schedule or geometry.
package pattern

import "time"

// Luma of black and white in limited range (ITU-R BT.601 and BT.709).
const (
	Black = 16
	White = 235
)

// FlashFrames is for how many frames the middle of the picture stays white.
const FlashFrames = 3

// Flash reports whether the middle of frame number n is white: FlashFrames
// frames from every number that is a multiple of rate (frames a second, 1 or more).
func Flash(n int64, rate int) bool {
	return n%int64(rate) < FlashFrames
}

// FrameTime is when frame number n of a run is taken, counted from its first instant.
func FrameTime(n int64, rate int) time.Duration {
	r := int64(rate)
	return time.Duration(n/r)*time.Second + time.Duration((n%r)*int64(time.Second)/r)
}

// FrameAt is the number of the frame that is taken nearest to t: the inverse of FrameTime.
func FrameAt(t time.Duration, rate int) int64 {
	r := int64(rate)
	s, rest := int64(t/time.Second), int64(t%time.Second)
	return s*r + (rest*r+int64(time.Second)/2)/int64(time.Second)
}

// Middle is the middle half of the picture in both directions, which turns white:
// columns x0 to x1 and rows y0 to y1 without the last of each, all of them even.
func Middle(width, height int) (x0, y0, x1, y1 int) {
	x0, y0 = width/4&^1, height/4&^1
	return x0, y0, width - x0&^1, height - y0&^1
}
