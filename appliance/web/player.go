package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"hindsight/player"
)

// screens is how many players may be open at once.
const screens = 64

// Coder makes sound that browsers play of sound that they do not; the appliance brings one.
type Coder = player.Coder

// getPlayer is the WebSocket of a screen. player/PLAYER.md says what is spoken.
func (s *Server) getPlayer(w http.ResponseWriter, r *http.Request) error {
	c, err := s.camera(r)
	if err != nil {
		return err
	}
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		return &failure{http.StatusUpgradeRequired, "this is a WebSocket, which speaks " + player.Subprotocol}
	}
	if !offered(r.Header, player.Subprotocol) {
		return badRequest("the subprotocol %s is needed", player.Subprotocol)
	}
	leave, err := take(w, s.screens, "players are open")
	if err != nil {
		return err
	}
	defer leave()
	// Accept lets pages of this host alone in, by their Origin, and answers the others itself.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{player.Subprotocol}})
	if err != nil {
		s.o.Log.Debug("a player was refused", "from", r.RemoteAddr, "err", err)
		return nil
	}
	source := newLineSource(c.Name, c.Timeline, s.shapes[c.Name])
	err = player.Serve(s.closing, conn, source, player.Options{Log: s.o.Log.With("camera", c.Name, "from", r.RemoteAddr), Counts: &s.counts, Transcode: s.o.Transcode})
	if err != nil {
		s.o.Log.Debug("a player was ended", "from", r.RemoteAddr, "err", err)
	}
	return nil
}

// offered reports whether a client speaks a subprotocol.
func offered(h http.Header, protocol string) bool {
	for _, line := range h.Values("Sec-WebSocket-Protocol") {
		if slices.ContainsFunc(strings.Split(line, ","), func(p string) bool { return strings.TrimSpace(p) == protocol }) {
			return true
		}
	}
	return false
}

// Screens are the pages and windows that play over a WebSocket, and what became
// of them since the program started.
type Screens struct {
	Open               int64   `json:"open"`  // now
	Seeks              int64   `json:"seeks"` // answered
	Passed             int64   `json:"passed"`
	Thin               int64   `json:"thin"`
	Thinned            int64   `json:"thinned"`
	Skips              int64   `json:"skips"`
	Closed             int64   `json:"closed"`
	FilledVideoSeconds float64 `json:"filled_video_seconds"`
	FilledAudioSeconds float64 `json:"filled_audio_seconds"`
	SentBytes          int64   `json:"sent_bytes"`
}

// screensNow counts them.
func (s *Server) screensNow() Screens {
	c := &s.counts
	return Screens{
		Open: c.Open.Load(), Seeks: c.Seeks.Load(), Passed: c.Passed.Load(), Thin: c.Thin.Load(), Thinned: c.Thinned.Load(), Skips: c.Skips.Load(),
		Closed: c.Closed.Load(), FilledVideoSeconds: float64(c.FilledVideo.Load()) / 1e9, FilledAudioSeconds: float64(c.FilledAudio.Load()) / 1e9,
		SentBytes: c.SentBytes.Load(),
	}
}

// screens are those that play over a WebSocket.
func (m emitter) screens(s Screens) {
	m.gauge("hindsight_player_connections", "Pages and windows that play.", float64(s.Open))
	m.gauge("hindsight_player_thin", "Of these, those whose link carries key frames only.", float64(s.Thin))
	m.counter("hindsight_player_seeks_total", "Seeks answered.", s.Seeks)
	m.counter("hindsight_player_seeks_passed_total", "Seeks passed over for a newer one.", s.Passed)
	m.counter("hindsight_player_thinned_total", "Times that a link was found too slow for the whole picture.", s.Thinned)
	m.counter("hindsight_player_skips_total", "Times that a slow live view went on at the newest key frame.", s.Skips)
	m.counter("hindsight_player_closed_total", "Connections ended by the recorder.", s.Closed)
	m.counter("hindsight_player_sent_bytes_total", "Media sent to pages and windows.", s.SentBytes)
	m.send(prometheus.CounterValue, "hindsight_player_filled_seconds_total", "Put in for what was missing.", s.FilledVideoSeconds, []string{"kind", "video"})
	m.send(prometheus.CounterValue, "hindsight_player_filled_seconds_total", "Put in for what was missing.", s.FilledAudioSeconds, []string{"kind", "audio"})
}
