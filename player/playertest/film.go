// Package playertest is what every player.Source must do, as tests: Run.
//
// The recording is the same for all: Takes, filled with Units. Whoever tests a
// source records it, by whatever means, and hands the source over as a Rig.
package playertest

import (
	"encoding/binary"
	"time"

	"hindsight/media"
)

// The clocks of the film: media time of unit n is n of these.
const (
	Frame = 40 * time.Millisecond // between pictures; every 25th is a key frame
	Piece = 20 * time.Millisecond // between pieces of sound
	Group = 25                    // pictures from key frame to key frame
)

// The tracks of the film. What records it gives them their IDs.
var (
	picture = [...]media.Track{{Kind: media.Video, Codec: media.H264, ClockRate: 90000, Width: 320, Height: 180, Config: Parameters()}}
	sound   = [...]media.Track{{Kind: media.Audio, Codec: media.Opus, ClockRate: 48000, Channels: 1}}
)

// PictureTrack is the film's picture: H.264, 320x180.
func PictureTrack() media.Track { return picture[0] }

// SoundTrack is the film's sound: Opus, one channel.
func SoundTrack() media.Track { return sound[0] }

// Take is a stretch in which something was recorded.
type Take struct {
	Run         media.Run
	From, Until time.Duration // media time
	Wall        time.Time     // of From; trusted
	Reason      media.Reason  // why there is nothing between this take and the next
	Detail      string
}

// Epoch is the wall time of media time 0 of run 1.
func Epoch() time.Time { return time.Date(2026, 11, 24, 10, 15, 0, 0, time.UTC) }

// Second is the wall time of media time 0 of run 2.
func Second() time.Time { return Epoch().Add(2 * time.Hour) }

// Takes is the film: 20 s; 30 s in which the camera was lost; 20 s; then the
// program was stopped; in its second run 30 s. Recorded time is 70 s.
func Takes() []Take {
	return []Take{
		{1, 1 * time.Second, 21 * time.Second, Epoch().Add(1 * time.Second), media.CameraLost, "unplugged"},
		{1, 51 * time.Second, 71 * time.Second, Epoch().Add(51 * time.Second), media.Off, ""},
		{2, 1 * time.Second, 31 * time.Second, Second().Add(1 * time.Second), "", ""},
	}
}

// Units are those of both tracks with media time in [from, until), in commit order.
func Units(from, until time.Duration, pictures, sounds uint16) []media.Unit {
	var us []media.Unit
	for at := from; at < until; at += Piece {
		if at%Frame == 0 {
			us = append(us, Picture(int(at/Frame), pictures))
		}
		us = append(us, Sound(int(at/Piece), sounds))
	}
	return us
}

// Picture is picture n in a track. Its slice is no picture, but a number: Number reads it.
func Picture(n int, track uint16) media.Unit {
	u := media.Unit{Track: track, DTS: time.Duration(n) * Frame}
	slice := binary.BigEndian.AppendUint32([]byte{0x41, 0x9a, 0xff}, uint32(n)|marked)
	if n%Group == 0 {
		u.Flags = media.Key
		u.Payload = Parameters()
		slice[0] = 0x65
		slice = append(slice, make([]byte, 2000)...)
		for i := 7; i < len(slice); i++ {
			slice[i] = byte(0x80 | i&0x7f)
		}
	}
	u.Payload = append(binary.BigEndian.AppendUint32(u.Payload, uint32(len(slice))), slice...)
	return u
}

// marked keeps a number from looking like a start code, which no slice may hold.
const marked = 0x80000000

// Sound is piece n of sound in a track: a packet of 20 ms with its number in it.
func Sound(n int, track uint16) media.Unit {
	return media.Unit{Track: track, Flags: media.Key, DTS: time.Duration(n) * Piece,
		Payload: binary.BigEndian.AppendUint32([]byte{0xf8, 0xff}, uint32(n))}
}

// Number is that of a unit of the film; -1: it is none.
func Number(u media.Unit) int {
	p := u.Payload
	if len(p) == 6 && p[0] == 0xf8 {
		return int(binary.BigEndian.Uint32(p[2:]))
	}
	for len(p) > 4 {
		n := int(binary.BigEndian.Uint32(p))
		if n <= 0 || n > len(p)-4 {
			return -1
		}
		if nal := p[4 : 4+n]; len(nal) >= 7 && (nal[0] == 0x41 || nal[0] == 0x65) {
			return int(binary.BigEndian.Uint32(nal[3:]) &^ marked)
		}
		p = p[4+n:]
	}
	return -1
}

// Parameters are the film's SPS (Constrained Baseline, 320x180) and PPS, each behind a 4-byte length.
func Parameters() []byte {
	sps := []byte{0x67, 0x42, 0xc0, 0x0d, 0xd9, 0x01, 0x41, 0x9f, 0x9f, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03, 0x03, 0x20, 0xf1, 0x42, 0xa4, 0x80}
	pps := []byte{0x68, 0xcb, 0x83, 0xcb, 0x20}
	var b []byte
	for _, n := range [][]byte{sps, pps} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(n))), n...)
	}
	return b
}
