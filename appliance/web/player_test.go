package web

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"hindsight/media"
	"hindsight/player"
)

// dialPlayer opens a player at a server.
func dialPlayer(t *testing.T, base, query string, o *websocket.DialOptions) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if o == nil {
		o = &websocket.DialOptions{Subprotocols: []string{player.Subprotocol}}
	}
	c, r, err := websocket.Dial(ctx, strings.Replace(base, "http", "ws", 1)+"/api/v1/player"+query, o)
	if err == nil {
		c.SetReadLimit(-1)
		t.Cleanup(func() { c.CloseNow() })
	}
	return c, r, err
}

// heard reads messages until one is a text that says is; binary ones are counted by their kind.
func heard(t *testing.T, c *websocket.Conn, is string, binary map[byte]int) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		kind, b, err := c.Read(ctx)
		if err != nil {
			t.Fatalf("waiting for %s: %v", is, err)
		}
		if kind == websocket.MessageBinary {
			binary[b[0]]++
			continue
		}
		var m map[string]any
		must(t, json.Unmarshal(b, &m))
		if m["is"] == is {
			return m
		}
	}
}

func TestPlayer(t *testing.T) {
	f := newFilm(t)
	s := f.serve(nil)
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	defer s.close()
	c, _, err := dialPlayer(t, srv.URL, "?camera=cam", nil)
	must(t, err)
	binary := map[byte]int{}
	fields(t, heard(t, c, "hello", binary), map[string]any{
		"protocol": 1., "camera": "cam", "length": 70., "oldest.position": "1.1000", "oldest.recorded": 0.,
		"oldest.time": "2026-11-24T10:15:01Z", "oldest.trusted": true, "foreign": false,
	})
	fields(t, heard(t, c, "edge", binary), map[string]any{"point.position": "2.30980", "point.recorded": 69.98})
	say := func(text string) { must(t, c.Write(t.Context(), websocket.MessageText, []byte(text))) }
	say(`{"do":"seek","gen":7,"time":"2026-11-24T10:15:40Z"}`)
	fields(t, heard(t, c, "landed", binary), map[string]any{
		"gen": 7., "point.position": "1.51000", "asked.recorded": 20., "live": false, "rate": 1.,
		"gap.kind": "all", "gap.reason": "camera lost", "gap.detail": "unplugged", "gap.seconds": 30., "gap.from": "2026-11-24T10:15:21Z",
	})
	fields(t, heard(t, c, "tracks", binary), map[string]any{
		"gen": 7., "mime": `video/mp4; codecs="avc1.42C00D,opus"`, "video.width": 320., "audio.codec": "opus",
	})
	for binary[2] < 10 {
		heard(t, c, "edge", binary)
	}
	if binary[1] != 1 || binary[3] != 0 {
		t.Errorf("messages %v", binary)
	}
	var st any
	ask(t, s, "/api/v1/status", &st)
	fields(t, st, map[string]any{"screens.open": 1., "screens.seeks": 1., "screens.thin": 0.})
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{"hindsight_player_connections 1", "hindsight_player_seeks_total 1", `hindsight_player_filled_seconds_total{kind="audio"} 0`} {
		if !bytes.Contains(w.Body.Bytes(), []byte(want)) {
			t.Errorf("no line %s", want)
		}
	}
	s.close()
	if _, _, err := c.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		for err == nil { // what was on its way
			_, _, err = c.Read(t.Context())
		}
		if websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Errorf("a recorder that closes: %v", err)
		}
	}
}

func TestPlayerIsRefused(t *testing.T) {
	d := newDeck(t)
	d.record(2 * time.Second)
	s := d.serve(nil)
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	defer s.close()
	proto := []string{player.Subprotocol}
	for _, c := range []struct {
		query  string
		o      *websocket.DialOptions
		status int
	}{
		{"?camera=door", nil, http.StatusNotFound},
		{"", &websocket.DialOptions{}, http.StatusBadRequest},
		{"", &websocket.DialOptions{Subprotocols: []string{"hindsight.player.2"}}, http.StatusBadRequest},
		{"", &websocket.DialOptions{Subprotocols: proto, HTTPHeader: http.Header{"Origin": {"http://elsewhere.example"}}}, http.StatusForbidden},
		{"", &websocket.DialOptions{Subprotocols: proto, HTTPHeader: http.Header{"Origin": {"null"}}}, http.StatusForbidden},
		{"", &websocket.DialOptions{Subprotocols: proto, HTTPHeader: http.Header{"Origin": {srv.URL}}}, http.StatusSwitchingProtocols},
	} {
		_, r, err := dialPlayer(t, srv.URL, c.query, c.o)
		if r == nil || r.StatusCode != c.status || (err == nil) != (c.status == http.StatusSwitchingProtocols) {
			t.Errorf("%q %+v: %v, %v", c.query, c.o, r, err)
		}
	}
	refused(t, s, "/api/v1/player", http.StatusUpgradeRequired)
	for range cap(s.screens) - len(s.screens) {
		s.screens <- struct{}{}
	}
	if _, r, _ := dialPlayer(t, srv.URL, "", nil); r == nil || r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
		t.Errorf("one too many: %v", r)
	}
}

// The page may show what it makes of the player's messages, and connect to it.
func TestPageMayPlay(t *testing.T) {
	r := ask(t, newDeck(t).serve(nil), "/healthz", nil)
	csp := r.Header.Get("Content-Security-Policy")
	for _, want := range []string{"connect-src 'self' ws: wss:", "media-src 'self' blob:", "img-src 'self' data: blob:", "default-src 'self'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("%q lacks %s", csp, want)
		}
	}
}

// MJPEG and G.711, which the deck has: pictures without sound that can be played,
// and what the timeline says is missing.
func TestPlayerOfJPEGs(t *testing.T) {
	d := newDeck(t)
	d.record(2 * time.Second)
	d.Lose(media.Audio, d.Media(d.Boot()), media.MicrophoneLost, "")
	first := d.Media(d.Boot())
	for at := time.Duration(0); at < 2*time.Second; at += 100 * time.Millisecond {
		must(t, d.Append(media.Unit{Track: d.video.ID, Flags: media.Key, DTS: first + at, Payload: []byte{0xff, 0xd8, 0xff, 0xd9}}))
	}
	d.pass(2 * time.Second)
	must(t, d.Sync(t.Context()))
	s := d.serve(nil)
	srv := httptest.NewServer(s.Handler())
	defer srv.Close()
	defer s.close()
	c, _, err := dialPlayer(t, srv.URL, "", nil)
	must(t, err)
	must(t, c.Write(t.Context(), websocket.MessageText, []byte(`{"do":"seek","gen":1,"recorded":1}`)))
	binary := map[byte]int{}
	fields(t, heard(t, c, "tracks", binary), map[string]any{"mime": "", "video.mode": "jpeg", "video.width": 1280., "audio.playable": false, "audio.codec": "pcma"})
	for {
		st := heard(t, c, "state", binary)
		if h := st["holes"].(map[string]any); h["audio"] == "microphone lost" {
			break
		}
	}
	for binary[3] < 15 {
		heard(t, c, "edge", binary)
	}
	if binary[1] != 0 || binary[2] != 0 {
		t.Errorf("messages %v", binary)
	}
}
