package fill

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"time"

	"hindsight/appliance/encode"
	"hindsight/media"
)

// What a second of the clip has.
const (
	Rate    = 30 // pictures, the first of them a key frame
	packets = 50 // Opus packets, of 20 ms
)

// The picture is as small as it can be seen, the sound as it can be heard.
const (
	width, height = 64, 48
	soundRate     = 48000
	soundBitrate  = 6000
)

// MostFrame is the most that MakeClip pads a picture to, in bytes.
const MostFrame = 1 << 20

// Clip is one second of pictures and sound that can be played in a loop.
type Clip struct {
	Video, Audio media.Track // without numbers
	pictures     [][]byte
	sound        [][]byte
}

// MakeClip encodes the second. Its pictures are padded to frameBytes, but for
// the key frame; 0: they stay as small as they are. It is an error beyond MostFrame.
func MakeClip(frameBytes int) (*Clip, error) {
	if frameBytes < 0 || frameBytes > MostFrame {
		return nil, fmt.Errorf("pictures of %d bytes: want 0 to %d", frameBytes, MostFrame)
	}
	c := &Clip{}
	if err := c.makePictures(frameBytes); err != nil {
		return nil, fmt.Errorf("pictures: %w", err)
	}
	if err := c.makeSound(); err != nil {
		return nil, fmt.Errorf("sound: %w", err)
	}
	return c, nil
}

// Bytes is the payload of the second.
func (c *Clip) Bytes() (n int64) {
	for _, of := range [][][]byte{c.pictures, c.sound} {
		for _, p := range of {
			n += int64(len(p))
		}
	}
	return n
}

// Units is how many units the second has.
func (c *Clip) Units() int { return len(c.pictures) + len(c.sound) }

func (c *Clip) makePictures(frameBytes int) error {
	v, err := encode.NewVideo(encode.VideoOptions{Rate: Rate, Bitrate: 50_000})
	if err != nil {
		return err
	}
	defer v.Close()
	for n := range Rate {
		track, unit, ok, err := v.Encode(media.Picture{Format: media.FormatI420, Width: width, Height: height,
			At: time.Duration(n) * time.Second / Rate, Data: draw(n)})
		if err == nil && (!ok || unit.IsKey() != (n == 0)) {
			err = errors.New("the encoder has skipped it, or made a key frame where none belongs")
		}
		if err != nil {
			return fmt.Errorf("frame %d: %w", n, err)
		}
		c.Video = track
		if n > 0 {
			unit.Payload = pad(unit.Payload, frameBytes)
		} else if unit.Payload, err = marked(unit.Payload); err != nil {
			return err
		}
		c.pictures = append(c.pictures, unit.Payload)
	}
	return nil
}

// draw is picture n of the second: a bar that crosses a gradient once.
func draw(n int) []byte {
	b := make([]byte, width*height*3/2)
	bar := n * width / Rate
	for i := range width * height {
		x := i % width
		b[i] = byte(40 + 2*x)
		if x >= bar && x < bar+4 {
			b[i] = 235
		}
	}
	for i := width * height; i < len(b); i++ {
		b[i] = 128
	}
	return b
}

// pad makes an access unit, as media.H264 has it, n bytes long or one less by a
// message in front that means nothing: SEI, user data unregistered (H.264
// sections 7.3.2.3 and D.1.6). What is longer, or lacks too little, stays.
func pad(payload []byte, n int) []byte {
	const frame = 3                      // NAL unit header, kind of message, stop bit
	room := n - len(payload) - 4 - frame // for the message's length and its bytes
	size := room - 1
	for size+1+size/255 > room {
		size--
	}
	if size < 16 { // its first sixteen say whose it is
		return payload
	}
	// No byte of it is one that H.264 would have to escape.
	return append(encode.JoinLengths(message(bytes.Repeat([]byte{0x55}, size))), payload...)
}

// message is the NAL unit of a message with user data.
func message(data []byte) []byte {
	nal := []byte{6, 5}
	rest := len(data)
	for ; rest >= 255; rest -= 255 {
		nal = append(nal, 255)
	}
	nal = append(append(nal, byte(rest)), data...)
	return append(nal, 0x80)
}

// makeSound encodes two seconds of a tone of whole waves a second and keeps the later one.
func (c *Clip) makeSound() error {
	a, err := encode.NewAudio(encode.AudioOptions{Channels: 1, Bitrate: soundBitrate, Settle: -1})
	if err != nil {
		return err
	}
	defer a.Close()
	const piece = soundRate / packets
	for n := 0; len(c.sound) < 2*packets; n++ {
		s := media.Sound{Rate: soundRate, Channels: 1, At: time.Duration(n) * time.Second / packets}
		for i := range piece {
			s.Samples = append(s.Samples, int16(6000*math.Sin(2*math.Pi*440*float64(n*piece+i)/soundRate)))
		}
		units, err := a.Write(s)
		if err != nil {
			return err
		}
		for _, u := range units {
			c.sound = append(c.sound, u.Payload)
		}
	}
	c.Audio, c.sound = a.Track(), c.sound[packets:2*packets]
	return nil
}
