package desktop

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/auth"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"github.com/coder/websocket"

	"hindsight/player"
)

var quiet = slog.New(slog.DiscardHandler)

// camera is a camera by somebody else, behind a password.
type camera struct {
	srv    *gortsplib.Server
	stream *gortsplib.ServerStream
	ended  chan error
}

func newCamera(t *testing.T) *camera {
	c := &camera{ended: make(chan error, 20)}
	c.srv = &gortsplib.Server{Handler: c, RTSPAddress: "127.0.0.1:0", AuthMethods: []auth.VerifyMethod{auth.VerifyMethodDigestMD5}}
	if err := c.srv.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.srv.Close)
	c.stream = &gortsplib.ServerStream{Server: c.srv, Desc: &description.Session{Medias: []*description.Media{
		{Type: description.MediaTypeAudio, Formats: []format.Format{&format.Opus{PayloadTyp: 97, ChannelCount: 1}}}}}}
	if err := c.stream.Initialize(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *camera) host() string { return c.srv.NetListener().Addr().String() }

func (c *camera) OnDescribe(x *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if !x.Conn.VerifyCredentials(x.Request, "kim", "s3cret") {
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, liberrors.ErrServerAuth{}
	}
	if x.Path != "/live" {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

func (c *camera) OnSetup(*gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return &base.Response{StatusCode: base.StatusOK}, c.stream, nil
}

func (c *camera) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

func (c *camera) OnSessionClose(x *gortsplib.ServerHandlerOnSessionCloseCtx) { c.ended <- x.Error }

// ring is a keyring.
type ring map[string]string

func (r ring) Get(what string) (string, error) {
	if s, ok := r[what]; ok {
		return s, nil
	}
	return "", errors.New("not found")
}

func (r ring) Set(what, secret string) error { r[what] = secret; return nil }

func newDesktop(t *testing.T, dir string, keys Keys) *Desktop {
	t.Helper()
	d, err := New(Options{Log: quiet, Dir: dir, Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// TestCredentials: they are asked for, kept where that is wished, and shown nowhere.
func TestCredentials(t *testing.T) {
	cam := newCamera(t)
	keys, dir := ring{}, t.TempDir()
	d := newDesktop(t, dir, keys)
	address := "rtsp://" + cam.host() + "/live"
	ask := func(login Login) Connected {
		t.Helper()
		c, err := d.Connect(t.Context(), address, login)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if c := ask(Login{}); !c.Credentials || d.Address() != "" || len(d.Recent()) != 0 {
		t.Fatalf("without: %+v, recent %v", c, d.Recent())
	}
	if c := ask(Login{User: "kim", Password: "wrong", Keep: true}); !c.Credentials || len(keys) != 0 {
		t.Fatalf("wrong: %+v, keyring %v", c, keys)
	}
	want := Connected{Address: address, Foreign: true}
	if c := ask(Login{User: "kim", Password: "s3cret"}); c != want || len(keys) != 0 {
		t.Fatalf("right: %+v, keyring %v", c, keys)
	}
	want.Kept = true
	if c := ask(Login{User: "kim", Password: "s3cret", Keep: true}); c != want {
		t.Fatalf("kept: %+v", c)
	}
	want.Kept = false
	if c := ask(Login{}); c != want {
		t.Fatalf("from the keyring: %+v", c)
	}
	address = "rtsp://kim:s3cret@" + cam.host() + "/live"
	if c := ask(Login{}); c != want {
		t.Fatalf("in the address: %+v", c)
	}
	for _, text := range []string{d.Address(), d.Recent()[0].Address} {
		if strings.Contains(text, "s3cret") || len(d.Recent()) != 1 {
			t.Errorf("%q of %v", text, d.Recent())
		}
	}
	if r := newDesktop(t, dir, nil).Recent(); len(r) != 1 || time.Since(r[0].Seen) > time.Minute {
		t.Errorf("next time: %v", r)
	}
	if err := d.Forget(d.Address()); err != nil || len(d.Recent()) != 0 {
		t.Errorf("forgotten: %v, %v", d.Recent(), err)
	}
}

// TestForeignHasAStatus: the page can show a camera that has no API.
func TestForeignHasAStatus(t *testing.T) {
	cam := newCamera(t)
	d := newDesktop(t, "", nil)
	if _, err := d.Connect(t.Context(), "rtsp://kim:s3cret@"+cam.host()+"/live", Login{}); err != nil {
		t.Fatal(err)
	}
	get := func(path string) (int, string) {
		w := httptest.NewRecorder()
		d.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code, w.Body.String()
	}
	code, body := get("/api/v1/status")
	var status struct {
		Cameras []struct{ Name, State string }
	}
	if json.Unmarshal([]byte(body), &status) != nil || code != 200 || len(status.Cameras) != 1 || status.Cameras[0].Name != "live" {
		t.Errorf("%d %s", code, body)
	}
	if code, body := get("/api/v1/timeline"); code != 503 || !strings.Contains(body, "no Hindsight") {
		t.Errorf("%d %s", code, body)
	}
	if err := d.Save(t.Context(), "/api/v1/export.mp4", "x"); err == nil {
		t.Error("saved")
	}
}

// TestLoopbackIsForThePageAlone: token, origin and host must all be right.
func TestLoopbackIsForThePageAlone(t *testing.T) {
	d := newDesktop(t, "", nil)
	base, token := d.Base()
	ask := func(path, token, origin, host string) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path+"?token="+url.QueryEscape(token), nil)
		if err != nil {
			t.Fatal(err)
		}
		if origin != "" {
			req.Header.Set("Origin", origin)
		}
		if host != "" {
			req.Host = host
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		io.Copy(io.Discard, res.Body)
		if got := res.Header.Get("Access-Control-Allow-Origin"); got != "" && got != origin {
			t.Errorf("allows %q", got)
		}
		return res.StatusCode
	}
	for _, c := range []struct {
		name, path, token, origin, host string
		want                            int
	}{
		{"the page", "/api/v1/status", token, "wails://wails", "", 503}, // nothing is connected
		{"an image of the page", "/api/v1/status", token, "", "", 503},
		{"no token", "/api/v1/status", "", "wails://wails", "", 403},
		{"another token", "/api/v1/status", token + "x", "wails://wails", "", 403},
		{"another site", "/api/v1/status", token, "https://example.org", "", 403},
		{"a name that leads here", "/api/v1/status", token, "", "evil.example:80", 421},
		{"a player without an origin", "/api/v1/player", token, "", "", 403},
		{"a player of another site", "/api/v1/player", token, "http://127.0.0.1", "", 403},
	} {
		if got := ask(c.path, c.token, c.origin, c.host); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestPlayerOfTheWindow: the page gets the player's first message, and closing the
// program ends the RTSP session by TEARDOWN.
func TestPlayerOfTheWindow(t *testing.T) {
	cam := newCamera(t)
	d := newDesktop(t, "", nil)
	if _, err := d.Connect(t.Context(), "rtsp://kim:s3cret@"+cam.host()+"/live", Login{}); err != nil {
		t.Fatal(err)
	}
	<-cam.ended // of the look whether it answers
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, d.Player("live"), &websocket.DialOptions{
		Subprotocols: []string{player.Subprotocol}, HTTPHeader: http.Header{"Origin": {"wails://wails"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	_, b, err := conn.Read(ctx)
	var hello struct {
		Is, Camera string
		Foreign    bool
	}
	if err != nil || json.Unmarshal(b, &hello) != nil || hello.Is != "hello" || hello.Camera != "live" || !hello.Foreign {
		t.Fatalf("%s, %v", b, err)
	}
	d.Close()
	if err := <-cam.ended; !errors.As(err, new(liberrors.ErrServerSessionTornDown)) {
		t.Errorf("the session ended by %v", err)
	}
}

func TestLacks(t *testing.T) {
	for _, c := range []struct {
		name string
		has  Plays
		want []Part
	}{
		{"everything there", Plays{true, true, true, true, true}, []Part{}},
		{"no plug-ins", Plays{MSE: true}, []Part{{"gstreamer1.0-plugins-bad", "everything"}, {"gstreamer1.0-libav", "sound"}}},
		{"libav alone", Plays{MSE: true, H264: true, High: true, AAC: true}, []Part{{"gstreamer1.0-plugins-bad", "sound"}}},
		{"bad alone", Plays{MSE: true, H264: true, Opus: true}, []Part{{"gstreamer1.0-libav", "sound"}}},
		{"no High profile", Plays{MSE: true, H264: true, Opus: true, AAC: true}, []Part{{"gstreamer1.0-libav", "pictures"}}},
		{"no MediaSource", Plays{}, []Part{{"libwebkit2gtk-4.1-0", "everything"}}},
	} {
		got := Lacks(c.has)
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(c.want)
		if string(a) != string(b) {
			t.Errorf("%s: %s, want %s", c.name, a, b)
		}
	}
}

func TestMemoryThatIsBroken(t *testing.T) {
	d := newDesktop(t, t.TempDir(), nil)
	for i := range 12 {
		if err := d.memory.connected("http://h"+string(rune('a'+i)), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if r := d.Recent(); len(r) != mostRecent || r[0].Address != "http://hl" {
		t.Errorf("%v", r)
	}
	if newMemory("/nowhere/at/all").get().CloseOnly || newMemory("desktop_test.go").get().Frame.Width != 0 {
		t.Error("nonsense is remembered")
	}
}
