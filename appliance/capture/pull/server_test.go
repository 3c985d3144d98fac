package pull

import (
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/auth"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"

	"hindsight/appliance/capture"
	"hindsight/media"
)

var _ capture.Source = (*Source)(nil)

// fakeCamera is an RTSP server on a free port.
type fakeCamera struct {
	t          testing.TB
	server     *gortsplib.Server
	stream     *gortsplib.ServerStream
	medias     []*description.Media
	user, pass string
	tcpRefused bool
	status     base.StatusCode // of DESCRIBE; 0: OK
	played     atomic.Bool     // PLAY was asked for and not answered yet
	playing    chan struct{}   // something each time a client plays
}

// startCamera serves the formats, each a stream of its own.
func startCamera(t testing.TB, formats []format.Format, change func(*fakeCamera)) *fakeCamera {
	t.Helper()
	f := &fakeCamera{t: t, playing: make(chan struct{}, 100)}
	if change != nil {
		change(f)
	}
	f.server = &gortsplib.Server{
		Handler: f, RTSPAddress: "127.0.0.1:0", WriteQueueSize: 4096, DisableRTCPSenderReports: true,
		AuthMethods: []auth.VerifyMethod{auth.VerifyMethodDigestMD5, auth.VerifyMethodBasic},
	}
	f.udp()
	if err := f.server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.server.Close)
	for _, fo := range formats {
		typ := description.MediaTypeVideo
		switch fo.(type) {
		case *format.Opus, *format.MPEG4Audio, *format.G711, *format.G722:
			typ = description.MediaTypeAudio
		}
		f.medias = append(f.medias, &description.Media{Type: typ, Formats: []format.Format{fo}})
	}
	f.stream = &gortsplib.ServerStream{Server: f.server, Desc: &description.Session{Medias: f.medias}}
	if err := f.stream.Initialize(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.stream.Close)
	return f
}

// udp finds a free pair of ports, an even one and the next.
func (f *fakeCamera) udp() {
	f.t.Helper()
	for range 100 {
		a, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			f.t.Fatal(err)
		}
		port := a.LocalAddr().(*net.UDPAddr).Port &^ 1
		a.Close()
		even, err1 := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		odd, err2 := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port + 1})
		if err1 == nil {
			even.Close()
		}
		if err2 == nil {
			odd.Close()
		}
		if err1 == nil && err2 == nil {
			f.server.UDPRTPAddress = (&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String()
			f.server.UDPRTCPAddress = (&net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port + 1}).String()
			return
		}
	}
	f.t.Fatal("no free pair of UDP ports")
}

func (f *fakeCamera) address() string {
	creds := ""
	if f.user != "" {
		creds = f.user + ":" + f.pass + "@"
	}
	return "rtsp://" + creds + f.server.NetListener().Addr().String() + "/cam"
}

func (f *fakeCamera) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if f.user != "" && !ctx.Conn.VerifyCredentials(ctx.Request, f.user, f.pass) {
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, liberrors.ErrServerAuth{}
	}
	if f.status != 0 {
		return &base.Response{StatusCode: f.status, StatusMessage: "at " + ctx.Request.URL.String()}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, f.stream, nil
}

func (f *fakeCamera) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if f.tcpRefused && ctx.Transport.Protocol == gortsplib.ProtocolTCP {
		return &base.Response{StatusCode: base.StatusUnsupportedTransport}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, f.stream, nil
}

func (f *fakeCamera) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	f.played.Store(true)
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnResponse says that a client plays once the session is really ready to send.
func (f *fakeCamera) OnResponse(*gortsplib.ServerConn, *base.Response) {
	if f.played.CompareAndSwap(true, false) {
		f.playing <- struct{}{}
	}
}

// send writes packets of stream i, one after the other.
func (f *fakeCamera) send(i int, pkts ...*rtp.Packet) {
	f.t.Helper()
	for _, p := range pkts {
		p.Version = 2
		if err := f.stream.WritePacketRTP(f.medias[i], p); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *fakeCamera) control(i int, pkt rtcp.Packet) {
	f.t.Helper()
	if err := f.stream.WritePacketRTCP(f.medias[i], pkt); err != nil {
		f.t.Fatal(err)
	}
}

// unit is what a client got.
type unit struct {
	media.Track
	media.Unit
}

// basket keeps what a source hands on, for a test that looks while it runs.
type basket struct {
	mu      sync.Mutex
	units   []unit
	dropped []string
}

func (b *basket) Picture(media.Picture) {}
func (b *basket) Sound(media.Sound)     {}
func (b *basket) Dropped(_ media.Kind, why string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.dropped = append(b.dropped, why)
}
func (b *basket) Coded(t media.Track, u media.Unit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.units = append(b.units, unit{t, u})
}

func (b *basket) of(k media.Kind) []unit {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.units), func(u unit) bool { return u.Kind != k })
}

// pulling is a source that runs.
type pulling struct {
	t      testing.TB
	basket *basket
	cancel context.CancelFunc
	result chan error
}

func startPull(t testing.TB, o Options) *pulling {
	t.Helper()
	o.Clock = media.SystemClock{}
	src, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p := &pulling{t: t, basket: &basket{}, cancel: cancel, result: make(chan error, 1)}
	go func() { p.result <- src.Run(ctx, p.basket) }()
	t.Cleanup(cancel)
	return p
}

// wait polls until ok; the deadline only bounds a hang.
func (p *pulling) wait(what string, ok func() bool) {
	p.t.Helper()
	deadline := time.After(60 * time.Second)
	for !ok() {
		select {
		case err := <-p.result:
			if p.result <- err; ok() {
				return
			}
			p.t.Fatalf("waiting for %s: ended with %v", what, err)
		case <-deadline:
			p.t.Fatalf("waiting for %s in vain; dropped: %q", what, p.basket.dropped)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// end waits for Run to return.
func (p *pulling) end() error {
	p.t.Helper()
	select {
	case err := <-p.result:
		return err
	case <-time.After(60 * time.Second):
		p.t.Fatal("Run does not return")
		return nil
	}
}

func (f *fakeCamera) awaitPlay() {
	f.t.Helper()
	select {
	case <-f.playing:
	case <-time.After(60 * time.Second):
		f.t.Fatal("nobody plays")
	}
}
