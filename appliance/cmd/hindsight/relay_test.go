package main

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/headers"
	"github.com/pion/rtp"
)

// relay pulls an address and serves it on, as MediaMTX does with a path whose source is an
// RTSP address and that has rtspRangeType and rtspRangeStart: with the same client library,
// the same requests in the same order, the packets handed on as they are. Other than MediaMTX
// it plays only once somebody reads, so that the first picture can be told.
type relay struct {
	server  gortsplib.Server
	ready   chan struct{} // closed when the stream is there
	stream  *gortsplib.ServerStream
	played  atomic.Bool
	reading chan struct{} // something each time that a reader is ready
}

func (r *relay) OnDescribe(*gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	<-r.ready
	return &base.Response{StatusCode: base.StatusOK}, r.stream, nil
}

func (r *relay) OnSetup(*gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusOK}, r.stream, nil
}

func (r *relay) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	r.played.Store(true)
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnResponse runs when the session can be sent to.
func (r *relay) OnResponse(*gortsplib.ServerConn, *base.Response) {
	if r.played.CompareAndSwap(true, false) {
		r.reading <- struct{}{}
	}
}

// serveOn starts a relay of an address and returns its own.
func serveOn(t *testing.T, address string, protocol gortsplib.Protocol, from headers.RangeValue) string {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	r := &relay{ready: make(chan struct{}), reading: make(chan struct{}, 1)}
	r.server = gortsplib.Server{Handler: r, RTSPAddress: "127.0.0.1:0", WriteQueueSize: 4096}
	must(r.server.Start())
	t.Cleanup(r.server.Close)
	u, err := base.ParseURL(address)
	must(err)
	c := gortsplib.Client{Scheme: u.Scheme, Host: u.Host, Protocol: &protocol,
		OnPacketsLost: func(n uint64) { t.Errorf("%d packets were lost on the way to the relay", n) },
		OnDecodeError: func(err error) { t.Errorf("the relay: %v", err) }}
	must(c.Start())
	t.Cleanup(c.Close)
	desc, _, err := c.Describe(u)
	must(err)
	for _, m := range desc.Medias {
		_, err := c.Setup(desc.BaseURL, m, 0, 0)
		must(err)
	}
	r.stream = &gortsplib.ServerStream{Server: &r.server, Desc: &description.Session{Title: desc.Title, Medias: desc.Medias}}
	must(r.stream.Initialize())
	close(r.ready)
	t.Cleanup(r.stream.Close)
	c.OnPacketRTPAny(func(m *description.Media, _ format.Format, p *rtp.Packet) {
		r.stream.WritePacketRTP(m, p) //nolint:errcheck // a reader that has gone
	})
	var at *headers.Range
	if from != nil {
		at = &headers.Range{Value: from}
	}
	ended := make(chan struct{})
	t.Cleanup(func() { <-ended })
	go func() {
		defer close(ended)
		select {
		case <-r.reading:
		case <-t.Context().Done(): // nobody has read
			return
		}
		if _, err := c.Play(at); err != nil {
			t.Errorf("the relay's PLAY: %v", err)
		}
	}()
	return "rtsp://" + r.server.NetListener().Addr().String() + "/on"
}

// A media server pulls history and serves it on: its readers see what was asked for.
func TestReplayRelayed(t *testing.T) {
	r := film(t, 25*30)
	clock := r.wall[400].UTC().Truncate(time.Second)
	npt := &headers.RangeNPT{Start: 10 * time.Second}
	for _, x := range []struct {
		name, path string
		protocol   gortsplib.Protocol
		from       headers.RangeValue
		want       uint32
	}{
		{"npt", "/cam/timeline", gortsplib.ProtocolTCP, npt, r.key(r.from(10*time.Second+1) - 1)},
		{"npt by UDP", "/cam/timeline", gortsplib.ProtocolUDP, npt, r.key(r.from(10*time.Second+1) - 1)},
		{"clock", "/cam/timeline", gortsplib.ProtocolTCP, &headers.RangeUTC{Start: clock}, r.keyAt(clock)},
		{"clock on the live address", "/cam", gortsplib.ProtocolTCP, &headers.RangeUTC{Start: clock}, r.keyAt(clock)},
		{"no range", "/cam/at/" + clock.Format("20060102T150405Z"), gortsplib.ProtocolTCP, nil, r.keyAt(clock)},
	} {
		t.Run(x.name, func(t *testing.T) {
			got := r.ffmpeg(t, []string{"-rtsp_transport", "tcp"}, serveOn(t, r.rtsp+x.path, x.protocol, x.from), "-frames:v", "60")
			if len(got) != 60 || got[0] != x.want {
				t.Errorf("pictures %v, want 60 from %d on", got, x.want)
			}
			checkRow(t, got)
		})
	}
}

// keyAt is the number of the key frame at or before a wall time.
func (r *reel) keyAt(at time.Time) uint32 {
	i := len(r.wall) - 1
	for ; i > 0 && r.wall[i].After(at); i-- {
	}
	return r.key(i)
}
