package pull

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/format"

	"hindsight/appliance/capture"
	"hindsight/depacket/depackettest"
	"hindsight/media"
)

const (
	user = "kim.wachter"
	pass = "s3cret@/:?#%w0rd"
)

// secret is what must not be seen anywhere, in each of its forms.
var secret = []string{user, pass, "w0rd", "s3cret", url.QueryEscape(pass), url.PathEscape(pass)}

func withCredentials(hostport string) string {
	return "rtsp://" + url.UserPassword(user, pass).String() + "@" + hostport + "/cam?password=" + url.QueryEscape(pass)
}

// rawServer answers every request with what answer says; "" hangs up, "-" says nothing.
func rawServer(t *testing.T, answer func(method, uri string) string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go serveRaw(conn, answer)
		}
	}()
	return ln.Addr().String()
}

func serveRaw(conn net.Conn, answer func(method, uri string) string) {
	defer conn.Close()
	br := bufio.NewReader(conn)
	for {
		first, err := br.ReadString('\n')
		if err != nil {
			return
		}
		cseq := ""
		for {
			line, err := br.ReadString('\n')
			if err != nil {
				return
			}
			if v, ok := strings.CutPrefix(strings.TrimSpace(line), "CSeq: "); ok {
				cseq = v
			}
			if strings.TrimSpace(line) == "" {
				break
			}
		}
		words := strings.Fields(first)
		if len(words) < 2 {
			return
		}
		switch reply := answer(words[0], words[1]); reply {
		case "":
			return
		case "-":
		default:
			fmt.Fprintf(conn, "%s", strings.ReplaceAll(strings.ReplaceAll(reply, "\n", "\r\n"), "CSEQ", cseq))
		}
	}
}

const ok = "RTSP/1.0 200 OK\nCSeq: CSEQ\nPublic: DESCRIBE, SETUP, PLAY\n\n"

func sdp(body string) string {
	return fmt.Sprintf("RTSP/1.0 200 OK\nCSeq: CSEQ\nContent-Type: application/sdp\nContent-Length: %d\n\n%s", len(strings.ReplaceAll(body, "\n", "\r\n")), body)
}

func refusedPort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func TestWhyACameraIsLost(t *testing.T) {
	describe := func(reply string) func(string, string) string {
		return func(method, _ string) string {
			if method == "DESCRIBE" {
				return reply
			}
			return ok
		}
	}
	video := "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=video 0 RTP/AVP 96\n"
	tests := []struct {
		name string
		host func(t *testing.T) string
		want string // part of the sentence
	}{
		{"refused", refusedPort, "refuses connections; check the port"},
		{"no such host", func(*testing.T) string { return "no-such-host.invalid" }, `there is no host "no-such-host.invalid"`},
		{"hangs up", raw(func(string, string) string { return "" }), "the camera closed the connection"},
		{"says nothing", raw(func(string, string) string { return "-" }), "no answer within 3s"},
		{"401 for good", raw(describe("RTSP/1.0 401 Unauthorized\nCSeq: CSEQ\nWWW-Authenticate: Basic realm=\"x\"\n\n")), "refuses the user name or password"},
		{"401 without a way", raw(describe("RTSP/1.0 401 Unauthorized\nCSeq: CSEQ\n\n")), "no authentication methods"},
		{"403", raw(describe("RTSP/1.0 403 Forbidden\nCSeq: CSEQ\n\n")), "refuses the user name or password"},
		{"404", raw(describe("RTSP/1.0 404 Not Found\nCSeq: CSEQ\n\n")), "has no stream at this path"},
		{"503 that quotes the request", raw(quoting("RTSP/1.0 503 cannot serve %s\nCSeq: CSEQ\n\n")), "answered 503"},
		{"503 that quotes the password", raw(describe("RTSP/1.0 503 password " + pass + " is too long\nCSeq: CSEQ\n\n")), "answered 503 ((not shown"},
		{"moved to nowhere", raw(quoting("RTSP/1.0 302 Found\nCSeq: CSEQ\nLocation: http://" + pass + "/%s\n\n")), "not shown"},
		{"description of nonsense", raw(describe(sdp("v=0\no=" + pass + "\n"))), "description of the streams cannot be read"},
		{"control of nonsense", raw(describe(sdp(strings.Replace(video, "m=", "a=control:%zz"+pass+"\nm=", 1) + "a=rtpmap:96 H264/90000\n"))), "not shown"},
		{"H.265", raw(describe(sdp(video + "a=rtpmap:96 H265/90000\n"))), "sends h265, which cannot be recorded; set the camera to H.264 or MJPEG"},
		{"unknown codec", raw(describe(sdp(video + "a=rtpmap:96 dirac/90000\n"))), "sends dirac, which cannot be recorded"},
		{"nothing to see or hear", raw(describe(sdp("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=application 0 RTP/AVP 96\na=rtpmap:96 vnd.onvif.metadata/90000\n"))), "has no video and has no audio"},
		{"HTTP", raw(func(string, string) string { return "HTTP/1.1 400 Bad Request\n\n" }), ""},
		{"noise", raw(func(string, string) string { return strings.Repeat("\x00RTSP/9 \xff", 500) }), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkLost(t, withCredentials(tt.host(t)), Auto, tt.want)
		})
	}
}

func raw(answer func(method, uri string) string) func(*testing.T) string {
	return func(t *testing.T) string { return rawServer(t, answer) }
}

func quoting(reply string) func(method, uri string) string {
	return func(method, uri string) string {
		if method == "DESCRIBE" {
			return fmt.Sprintf(reply, uri)
		}
		return ok
	}
}

// checkLost runs a source that cannot work, and looks for credentials in all that it says.
func checkLost(t *testing.T, address string, over Transport, want string) {
	t.Helper()
	var log bytes.Buffer
	src, err := New(Options{
		Address: address, Clock: media.SystemClock{}, Transport: over, Timeout: time.Second,
		Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &basket{}
	err = src.Run(t.Context(), b)
	var lost *capture.Lost
	if !errors.As(err, &lost) {
		t.Fatalf("ended with %v, not Lost", err)
	}
	if lost.Reason != media.CameraLost || lost.Kind != 0 || lost.Since != 0 {
		t.Errorf("lost: %+v", lost)
	}
	if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("said %q, want %q in it", err, want)
	}
	said := strings.Join(append(b.dropped, err.Error(), fmt.Sprintf("%+v", lost.Err), src.String(), log.String()), "\n")
	for e := err; e != nil; e = errors.Unwrap(e) {
		said += fmt.Sprintf("\n%v %+v %#v", e, e, e)
	}
	for _, s := range secret {
		if strings.Contains(said, s) {
			t.Errorf("%q is in what it says:\n%s", s, said)
		}
	}
}

func TestCredentialsOpenTheCamera(t *testing.T) {
	s := depackettest.Packets(t, "plain", nil)
	cam := startCamera(t, []format.Format{s.Format}, func(f *fakeCamera) { f.user, f.pass = user, pass })
	p := startPull(t, Options{Address: withCredentials(cam.server.NetListener().Addr().String())})
	cam.awaitPlay()
	for _, pkts := range s.Packets {
		cam.send(0, pkts...)
	}
	p.wait("pictures", func() bool { return len(p.basket.of(media.Video)) >= 50 })
	p.cancel()
	if err := p.end(); err != nil {
		t.Error(err)
	}
}

func TestWrongAndMissingCredentials(t *testing.T) {
	cam := startCamera(t, []format.Format{&format.MJPEG{}}, func(f *fakeCamera) { f.user, f.pass = "other", "one" })
	host := cam.server.NetListener().Addr().String()
	checkLost(t, withCredentials(host), TCP, "refuses the user name or password in the address")
	checkLost(t, "rtsp://"+host+"/cam", TCP, "asks for a user name and password; write them in the address")
}

func TestCameraThatRefusesTCPIsPulledOverUDP(t *testing.T) {
	s := depackettest.PacketsOf(t, "plain", 1000, nil)
	cam := startCamera(t, []format.Format{s.Format}, func(f *fakeCamera) { f.tcpRefused = true })
	p := startPull(t, Options{Address: cam.address()})
	cam.awaitPlay()
	for _, pkts := range s.Packets {
		cam.send(0, pkts...)
	}
	p.wait("pictures", func() bool { return len(p.basket.of(media.Video)) >= 50 })
	checkLost(t, withCredentials(cam.server.NetListener().Addr().String()), TCP, "does not send over the transport asked for")
}

// playing is a source that has got pictures and sound for a while.
func playing(t *testing.T, timeout time.Duration) (*fakeCamera, *pulling) {
	t.Helper()
	s := depackettest.Packets(t, "plain", nil)
	cam := startCamera(t, []format.Format{s.Format, &format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}}, nil)
	p := startPull(t, Options{Address: cam.address(), Timeout: timeout})
	cam.awaitPlay()
	_, pcma := sounds(media.PCMA, 100)
	typed(pcma, 8)
	for i, pkts := range s.Packets {
		cam.send(0, pkts...)
		cam.send(1, pcma[2*i], pcma[2*i+1])
	}
	p.wait("pictures", func() bool { return len(p.basket.of(media.Video)) >= 50 })
	return cam, p
}

func (p *pulling) lost(reason media.Reason, kind media.Kind, want string) {
	p.t.Helper()
	var lost *capture.Lost
	if err := p.end(); !errors.As(err, &lost) {
		p.t.Fatalf("ended with %v", err)
	}
	now := media.SystemClock{}.Boot()
	if lost.Reason != reason || lost.Kind != kind || lost.Since <= 0 || lost.Since > now || !strings.Contains(lost.Error(), want) {
		p.t.Errorf("lost: %+v", lost)
	}
}

func TestCameraThatGoesAway(t *testing.T) {
	t.Run("closes", func(t *testing.T) {
		cam, p := playing(t, 0)
		cam.server.Close()
		p.lost(media.CameraLost, 0, "the camera closed the connection")
	})
	t.Run("ends the stream", func(t *testing.T) {
		cam, p := playing(t, 0)
		cam.control(0, &rtcp.Goodbye{Sources: []uint32{1}})
		p.lost(media.CameraLost, 0, "the camera ended the stream")
	})
	t.Run("falls silent", func(t *testing.T) {
		_, p := playing(t, 1500*time.Millisecond)
		p.lost(media.CameraLost, 0, "nothing came for 1.5s")
	})
	t.Run("gives sound only", func(t *testing.T) {
		cam, p := playing(t, 1500*time.Millisecond)
		_, pcma := sounds(media.PCMA, 1)
		typed(pcma, 8)
		stop := make(chan struct{})
		done := make(chan struct{})
		go func() {
			defer close(done)
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for seq := uint16(65530 + 100 - 65536); ; seq++ {
				select {
				case <-stop:
					return
				case <-tick.C:
				}
				k := *pcma[0]
				k.SequenceNumber, k.Timestamp, k.Version = seq, 160*uint32(seq), 2
				cam.stream.WritePacketRTP(cam.medias[1], &k) //nolint:errcheck // the server may be gone
			}
		}()
		p.lost(media.Frozen, media.Video, "no picture for 1.5s, only sound")
		close(stop)
		<-done
	})
	t.Run("never sends", func(t *testing.T) {
		cam := startCamera(t, []format.Format{&format.MJPEG{}}, nil)
		checkLost(t, withCredentials(cam.server.NetListener().Addr().String()), TCP, "nothing came for 1s")
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	cam, p := playing(t, 0)
	_ = cam
	p.cancel()
	if err := p.end(); err != nil {
		t.Errorf("ended with %v", err)
	}
	hung := startPull(t, Options{Address: "rtsp://" + rawServer(t, func(string, string) string { return "-" }) + "/"})
	hung.cancel()
	if err := hung.end(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestRunMayBeCalledAgain(t *testing.T) {
	s := depackettest.Packets(t, "plain", nil)
	cam := startCamera(t, []format.Format{s.Format}, nil)
	for range 2 {
		p := startPull(t, Options{Address: cam.address()})
		cam.awaitPlay()
		for _, pkts := range s.Packets {
			cam.send(0, pkts...)
		}
		p.wait("pictures", func() bool { return len(p.basket.of(media.Video)) >= 50 })
		p.cancel()
		if err := p.end(); err != nil {
			t.Error(err)
		}
	}
}

func TestStatusOfTheFakeCamera(t *testing.T) { // the library's own server, which quotes the address
	cam := startCamera(t, []format.Format{&format.MJPEG{}}, func(f *fakeCamera) { f.status = base.StatusNotEnoughBandwidth })
	checkLost(t, withCredentials(cam.server.NetListener().Addr().String()), TCP, "answered 453")
}
