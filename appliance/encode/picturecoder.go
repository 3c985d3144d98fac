package encode

import (
	"errors"
	"time"

	"hindsight/media"
)

// keyEvery is the time between two key frames.
const keyEvery = time.Second

// pictureCoder makes H.264 of pictures of any size, with a new encoder whenever
// size or range change, and a key frame in every second of media time.
type pictureCoder struct {
	rate    float64
	bitrate int // 0: by size
	force   bool

	coder         *h264Encoder
	width, height int
	full          bool
	stream        *H264Stream
	due           time.Duration // when the next key frame is
}

func (c *pictureCoder) encode(m Image, at time.Duration) (AccessUnit, error) {
	if err := c.begin(m); err != nil {
		return AccessUnit{}, err
	}
	// The nearest picture to the second is the key frame, so that pictures which
	// come a little early or late do not make the groups longer and longer.
	half := time.Duration(float64(time.Second) / c.rate / 2)
	key := c.force || at >= c.due-half
	raw, err := c.coder.encode(m, at, key)
	if err != nil {
		c.close()
		return AccessUnit{}, err
	}
	if raw == nil {
		return AccessUnit{}, errors.New("openh264 left a picture out")
	}
	nals, err := SplitAnnexB(raw)
	if err != nil {
		return AccessUnit{}, err
	}
	au, err := c.stream.Add(nals)
	if err == nil && au.Key {
		c.schedule(at, half)
	}
	return au, err
}

// begin makes an encoder if there is none for pictures like m.
func (c *pictureCoder) begin(m Image) error {
	if err := m.check(); err != nil {
		return err
	}
	if c.coder != nil && m.Width == c.width && m.Height == c.height && m.FullRange == c.full {
		return nil
	}
	c.close()
	bitrate := c.bitrate
	if bitrate == 0 {
		bitrate = bitrateFor(m.Width, m.Height, c.rate)
	}
	coder, err := newH264Encoder(m.Width, m.Height, c.rate, bitrate, m.FullRange)
	if err != nil {
		return err
	}
	if c.stream == nil {
		if c.stream, err = NewH264Stream(nil); err != nil {
			coder.close()
			return err
		}
	}
	c.coder, c.width, c.height, c.full = coder, m.Width, m.Height, m.FullRange
	c.force = true
	return nil
}

// schedule says when the next key frame is, after one at a time: on the same grid
// of seconds, or on a new one after a key frame out of turn.
func (c *pictureCoder) schedule(at, half time.Duration) {
	c.due += keyEvery
	if c.force || c.due-half <= at || c.due > at+2*keyEvery {
		c.due = at + keyEvery
	}
	c.force = false
}

func (c *pictureCoder) track() media.Track {
	if c.stream == nil {
		return media.Track{Kind: media.Video, Codec: media.H264, ClockRate: 90000}
	}
	return c.stream.Track()
}

func (c *pictureCoder) close() {
	if c.coder != nil {
		c.coder.close()
		c.coder = nil
	}
}

// bitrateFor is 2.5 Mbit/s at 1280x720 and 30 pictures a second, in proportion to
// both; a smaller picture gets a little more for each of its pixels.
func bitrateFor(width, height int, rate float64) int {
	const perPicture = 2_500_000.0 / 30
	share := float64(width*height) / (1280 * 720)
	if share < 1 {
		share = share*0.8 + 0.2*min(1, 4*share)
	}
	return int(max(100_000, min(20_000_000, perPicture*share*rate)))
}
