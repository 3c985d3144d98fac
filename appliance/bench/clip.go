package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"hindsight/appliance/encode"
	"hindsight/media"
)

// The clip that is played: what a camera of 720p sends.
const (
	clipWidth, clipHeight = 1280, 720
	clipFrames            = 300
	clipFPS               = 30
	clipBitrate           = 2_500_000
)

// MakeClip encodes ten seconds of a noisy picture and of a chord.
func MakeClip() (*Clip, error) {
	c := &Clip{Rate: clipFPS}
	if err := c.makePictures(); err != nil {
		return nil, fmt.Errorf("clip: %w", err)
	}
	if err := c.makeSound(); err != nil {
		return nil, fmt.Errorf("clip: %w", err)
	}
	return c, nil
}

func (c *Clip) makePictures() error {
	v, err := encode.NewVideo(encode.VideoOptions{Rate: clipFPS, Bitrate: clipBitrate})
	if err != nil {
		return err
	}
	defer v.Close()
	for n := range clipFrames {
		p := media.Picture{Format: media.FormatI420, Width: clipWidth, Height: clipHeight,
			At: time.Duration(n) * time.Second / clipFPS, Data: noisy(n)}
		track, unit, ok, err := v.Encode(p)
		if err != nil || !ok {
			return fmt.Errorf("frame %d: %w", n, err)
		}
		nals, err := encode.SplitLengths(unit.Payload)
		if err != nil {
			return err
		}
		c.Pictures = append(c.Pictures, nals)
		if n == 0 {
			sets, err := encode.SplitLengths(track.Config)
			if err != nil || len(sets) != 2 {
				return fmt.Errorf("%d parameter sets: %w", len(sets), err)
			}
			c.SPS, c.PPS = sets[0], sets[1]
		}
	}
	return nil
}

// noisy is a moving gradient with grain, so that the encoder uses its bit rate.
func noisy(n int) []byte {
	grain := rand.New(rand.NewPCG(uint64(n), 1))
	b := make([]byte, clipWidth*clipHeight*3/2)
	for y := range clipHeight {
		row := b[y*clipWidth : (y+1)*clipWidth]
		for x := range row {
			row[x] = byte(64 + (x+y+4*n)/8%128)
		}
		for i := 0; i < clipWidth; i += 8 {
			row[i+grain.IntN(8)] += byte(grain.IntN(24))
		}
	}
	for i := clipWidth * clipHeight; i < len(b); i++ {
		b[i] = 128
	}
	return b
}

func (c *Clip) makeSound() error {
	a, err := encode.NewAudio(encode.AudioOptions{Channels: 2, Bitrate: 64000, Settle: -1})
	if err != nil {
		return err
	}
	defer a.Close()
	const rate, piece = 48000, 960
	want := clipFrames * 50 / clipFPS
	for n := 0; len(c.Sound) < want; n++ {
		s := media.Sound{Rate: rate, Channels: 2, At: time.Duration(n*piece) * time.Second / rate}
		for i := range piece {
			t := float64(n*piece+i) / rate
			v := 3000 * (math.Sin(2*math.Pi*220*t) + math.Sin(2*math.Pi*331*t) + math.Sin(2*math.Pi*1447*t))
			s.Samples = append(s.Samples, int16(v), int16(v/2))
		}
		units, err := a.Write(s)
		if err != nil {
			return err
		}
		for _, u := range units {
			c.Sound = append(c.Sound, u.Payload)
		}
	}
	c.Sound = c.Sound[:want]
	return nil
}
