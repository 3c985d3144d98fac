package rtspsource

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/auth"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"

	"hindsight/depacket/depackettest"
	"hindsight/media"
	"hindsight/player"
)

// foreigner is an RTSP server that keeps nothing, and may want a password.
type foreigner struct {
	t      *testing.T
	srv    *gortsplib.Server
	stream *gortsplib.ServerStream
	user   string
	pass   string
	torn   chan error
}

func newForeigner(t *testing.T, user, pass string, formats ...format.Format) *foreigner {
	f := &foreigner{t: t, user: user, pass: pass, torn: make(chan error, 10)}
	f.srv = &gortsplib.Server{Handler: f, RTSPAddress: "127.0.0.1:0", AuthMethods: []auth.VerifyMethod{auth.VerifyMethodDigestMD5}}
	if err := f.srv.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.srv.Close)
	d := &description.Session{}
	for _, x := range formats {
		d.Medias = append(d.Medias, &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{x}})
	}
	f.stream = &gortsplib.ServerStream{Server: f.srv, Desc: d}
	if err := f.stream.Initialize(); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *foreigner) address(creds string) string {
	return "rtsp://" + creds + f.srv.NetListener().Addr().String() + "/live/main"
}

func (f *foreigner) OnSessionClose(c *gortsplib.ServerHandlerOnSessionCloseCtx) { f.torn <- c.Error }

func (f *foreigner) OnDescribe(c *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if f.user != "" && !c.Conn.VerifyCredentials(c.Request, f.user, f.pass) {
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, liberrors.ErrServerAuth{}
	}
	if c.Path != "/live/main" {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, f.stream, nil
}

func (f *foreigner) OnSetup(*gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusOK}, f.stream, nil
}

func (f *foreigner) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// send sends pictures of a stream, without some packets.
func (f *foreigner) send(s *depackettest.Stream, lose func(picture, packet int) bool) {
	f.t.Helper()
	for i, pkts := range s.Packets {
		for k, p := range pkts {
			if lose != nil && lose(i, k) {
				continue
			}
			if err := f.stream.WritePacketRTP(f.stream.Desc.Medias[0], p); err != nil {
				f.t.Fatal(err)
			}
		}
	}
}

// TestForeign: of another server live is shown, losses cost what hangs on them, and
// what it cannot do is said.
func TestForeign(t *testing.T) {
	h264 := depackettest.PacketsOf(t, "plain", 1400, nil)
	f := newForeigner(t, "kim", "p@ss w0rd", h264.Format)
	if _, err := Dial(t.Context(), Options{Address: f.address(""), Log: quiet}); !errors.Is(err, ErrCredentials) {
		t.Fatalf("without a password: %v", err)
	}
	if _, err := Dial(t.Context(), Options{Address: f.address("kim:wr0ng@"), Log: quiet}); !errors.Is(err, ErrCredentials) || strings.Contains(err.Error(), "wr0ng") {
		t.Fatalf("with another: %v", err)
	}
	s, err := Dial(t.Context(), Options{Address: f.address("kim:p%40ss%20w0rd@"), Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if h := s.Hello(); !h.Foreign || h.Oldest != nil || h.Length != 0 {
		t.Errorf("%+v", h)
	}
	var missing *player.Missing
	for _, at := range []player.Moment{{Place: player.AtRecorded}, {Place: player.AtTime, Time: time.Now()}, {Place: player.AtPosition}} {
		if _, err := s.Open(t.Context(), at, player.Manner{}); !errors.As(err, &missing) {
			t.Errorf("%+v: %v", at, err)
		}
	}
	r := open(t, s, player.Moment{}, player.Manner{})
	f.send(h264, func(i, k int) bool { return i == 7 && k == 0 })
	want := []int{0, 1, 2, 3, 4, 5, 6}
	for i := 25; i < 50; i++ {
		want = append(want, i) // nothing broken: from the next key frame on
	}
	zero := time.Duration(-1)
	for _, n := range want {
		it := next(t, r)
		if zero < 0 {
			zero = it.DTS
		}
		if it.DTS-zero != time.Duration(n)*frame || it.IsKey() != (n%25 == 0) || it.Flags&media.Lost != 0 != (n == 25) {
			t.Fatalf("picture %d: at %v, flags %d", n, it.DTS-zero, it.Flags)
		}
		if n == 0 && (it.Point == nil || time.Since(it.Point.Time).Abs() > time.Minute) {
			t.Errorf("point %+v", it.Point)
		}
	}
	if !r.Live() {
		t.Error("not live")
	}
	s.Close()
	if err := <-f.torn; !errors.As(err, new(liberrors.ErrServerSessionTornDown)) {
		t.Errorf("the session ended by %v", err)
	}
}
