// Package depackettest has H.264 streams, as pictures and as RTP packets, for the
// tests of everything that reads them.
package depackettest

import (
	"bytes"
	"embed"
	"strconv"
	"strings"
	"testing"

	"github.com/pion/rtp"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
)

//go:embed testdata/*.h264 testdata/*.pts
var files embed.FS //nolint:gochecknoglobals // a file of tests

// AccessUnits reads a stream made by testdata/make.sh: plain, bframes or pyramid.
func AccessUnits(t testing.TB, name string) [][][]byte {
	t.Helper()
	b, err := files.ReadFile("testdata/" + name + ".h264")
	if err != nil {
		t.Fatal(err)
	}
	var aus [][][]byte
	var au [][]byte
	sliced := false
	for n := range bytes.SplitSeq(b, []byte{0, 0, 1}) {
		if n = bytes.TrimRight(n, "\x00"); len(n) == 0 {
			continue
		}
		typ := h264.NALUType(n[0] & 0x1f)
		slice := typ == h264.NALUTypeIDR || typ == h264.NALUTypeNonIDR
		if sliced && (!slice || len(n) > 1 && n[1]&0x80 != 0) { // first_mb_in_slice is 0
			aus, au, sliced = append(aus, au), nil, false
		}
		sliced = sliced || slice
		au = append(au, n)
	}
	return append(aus, au)
}

// Stream is an H.264 stream in packets, picture by picture, 3600 ticks apart.
type Stream struct {
	Format  *format.H264
	AUs     [][][]byte
	Packets [][]*rtp.Packet
}

// Packets makes RTP of a stream, many packets a picture; edit changes what the
// camera sends, or is nil.
func Packets(t testing.TB, name string, edit func(i int, au [][]byte) [][]byte) *Stream {
	t.Helper()
	return PacketsOf(t, name, 100, edit)
}

// PacketsOf is Packets with payloads of size bytes at most.
func PacketsOf(t testing.TB, name string, size int, edit func(i int, au [][]byte) [][]byte) *Stream {
	t.Helper()
	s := &Stream{Format: &format.H264{PayloadTyp: 96, PacketizationMode: 1}, AUs: AccessUnits(t, name)}
	enc, err := s.Format.CreateEncoder()
	if err != nil {
		t.Fatal(err)
	}
	enc.PayloadMaxSize = size
	for i, au := range s.AUs {
		if edit != nil {
			au = edit(i, au)
			s.AUs[i] = au
		}
		pkts, err := enc.Encode(au)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pkts {
			p.Timestamp = uint32(i) * 3600
		}
		s.Packets = append(s.Packets, pkts)
	}
	return s
}

// Times are the presentation times of a stream's pictures in decoding order, in pictures.
func Times(t testing.TB, name string) []int64 {
	t.Helper()
	b, err := files.ReadFile("testdata/" + name + ".pts")
	if err != nil {
		t.Fatal(err)
	}
	var times []int64
	for _, f := range strings.Fields(string(b)) {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, n)
	}
	return times
}

// Payload is an access unit as the store has it.
func Payload(t testing.TB, au [][]byte) []byte {
	t.Helper()
	b, err := h264.AVCC(au).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// AACLC is the format of AAC-LC, stereo, 44.1 kHz, payload type 97.
func AACLC() *format.MPEG4Audio {
	return &format.MPEG4Audio{
		PayloadTyp: 97, SizeLength: 13, IndexLength: 3, IndexDeltaLength: 3,
		Config: &mpeg4audio.AudioSpecificConfig{Type: mpeg4audio.ObjectTypeAACLC, SampleRate: 44100, ChannelConfig: 2, ChannelCount: 2},
	}
}
