package snapshot

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"slices"

	"hindsight/appliance/encode"
	"hindsight/media"
)

// The widths that may be asked for, in pixels, beside 0.
const (
	LeastWidth = 16
	MostWidth  = 16384
)

// quality of the images made here: 4:2:0 at 85 is about what cameras send.
const quality = 85

// Picture is a JPEG image.
type Picture struct {
	JPEG          []byte
	Width, Height int // pixels
}

// JPEG decodes the frame. width is LeastWidth to MostWidth pixels, the height follows; both
// are rounded down to even numbers. A frame is never made larger: 0, or more than
// its own width, is the frame as it was recorded, and of MJPEG the image that is stored.
func (f *Frame) JPEG(ctx context.Context, width int) (*Picture, error) {
	if width != 0 && (width < LeastWidth || width > MostWidth) {
		return nil, fmt.Errorf("snapshot: width %d: want %d to %d, or 0 for the frame's own", width, LeastWidth, MostWidth)
	}
	if f.track.Codec == media.MJPEG {
		if p, err := f.stored(width); p != nil || err != nil {
			return p, err
		}
	}
	m, err := f.decode(ctx)
	if err != nil {
		return nil, f.failed(err)
	}
	if width != 0 && width < m.Width {
		if m, err = m.Scale(width, max(2, (m.Height*width+m.Width/2)/m.Width)); err != nil {
			return nil, f.failed(err)
		}
	}
	e, err := encode.NewJPEGEncoder()
	if err != nil {
		return nil, f.failed(err)
	}
	defer e.Close()
	data, err := e.Encode(m, quality)
	if err != nil {
		return nil, f.failed(err)
	}
	return &Picture{data, m.Width, m.Height}, nil
}

func (f *Frame) failed(err error) error {
	return fmt.Errorf("snapshot: the picture at %v cannot be decoded: %w", f.At, err)
}

// stored is the image as it is, nil: it is wider than asked for.
func (f *Frame) stored(width int) (*Picture, error) {
	data := f.units[len(f.units)-1].Payload
	head, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, f.failed(err)
	}
	if width != 0 && width < head.Width {
		return nil, nil
	}
	return &Picture{data, head.Width, head.Height}, nil
}

func (f *Frame) decode(ctx context.Context) (encode.Image, error) {
	frame := f.units[len(f.units)-1]
	if f.track.Codec == media.MJPEG {
		d, err := encode.NewJPEGDecoder()
		if err != nil {
			return encode.Image{}, err
		}
		defer d.Close()
		return d.Decode(frame.Payload)
	}
	d, err := encode.NewH264Decoder()
	if err != nil {
		return encode.Image{}, err
	}
	defer d.Close()
	for i, u := range f.units[:len(f.units)-1] {
		if err := ctx.Err(); err != nil {
			return encode.Image{}, err
		}
		if u.PTS() < f.units[0].PTS() {
			continue // shown before the key frame, it refers to what is not here
		}
		if err := d.Follow(f.payload(i)); err != nil {
			return encode.Image{}, fmt.Errorf("the one at %v, from which it is decoded: %w", media.Position{Run: f.At.Run, Time: u.PTS()}, err)
		}
	}
	return d.Decode(f.payload(len(f.units) - 1))
}

// payload is that of unit i. The parameter sets stand in front of a key frame, or
// else in the track's description.
func (f *Frame) payload(i int) []byte {
	p := f.units[i].Payload
	if i == 0 && !holds(p, nalSPS) {
		return slices.Concat(f.track.Config, p)
	}
	return p
}
