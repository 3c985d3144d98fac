package bench

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

// Clip is a piece of a stream that is sent again and again.
type Clip struct {
	Rate     int        // frames a second
	Pictures [][][]byte // access units as NAL units; the first is a key frame
	Sound    [][]byte   // Opus packets of 20 ms, as long as the pictures
	SPS, PPS []byte
}

// opusFrame is the length of one packet of Clip.Sound.
const opusFrame = 20 * time.Millisecond

// bytes is the payload of one round.
func (c *Clip) bytes() int64 {
	var n int64
	for _, au := range c.Pictures {
		for _, nal := range au {
			n += int64(len(nal)) + 4
		}
	}
	for _, p := range c.Sound {
		n += int64(len(p))
	}
	return n
}

// Source is an RTSP server that sends a clip for ever: an IP camera to pull.
type Source struct {
	clip   *Clip
	server *gortsplib.Server
	stream *gortsplib.ServerStream
	video  *description.Media
	audio  *description.Media
	h264   *format.H264
	opus   *format.Opus
	port   int
	lost   atomic.Int64 // packets that the recorder was too slow for
	stop   context.CancelFunc
	wg     sync.WaitGroup
}

// queue holds several key frames of the clip, some 200 packets each.
const queue = 2048

// NewSource serves clip at a free port of loopback.
func NewSource(clip *Clip) (*Source, error) {
	s := &Source{clip: clip,
		h264: &format.H264{PayloadTyp: 96, SPS: clip.SPS, PPS: clip.PPS, PacketizationMode: 1},
		opus: &format.Opus{PayloadTyp: 97, ChannelCount: 2}}
	s.video = &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{s.h264}}
	s.audio = &description.Media{Type: description.MediaTypeAudio, Formats: []format.Format{s.opus}}
	s.server = &gortsplib.Server{Handler: s, RTSPAddress: "127.0.0.1:0", WriteQueueSize: queue,
		Listen: func(network, address string) (net.Listener, error) {
			l, err := net.Listen(network, address)
			if err == nil {
				s.port = l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // a TCP listener's address
			}
			return l, err
		}}
	if err := s.server.Start(); err != nil {
		return nil, err
	}
	s.stream = &gortsplib.ServerStream{Server: s.server,
		Desc: &description.Session{Medias: []*description.Media{s.video, s.audio}}}
	if err := s.stream.Initialize(); err != nil {
		s.server.Close()
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.wg.Add(1)
	go s.run(ctx)
	return s, nil
}

// URL is where the clip is served.
func (s *Source) URL() string { return fmt.Sprintf("rtsp://127.0.0.1:%d/clip", s.port) }

// Close ends the server.
func (s *Source) Close() {
	s.stop()
	s.wg.Wait()
	s.stream.Close()
	s.server.Close()
}

// run sends pictures and sound, each at its time.
func (s *Source) run(ctx context.Context) {
	defer s.wg.Done()
	videoEnc, err1 := s.h264.CreateEncoder()
	audioEnc, err2 := s.opus.CreateEncoder()
	if err1 != nil || err2 != nil {
		return // both only fail for options that are not set here
	}
	start := time.Now()
	period := time.Second / time.Duration(s.clip.Rate)
	sent := 0 // Opus packets
	for n := 0; ; n++ {
		due := time.Duration(n) * time.Second / time.Duration(s.clip.Rate)
		t := time.NewTimer(time.Until(start.Add(due)))
		select {
		case <-ctx.Done():
			t.Stop()
			return
		case <-t.C:
		}
		if pkts, err := videoEnc.Encode(s.clip.Pictures[n%len(s.clip.Pictures)]); err == nil {
			s.write(s.video, pkts, uint32(int64(n)*90000/int64(s.clip.Rate)), start.Add(due))
		}
		for ; time.Duration(sent)*opusFrame < due+period; sent++ {
			if pkt, err := audioEnc.Encode(s.clip.Sound[sent%len(s.clip.Sound)]); err == nil {
				s.write(s.audio, []*rtp.Packet{pkt}, uint32(sent*960), start.Add(time.Duration(sent)*opusFrame))
			}
		}
	}
}

func (s *Source) write(m *description.Media, pkts []*rtp.Packet, ts uint32, ntp time.Time) {
	for _, p := range pkts {
		p.Timestamp = ts
		if err := s.stream.WritePacketRTPWithNTP(m, p, ntp); err != nil {
			s.lost.Add(1)
		}
	}
}

// OnDescribe is gortsplib's.
func (s *Source) OnDescribe(*gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusOK}, s.stream, nil
}

// OnSetup is gortsplib's.
func (s *Source) OnSetup(*gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusOK}, s.stream, nil
}

// OnPlay is gortsplib's.
func (s *Source) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnStreamWriteError is gortsplib's: the recorder was too slow.
func (s *Source) OnStreamWriteError(*gortsplib.ServerHandlerOnStreamWriteErrorCtx) { s.lost.Add(1) }
