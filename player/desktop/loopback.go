package desktop

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"

	"hindsight/player"
)

// origins are those of the window's page, by system.
var origins = []string{"wails://wails", "wails://wails.localhost", "http://wails.localhost"}

// source is a camera to play, and how it is let go.
type source interface {
	player.Source
	Close()
}

// loopback serves the page of this window, and nobody else: it listens on
// 127.0.0.1, wants the token that only the page is told, and its Origin.
type loopback struct {
	log    *slog.Logger
	token  string
	host   string
	open   func(ctx context.Context, camera string) (source, error)
	api    http.Handler
	server *http.Server
	ctx    context.Context // ends all connections
	cancel context.CancelFunc
	all    sync.WaitGroup // connections
}

// newLoopback begins to serve at a random port. open opens a camera; what is no
// player goes to api.
func newLoopback(log *slog.Logger, open func(ctx context.Context, camera string) (source, error), api http.Handler) (*loopback, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &loopback{log: log, token: rand.Text(), host: ln.Addr().String(), open: open, api: api}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.server = &http.Server{Handler: l, ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	go func() {
		if err := l.server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the page is no longer served", "error", err)
		}
	}()
	return l, nil
}

// base is where the page finds it.
func (l *loopback) base() string { return "http://" + l.host }

// close ends what plays, each session by its goodbye, and waits for it.
func (l *loopback) close() {
	l.cancel()
	l.server.Close()
	l.all.Wait()
}

// ServeHTTP answers the page.
func (l *loopback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	origin := r.Header.Get("Origin")
	q := r.URL.Query()
	switch {
	case r.Host != l.host: // a name that leads here is somebody else's page
		refuse(w, http.StatusMisdirectedRequest, "this is "+l.host)
		return
	case origin != "" && !slices.Contains(origins, origin):
		refuse(w, http.StatusForbidden, "only the window's own page is served")
		return
	case subtle.ConstantTimeCompare([]byte(q.Get("token")), []byte(l.token)) != 1:
		refuse(w, http.StatusForbidden, "the token is missing or wrong")
		return
	}
	q.Del("token") // it is nobody else's business
	r.URL.RawQuery = q.Encode()
	if r.URL.Path == "/api/v1/player" {
		l.play(w, r, origin)
		return
	}
	if origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Vary", "Origin")
	}
	r.Header.Del("Origin")
	l.api.ServeHTTP(w, r)
}

// play plays a camera into one WebSocket.
func (l *loopback) play(w http.ResponseWriter, r *http.Request, origin string) {
	if origin == "" {
		refuse(w, http.StatusForbidden, "only the window's own page is served")
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{player.Subprotocol}, InsecureSkipVerify: true, // the origin is checked above, and has another scheme than this
	})
	if err != nil {
		l.log.Debug("a player was refused", "error", err)
		return
	}
	l.all.Add(1)
	defer l.all.Done()
	if conn.Subprotocol() != player.Subprotocol {
		conn.Close(websocket.StatusPolicyViolation, "the subprotocol "+player.Subprotocol+" is needed") //nolint:errcheck // nobody is left to tell
		return
	}
	src, err := l.open(l.ctx, r.URL.Query().Get("camera"))
	if err != nil {
		conn.Close(websocket.StatusTryAgainLater, reason(err)) //nolint:errcheck // as above
		return
	}
	defer src.Close()
	if err := player.Serve(l.ctx, conn, src, player.Options{Log: l.log}); err != nil {
		l.log.Debug("a player was ended", "error", err)
	}
}

// reason is an error as the close of a WebSocket may bear it: 123 bytes.
func reason(err error) string {
	s := err.Error()
	for len(s) > 123 {
		runes := []rune(s)
		s = string(runes[:len(runes)-1])
	}
	return s
}
