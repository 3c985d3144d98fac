package desktop

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"hindsight/player"
	"hindsight/player/rtspsource"
)

// Options make a Desktop. Log is needed.
type Options struct {
	Log  *slog.Logger
	Dir  string // where is kept what is remembered; empty: nothing is
	Keys Keys   // nil: credentials are not kept
}

// Desktop is the program without its window.
type Desktop struct {
	o        Options
	loopback *loopback
	memory   *memory

	mu     sync.Mutex
	now    *connection
	saving int // exports that run
}

// connection is the server that is shown.
type connection struct {
	recorder *player.Recorder // nil: it has no page
	address  string           // as shown
	rtsp     string           // address without a camera, or, without a recorder, with it; may have credentials in it
	foreign  bool
	camera   string // without a recorder
}

// Connected is what came of a try to connect.
type Connected struct {
	Address string `json:"address"` // in full, without credentials
	// Credentials: the server wants a user name and password, or others. Nothing was connected.
	Credentials bool `json:"credentials"`
	// Foreign: an RTSP server that is no Hindsight; only what comes now can be shown.
	Foreign bool `json:"foreign"`
	// Pageless: RTSP answers, the recorder's page does not: no captions, previews and exports.
	Pageless bool `json:"pageless"`
	// Kept: the credentials given are in the system's keyring.
	Kept bool `json:"kept"`
}

// Login is how a person says who they are.
type Login struct {
	User     string `json:"user"`
	Password string `json:"password"`
	Keep     bool   `json:"keep"` // in the keyring
}

// New makes a Desktop that shows nothing yet.
func New(o Options) (*Desktop, error) {
	d := &Desktop{o: o, memory: newMemory("")}
	if o.Dir != "" {
		d.memory = newMemory(filepath.Join(o.Dir, "window.json"))
	}
	var err error
	d.loopback, err = newLoopback(o.Log, d.open, d)
	return d, err
}

// Close lets the server go, by TEARDOWN.
func (d *Desktop) Close() { d.loopback.close() }

// Connect shows what is at an address: a recorder's page, http://HOST:8080, or
// a camera's stream, rtsp://HOST:8554/cam. Its error is one sentence for the person who typed it.
func (d *Desktop) Connect(ctx context.Context, address string, login Login) (Connected, error) {
	c, out, err := d.find(ctx, strings.TrimSpace(address), login)
	if err != nil || out.Credentials {
		return out, err
	}
	d.mu.Lock()
	d.now = c
	d.mu.Unlock()
	if err := d.memory.connected(out.Address, time.Now()); err != nil {
		d.o.Log.Warn("the address is not remembered", "error", err)
	}
	return out, nil
}

func (d *Desktop) find(ctx context.Context, address string, login Login) (*connection, Connected, error) {
	if !strings.HasPrefix(address, "rtsp://") && !strings.HasPrefix(address, "rtsps://") {
		r, err := player.Connect(ctx, address, d.o.Log)
		if err != nil {
			return nil, Connected{}, err
		}
		return &connection{recorder: r, address: r.Address(), rtsp: streams(ctx, r)}, Connected{Address: r.Address()}, nil
	}
	shown := rtspsource.Shown(address)
	u, err := url.Parse(address)
	if err != nil || shown == "" {
		return nil, Connected{}, errors.New("the address is none: it looks like rtsp://raspberrypi.local:8554/cam")
	}
	login = d.login(u, login)
	if login.User != "" {
		u.User = url.UserPassword(login.User, login.Password)
	}
	src, err := rtspsource.Dial(ctx, rtspsource.Options{Address: u.String(), Log: d.o.Log})
	switch {
	case errors.Is(err, rtspsource.ErrCredentials):
		return nil, Connected{Address: shown, Credentials: true}, nil
	case err != nil:
		return nil, Connected{}, err
	}
	hello := src.Hello()
	src.Close()
	c := &connection{address: shown, rtsp: u.String(), foreign: hello.Foreign, camera: hello.Camera}
	out := Connected{Address: shown, Foreign: hello.Foreign, Kept: d.keep(u, login)}
	if !hello.Foreign {
		page := net.JoinHostPort(u.Hostname(), "8080")
		if r, err := player.Connect(ctx, "http://"+page, d.o.Log); err == nil {
			c.recorder, c.rtsp = r, withoutCamera(u)
		} else {
			out.Pageless = true
		}
	}
	return c, out, nil
}

// withoutCamera is an RTSP address without its path.
func withoutCamera(u *url.URL) string {
	v := url.URL{Scheme: u.Scheme, Host: u.Host, User: u.User}
	return v.String()
}

// streams is where a recorder serves RTSP: at the port that its status names, of
// the host that its page was found at; empty: it does not.
func streams(ctx context.Context, r *player.Recorder) string {
	res, err := r.Get(ctx, "/api/v1/status")
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	var status struct {
		Cameras []struct {
			Addresses []string `json:"addresses"`
		} `json:"cameras"`
	}
	if json.NewDecoder(io.LimitReader(res.Body, 8<<20)).Decode(&status) != nil {
		return ""
	}
	page, err := url.Parse(r.Address())
	if err != nil {
		return ""
	}
	for _, c := range status.Cameras {
		for _, a := range c.Addresses {
			if u, err := url.Parse(a); err == nil && u.Scheme == "rtsp" {
				return "rtsp://" + net.JoinHostPort(page.Hostname(), cmp.Or(u.Port(), "554"))
			}
		}
	}
	return ""
}

func (d *Desktop) current() *connection {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

var errNone = errors.New("no recorder is connected")

// Address is that of the server shown; empty: none is.
func (d *Desktop) Address() string {
	if c := d.current(); c != nil {
		return c.address
	}
	return ""
}

// Player is the WebSocket at which the page plays a camera.
func (d *Desktop) Player(camera string) string {
	q := url.Values{"camera": {camera}, "token": {d.loopback.token}}
	return "ws://" + d.loopback.host + "/api/v1/player?" + q.Encode()
}

// Base is where everything else of the recorder is, with the token that each request needs.
func (d *Desktop) Base() (base, token string) { return d.loopback.base(), d.loopback.token }

// open opens a camera of the server that is shown.
func (d *Desktop) open(ctx context.Context, camera string) (source, error) {
	c := d.current()
	switch {
	case c == nil:
		return nil, errNone
	case c.rtsp == "":
		return nil, errors.New("this recorder does not serve RTSP: set rtsp.address in its hindsight.yml")
	}
	o := rtspsource.Options{Address: c.rtsp, Log: d.o.Log}
	if c.recorder != nil {
		o.Address = c.rtsp + "/" + url.PathEscape(camera)
		o.Get = c.recorder.Get
	}
	return rtspsource.Dial(ctx, o)
}

// ServeHTTP hands on what the page asks of the server that is shown.
func (d *Desktop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := d.current()
	switch {
	case c == nil:
		refuse(w, http.StatusServiceUnavailable, errNone.Error())
	case c.recorder != nil:
		c.recorder.ServeHTTP(w, r)
	case r.URL.Path == "/api/v1/status":
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(c.status(time.Now())) //nolint:errcheck // the page has gone
	case c.foreign:
		refuse(w, http.StatusServiceUnavailable, "this is no Hindsight: only the picture and sound of now can be had")
	default:
		refuse(w, http.StatusServiceUnavailable, "the recorder's page does not answer: captions, previews and exports cannot be had")
	}
}

// status is what is known of a server that has none, in the form of the API's.
func (c *connection) status(now time.Time) any {
	list := []any{}
	return map[string]any{
		"version": "", "now": now.UTC(), "uptime_seconds": 0, "clock_trusted": true, "days_that_fit": 0,
		"disk": map[string]any{"path": "", "free_bytes": 0, "total_bytes": 0, "reserve_bytes": 0},
		"cameras": []any{map[string]any{
			"name": cmp.Or(c.camera, "camera"), "state": "recording", "problem": "", "addresses": []string{c.address}, "sources": list, "drops": list,
			"sound_offset_ms": nil, "tracks": list, "oldest": nil, "newest": nil, "file_bytes": 0, "gaps": 0, "cursors": 0,
			"commits": map[string]any{"last_error": ""}, "captions": list,
		}},
	}
}

// Save saves what is at a path of the recorder's API in a file.
func (d *Desktop) Save(ctx context.Context, path, file string) error {
	c := d.current()
	if c == nil {
		return errNone
	}
	if c.recorder == nil {
		return errors.New("this server has no page to save from")
	}
	d.count(1)
	defer d.count(-1)
	return c.recorder.Save(ctx, path, file)
}

func (d *Desktop) count(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.saving += n
}

// Saving reports whether something is being saved.
func (d *Desktop) Saving() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.saving > 0
}

func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, "{\"error\":%q}\n", text)
}
