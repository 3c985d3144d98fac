package pull

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/ntp"

	"hindsight/depacket/depackettest"
	"hindsight/media"
)

// sounds are n units of 20 ms, of bytes that tell them apart, and their packets.
func sounds(codec media.Codec, n int) (want [][]byte, pkts []*rtp.Packet) {
	step, head, size := uint32(160), byte(0), 160
	if codec == media.Opus {
		step, head, size = 960, 0xfc, 40 // CELT, 20 ms, stereo, one frame
	}
	for i := range n {
		p := bytes.Repeat([]byte{byte(i + 1)}, size)
		if head != 0 {
			p[0] = head
		}
		want = append(want, p)
		pkts = append(pkts, &rtp.Packet{
			Header:  rtp.Header{SequenceNumber: uint16(65530 + i), Timestamp: 1<<32 - 5*960 + uint32(i)*step},
			Payload: p,
		})
	}
	return want, pkts
}

func typed(pkts []*rtp.Packet, pt uint8) []*rtp.Packet {
	for _, p := range pkts {
		p.PayloadType = pt
	}
	return pkts
}

func checkPayloads(t *testing.T, units []unit, want [][]byte, apart time.Duration) {
	t.Helper()
	if len(units) != len(want) {
		t.Fatalf("%d units, want %d", len(units), len(want))
	}
	for i, u := range units {
		if !bytes.Equal(u.Payload, want[i]) {
			t.Fatalf("unit %d is not what was sent", i)
		}
		if u.Flags != media.Key && u.Codec != media.H264 {
			t.Fatalf("unit %d has flags %d", i, u.Flags)
		}
		if i == 0 {
			continue
		}
		if d := u.PTS() - units[i-1].PTS(); apart != 0 && (d-apart).Abs() > 50*time.Microsecond {
			t.Fatalf("unit %d is %v after the one before it, want %v", i, d, apart)
		}
		if u.DTS <= units[i-1].DTS {
			t.Fatalf("unit %d: decoding time goes from %v to %v", i, units[i-1].DTS, u.DTS)
		}
	}
}

func TestH264AndOpus(t *testing.T) {
	for _, over := range []Transport{TCP, UDP} {
		s := depackettest.PacketsOf(t, "bframes", 1000, nil) // few enough for the kernel's buffers, over UDP
		for i, pkts := range s.Packets {
			for _, p := range pkts {
				p.Timestamp = uint32(depackettest.Times(t, "bframes")[i]*3600) - 3600*20
			}
		}
		cam := startCamera(t, []format.Format{s.Format, &format.Opus{PayloadTyp: 97, ChannelCount: 1}}, nil)
		p := startPull(t, Options{Address: cam.address(), Transport: over})
		cam.awaitPlay()
		want, opus := sounds(media.Opus, 100)
		typed(opus, 97)
		for i, pkts := range s.Packets {
			cam.send(0, pkts...)
			cam.send(1, opus[2*i], opus[2*i+1])
		}
		p.wait("all units", func() bool {
			return len(p.basket.of(media.Video)) >= 50 && len(p.basket.of(media.Audio)) >= 100
		})
		p.cancel()
		if err := p.end(); err != nil {
			t.Fatal(err)
		}
		checkPayloads(t, p.basket.of(media.Audio), want, 20*time.Millisecond)
		checkVideo(t, s, p.basket.of(media.Video))
		if len(p.basket.dropped) != 0 {
			t.Errorf("%s: dropped %q", over, p.basket.dropped)
		}
		if tr := p.basket.of(media.Audio)[0].Track; tr.Codec != media.Opus || tr.ClockRate != 48000 || tr.Channels != 2 {
			t.Errorf("sound is %+v", tr)
		}
	}
}

func checkVideo(t *testing.T, s *depackettest.Stream, units []unit) {
	t.Helper()
	var want [][]byte
	for _, au := range s.AUs {
		want = append(want, depackettest.Payload(t, au))
	}
	checkPayloads(t, units, want, 0)
	order := depackettest.Times(t, "bframes")
	for i, u := range units {
		if d := u.DTS - units[0].DTS - time.Duration(i)*40*time.Millisecond; d.Abs() > 50*time.Microsecond {
			t.Fatalf("picture %d: decoding time is off by %v", i, d)
		}
		if d := u.PTS() - units[0].PTS() - time.Duration(order[i])*40*time.Millisecond; d.Abs() > 50*time.Microsecond {
			t.Fatalf("picture %d: presentation time is off by %v", i, d)
		}
		if u.Offset < 0 || u.IsKey() != (i == 0 || i == 25) || u.Flags&media.Lost != 0 {
			t.Fatalf("picture %d: offset %v, flags %d", i, u.Offset, u.Flags)
		}
	}
	if tr := units[0].Track; tr.Codec != media.H264 || tr.Width != 160 || tr.Height != 120 || len(tr.Config) == 0 {
		t.Errorf("picture is %+v", tr)
	}
}

// photo is a JPEG image of 64x48.
func photo(t *testing.T, shade uint8) []byte {
	t.Helper()
	img := image.NewYCbCr(image.Rect(0, 0, 64, 48), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = uint8(i) + shade
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMJPEGAndAAC(t *testing.T) {
	aac := depackettest.AACLC()
	cam := startCamera(t, []format.Format{&format.MJPEG{}, aac}, nil)
	p := startPull(t, Options{Address: cam.address()})
	cam.awaitPlay()
	photos, err := (&format.MJPEG{}).CreateEncoder()
	if err != nil {
		t.Fatal(err)
	}
	voices, err := aac.CreateEncoder()
	if err != nil {
		t.Fatal(err)
	}
	var want [][]byte
	for i := range 20 {
		pkts, err := photos.Encode(photo(t, uint8(i)))
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range pkts {
			k.Timestamp += uint32(i) * 9000
		}
		cam.send(0, pkts...)
		aus := [][]byte{bytes.Repeat([]byte{byte(i)}, 60), bytes.Repeat([]byte{byte(i), 1}, 30), bytes.Repeat([]byte{byte(i), 2}, 30)}
		want = append(want, aus...)
		if pkts, err = voices.Encode(aus); err != nil {
			t.Fatal(err)
		}
		for _, k := range pkts {
			k.Timestamp += uint32(i) * 3 * 1024
		}
		cam.send(1, pkts...)
	}
	p.wait("all units", func() bool {
		return len(p.basket.of(media.Video)) >= 20 && len(p.basket.of(media.Audio)) >= 60
	})
	p.cancel()
	if err := p.end(); err != nil {
		t.Fatal(err)
	}
	checkPayloads(t, p.basket.of(media.Audio), want, time.Second*1024/44100)
	checkPhotos(t, p.basket.of(media.Video))
	if tr := p.basket.of(media.Audio)[0].Track; tr.Codec != media.AAC || tr.ClockRate != 44100 || tr.Channels != 2 || !bytes.Equal(tr.Config, []byte{0x12, 0x10}) {
		t.Errorf("sound is %+v", tr)
	}
}

// checkPhotos decodes what was rebuilt from RTP, where the JPEG header is not sent as it was.
func checkPhotos(t *testing.T, units []unit) {
	t.Helper()
	for i, u := range units {
		img, err := jpeg.Decode(bytes.NewReader(u.Payload))
		if err != nil {
			t.Fatalf("image %d: %v", i, err)
		}
		sent, err := jpeg.Decode(bytes.NewReader(photo(t, uint8(i))))
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []image.Point{{0, 0}, {17, 5}, {63, 47}} {
			a, b := color.GrayModel.Convert(img.At(at.X, at.Y)), color.GrayModel.Convert(sent.At(at.X, at.Y))
			if a != b {
				t.Fatalf("image %d at %v: %v, sent %v", i, at, a, b)
			}
		}
		if u.Codec != media.MJPEG || u.Width != 64 || u.Height != 48 || u.ClockRate != 90000 {
			t.Fatalf("image %d: %+v", i, u.Track)
		}
		if !bytes.HasPrefix(u.Payload, []byte{0xff, 0xd8}) || !bytes.HasSuffix(u.Payload, []byte{0xff, 0xd9}) {
			t.Fatalf("image %d does not go from SOI to EOI", i)
		}
	}
}

func TestG711(t *testing.T) {
	for codec, f := range map[media.Codec]*format.G711{
		media.PCMU: {PayloadTyp: 0, MULaw: true, SampleRate: 8000, ChannelCount: 1},
		media.PCMA: {PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1},
	} {
		cam := startCamera(t, []format.Format{f}, nil)
		p := startPull(t, Options{Address: cam.address(), Audio: true})
		cam.awaitPlay()
		want, pkts := sounds(codec, 50)
		cam.send(0, typed(pkts, f.PayloadTyp)...)
		p.wait("all units", func() bool { return len(p.basket.of(media.Audio)) >= 50 })
		p.cancel()
		if err := p.end(); err != nil {
			t.Fatal(err)
		}
		checkPayloads(t, p.basket.of(media.Audio), want, 20*time.Millisecond)
		if tr := p.basket.of(media.Audio)[0].Track; tr.Codec != codec || tr.ClockRate != 8000 || tr.Channels != 1 {
			t.Errorf("sound is %+v", tr)
		}
	}
}

func TestSenderReportsOverTheNetwork(t *testing.T) {
	s := depackettest.Packets(t, "plain", nil)
	cam := startCamera(t, []format.Format{s.Format, &format.Opus{PayloadTyp: 97, ChannelCount: 2}}, nil)
	p := startPull(t, Options{Address: cam.address()})
	cam.awaitPlay()
	// The sound was taken a quarter of a second before the picture of the same moment of arrival.
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	_, opus := sounds(media.Opus, 100)
	typed(opus, 97)
	for i, pkts := range s.Packets {
		cam.send(0, pkts...)
		cam.send(1, opus[2*i], opus[2*i+1])
		if i == 0 {
			cam.control(0, &rtcp.SenderReport{SSRC: pkts[0].SSRC, NTPTime: ntp.Encode(noon), RTPTime: pkts[0].Timestamp})
			cam.control(1, &rtcp.SenderReport{SSRC: opus[0].SSRC, NTPTime: ntp.Encode(noon.Add(-250 * time.Millisecond)), RTPTime: opus[0].Timestamp})
		}
	}
	p.wait("all units", func() bool {
		return len(p.basket.of(media.Video)) >= 50 && len(p.basket.of(media.Audio)) >= 100
	})
	v, a := p.basket.of(media.Video)[0], p.basket.of(media.Audio)[0]
	if d := v.PTS() - a.PTS(); (d - 250*time.Millisecond).Abs() > time.Millisecond {
		t.Errorf("the first picture is %v after the first sound, the reports say 250 ms", d)
	}
}

func TestSoundThatCannotBeRecordedIsLeftOut(t *testing.T) {
	s := depackettest.Packets(t, "plain", nil)
	cam := startCamera(t, []format.Format{s.Format, &format.G722{}}, nil)
	p := startPull(t, Options{Address: cam.address()})
	cam.awaitPlay()
	for _, pkts := range s.Packets {
		cam.send(0, pkts...)
	}
	p.wait("pictures", func() bool { return len(p.basket.of(media.Video)) >= 50 })
	if len(p.basket.dropped) != 1 || p.basket.dropped[0] != "sends g722, which cannot be recorded; set the camera to Opus, AAC or G.711" {
		t.Errorf("dropped %q", p.basket.dropped)
	}
}
