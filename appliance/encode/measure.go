package encode

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"hindsight/media"
)

const (
	measureFor  = 2 * time.Second // at most
	measureMin  = 15              // pictures, before the answer may be clear
	measureMax  = 90              // pictures, after which more teach nothing
	testScenes  = 6               // different pictures, so that the encoder has work to do
	testQuality = 85              // of JPEG, as USB cameras give
)

// Measure encodes test pictures for up to 2 s, less as soon as the answer is
// clear, and decides how to record such a camera on this machine; see Decide. H.264
// needs no measuring. Only the processor's own time counts: a machine that is busy just now, as
// machines are when they start, is not slow for good. Measure ends early with ctx's error, or with an error if the codecs do
// not take such pictures at all.
func Measure(ctx context.Context, width, height int, rate float64, format media.Format) (Decision, error) {
	if format == media.FormatH264 {
		return Decide(width, height, rate, format, 0), nil
	}
	v, err := NewVideo(VideoOptions{Rate: rate})
	if err != nil {
		return Decision{}, err
	}
	defer v.Close()
	pictures, err := testPictures(width, height, format)
	if err != nil {
		return Decision{}, err
	}
	runtime.LockOSThread() // whose time is counted; the codecs have no other
	defer runtime.UnlockOSThread()
	var took []time.Duration
	began := time.Now()
	for n := 0; !isClear(took, rate, time.Since(began)); n++ {
		if err := ctx.Err(); err != nil {
			return Decision{}, err
		}
		p := pictures[n%len(pictures)]
		p.At = time.Duration(float64(n) / rate * float64(time.Second))
		start := cpuTime()
		if _, _, _, err := v.Encode(p); err != nil {
			return Decision{}, fmt.Errorf("measuring the encoder: %w", err)
		}
		took = append(took, cpuTime()-start)
	}
	return Decide(width, height, rate, format, typical(took)), nil
}

// typical is what a picture costs: the median, since interruptions say nothing
// about the encoder.
func typical(took []time.Duration) time.Duration {
	if len(took) == 0 {
		return 0
	}
	s := slices.Clone(took)
	slices.Sort(s)
	return s[len(s)/2]
}

// isClear reports whether more pictures would not change the decision.
func isClear(took []time.Duration, rate float64, spent time.Duration) bool {
	switch {
	case len(took) >= measureMax || len(took) > 0 && spent >= measureFor:
		return true
	case len(took) < measureMin:
		return false
	}
	l := load(typical(took), 1, rate)
	return l < maxLoad/2 || l > maxLoad*2
}

// testPictures are what cameras see in the mean: soft shapes, edges, and the
// noise of a sensor, moving from picture to picture.
func testPictures(width, height int, format media.Format) ([]media.Picture, error) {
	if err := checkSize(width, height); err != nil {
		return nil, err
	}
	jpeg, err := NewJPEGEncoder()
	if err != nil {
		return nil, err
	}
	defer jpeg.Close()
	pictures := make([]media.Picture, testScenes)
	for i := range pictures {
		p := media.Picture{Format: format, Width: width, Height: height}
		m := testScene(width, height, i)
		switch format {
		case media.FormatMJPEG:
			if p.Data, err = jpeg.Encode(m, testQuality); err != nil {
				return nil, err
			}
		case media.FormatYUYV:
			p.Data = m.yuyv()
		case media.FormatI420:
			p.Width, p.Height, p.Data = m.Width, m.Height, m.Data
		default:
			return nil, fmt.Errorf("no way to measure picture format %d", format)
		}
		pictures[i] = p
	}
	return pictures, nil
}

func testScene(width, height, n int) Image {
	m := NewImage(width, height)
	m.FullRange = true
	random := rand.New(rand.NewPCG(uint64(n), 1)) // the same on every machine
	noise := make([]int, 8191)                    // no multiple of it is a row
	for i := range noise {
		noise[i] = random.IntN(7)
	}
	y, u, v := m.Planes()
	for i := range y {
		r, x := i/m.Width, i%m.Width+3*n // the scene pans
		y[i] = byte(60 + (x*r>>9)&63 + x&0x40 + noise[i%len(noise)])
	}
	for i := range u {
		x := i%(m.Width/2) + n
		u[i], v[i] = byte(110+x>>4&31), byte(140-x>>5&31)
	}
	return m
}

// yuyv is the picture in the packed form of cameras.
func (m Image) yuyv() []byte {
	y, u, v := m.Planes()
	out := make([]byte, 0, 2*m.Width*m.Height)
	for r := range m.Height {
		for c := 0; c < m.Width; c += 2 {
			k := r/2*(m.Width/2) + c/2
			out = append(out, y[r*m.Width+c], u[k], y[r*m.Width+c+1], v[k])
		}
	}
	return out
}
