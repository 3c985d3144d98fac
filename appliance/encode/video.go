package encode

import (
	"errors"
	"fmt"
	"time"

	"hindsight/media"
)

// VideoOptions make a Video. Only Rate is required.
type VideoOptions struct {
	Rate      float64 // pictures a second that the source gives, about
	Bitrate   int     // of H.264 made here, bit/s; 0: fit for the size and rate, 2.5 Mbit/s at 1280x720 and 30/s
	Width     int     // largest width recorded, pixels: a larger raw or JPEG picture is scaled down; 0: any
	Height    int     // largest height recorded, as Width
	Keep      float64 // record no more than this many raw or JPEG pictures a second; 0: all
	Untouched bool    // record JPEG images as they are, without any H.264
}

// Video turns one camera's pictures into units. One goroutine uses it at a time.
type Video struct {
	o      VideoOptions
	stream *H264Stream
	coder  pictureCoder
	jpeg   *JPEGDecoder
	spare  Image // memory that the next picture is converted into
	size   sizeGuard
	sieve  sieve
	last   time.Duration // DTS of the last unit
	begun  bool
	lost   bool // something was refused since the last unit
}

// NewVideo makes a Video. It is an error if an option is out of range.
func NewVideo(o VideoOptions) (*Video, error) {
	switch {
	case o.Rate <= 0 || o.Rate > 1000:
		return nil, fmt.Errorf("video: %g pictures a second: want more than 0 and at most 1000", o.Rate)
	case o.Bitrate < 0 || o.Width < 0 || o.Height < 0 || o.Keep < 0:
		return nil, errors.New("video: a bitrate, size or rate is negative")
	}
	stream, err := NewH264Stream(nil)
	if err != nil {
		return nil, err
	}
	rate := o.Rate
	if o.Keep > 0 && o.Keep < rate {
		rate = o.Keep
	}
	return &Video{o: o, stream: stream, coder: pictureCoder{rate: rate, bitrate: o.Bitrate}, sieve: sieve{keep: o.Keep}}, nil
}

// Encode makes a unit of a picture. unit.DTS is p.At, on Clock.Boot; unit.Track is not set.
// track describes the unit's track (its ID and Role are not set); it changes when the camera
// changes from one format to another, or with the size.
//
// ok is false without an error when there is no unit to this picture: the camera has not sent
// a key frame yet, sent parameter sets only, or the picture is above the rate to keep.
// An error says why the picture was dropped, to be counted; the next unit is flagged Lost.
// No error is final: the next picture may be in order.
func (v *Video) Encode(p media.Picture) (track media.Track, unit media.Unit, ok bool, err error) {
	track, unit, err = v.encode(p)
	switch {
	case errors.Is(err, ErrWaiting), err == nil && unit.Payload == nil:
		return track, media.Unit{}, false, nil
	case err != nil:
		v.lost = true
		return track, media.Unit{}, false, err
	}
	if v.lost {
		unit.Flags |= media.Lost
	}
	v.last, v.begun, v.lost = unit.DTS, true, false
	return track, unit, true, nil
}

func (v *Video) encode(p media.Picture) (media.Track, media.Unit, error) {
	if p.Format == media.FormatH264 {
		return v.pass(p)
	}
	if v.begun && p.At <= v.last {
		return media.Track{}, media.Unit{}, fmt.Errorf("picture of %v is not later than the one of %v before it", p.At, v.last)
	}
	if !v.sieve.wants(p.At) {
		return media.Track{}, media.Unit{}, nil
	}
	if p.Format == media.FormatMJPEG && v.o.Untouched {
		return v.keep(p)
	}
	return v.code(p)
}

// slack is how far the stamp of a coded picture may lie before its turn. It is
// put right, as dropping the picture would break all that follow until the next key frame.
const (
	slack    = time.Second
	leastGap = 100 * time.Microsecond // some ticks of RTP's clock of 90 kHz
)

// pass takes H.264 from the camera as it is.
func (v *Video) pass(p media.Picture) (media.Track, media.Unit, error) {
	nals, err := SplitAnnexB(p.Data)
	if err != nil {
		return v.stream.Track(), media.Unit{}, err
	}
	at := p.At
	if v.begun && at <= v.last {
		if at < v.last-slack {
			return v.stream.Track(), media.Unit{}, fmt.Errorf("picture of %v is not later than the one of %v before it", at, v.last)
		}
		at = v.last + leastGap
	}
	au, err := v.stream.Add(nals)
	return v.stream.Track(), unitOf(au, at), err
}

// keep takes a JPEG image as it is: checked, with the standard Huffman tables
// written out if the camera left them out.
func (v *Video) keep(p media.Picture) (media.Track, media.Unit, error) {
	data, head, err := completeJPEG(p.Data)
	if err == nil {
		err = v.size.check(p, head.width, head.height)
	}
	if err != nil {
		return media.Track{}, media.Unit{}, err
	}
	track := media.Track{Kind: media.Video, Codec: media.MJPEG, ClockRate: 90000,
		Width: uint16(head.width), Height: uint16(head.height)}
	return track, media.Unit{Flags: media.Key, DTS: p.At, Payload: data}, nil
}

// code makes H.264 of a raw picture or a JPEG image.
func (v *Video) code(p media.Picture) (media.Track, media.Unit, error) {
	m, err := v.image(p)
	if err != nil {
		return v.coder.track(), media.Unit{}, err
	}
	if w, h := fit(m.Width, m.Height, v.o.Width, v.o.Height); w != m.Width || h != m.Height {
		if m, err = m.Scale(w, h); err != nil {
			return v.coder.track(), media.Unit{}, err
		}
	}
	au, err := v.coder.encode(m, p.At)
	return v.coder.track(), unitOf(au, p.At), err
}

func (v *Video) image(p media.Picture) (Image, error) {
	if p.Format != media.FormatMJPEG {
		m, err := imageOf(p, v.spare)
		if err == nil && p.Format == media.FormatYUYV {
			v.spare = m
		}
		return m, err
	}
	if v.jpeg == nil {
		d, err := NewJPEGDecoder()
		if err != nil {
			return Image{}, err
		}
		v.jpeg = d
	}
	m, err := v.jpeg.decodeTo(p.Data, v.spare)
	if err != nil {
		return Image{}, err
	}
	v.spare = m
	return m, v.size.check(p, m.Width, m.Height)
}

// ForceKey makes the next picture that is encoded here a key frame. It does
// nothing to a camera's own H.264.
func (v *Video) ForceKey() { v.coder.force = true }

// Close frees the encoder. Encode must not be called any more.
func (v *Video) Close() {
	v.coder.close()
	if v.jpeg != nil {
		v.jpeg.Close()
	}
}

func unitOf(au AccessUnit, at time.Duration) media.Unit {
	u := media.Unit{DTS: at, Payload: au.Payload}
	if au.Key {
		u.Flags = media.Key
	}
	return u
}

// fit is the largest size of the same shape within a limit, even sides; 0 is no limit.
func fit(width, height, maxWidth, maxHeight int) (int, int) {
	w, h := width, height
	if maxWidth > 0 && w > maxWidth {
		w, h = maxWidth, height*maxWidth/width
	}
	if maxHeight > 0 && h > maxHeight {
		w, h = width*maxHeight/height, maxHeight
	}
	return max(w&^1, 16), max(h&^1, 16)
}

// sizeGuard keeps one damaged header from changing the size of the recording:
// a size that neither the camera nor the image before had is not believed the first time.
type sizeGuard struct{ width, height, seenWidth, seenHeight int }

func (g *sizeGuard) check(p media.Picture, width, height int) error {
	named := width == p.Width&^1 && height == p.Height&^1 || width == p.Width && height == p.Height
	again := width == g.seenWidth && height == g.seenHeight
	known := width == g.width && height == g.height
	g.seenWidth, g.seenHeight = width, height
	if !named && !again && !known {
		return fmt.Errorf("jpeg: of %dx%d from a camera set to %dx%d", width, height, p.Width, p.Height)
	}
	g.width, g.height = width, height
	return nil
}

// sieve lets pass so many pictures a second, evenly.
type sieve struct {
	keep float64 // a second; 0: all
	next time.Duration
}

func (s *sieve) wants(at time.Duration) bool {
	if s.keep <= 0 {
		return true
	}
	step := time.Duration(float64(time.Second) / s.keep)
	if at < s.next-step/8 && s.next-at <= 2*step { // an eighth for the jitter of the stamps
		return false
	}
	if s.next += step; s.next <= at || s.next > at+2*step {
		s.next = at + step
	}
	return true
}
