package rtspsource

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
)

// Options say what to read and how. Address and Log are needed.
type Options struct {
	// Address is rtsp://[USER:PASSWORD@]HOST[:PORT]/CAMERA, or any address of another
	// RTSP server. What stands before the @ is never logged, nor in any error.
	Address string
	Log     *slog.Logger
	UDP     bool // instead of TCP

	// Get asks the recorder's HTTP API for a path, as in /api/v1/status; nil: there is none.
	Get func(ctx context.Context, path string) (*http.Response, error)
}

// How long things may take.
const (
	answerTime  = 10 * time.Second // any answer of the server, or of the API
	connectTime = 5 * time.Second
	firstTime   = time.Second      // the first packet after a PLAY that named it
	holdAfter   = time.Minute      // a reader that takes nothing for so long has its session paused
	aliveEvery  = 30 * time.Second // a paused session says that it is still wanted
	edgeEvery   = time.Second      // the live end is asked for
	shapeEvery  = 15 * time.Second // and the spans of the recording
)

// Of what is read and not yet taken: so much at most, then the server has to wait.
const mostQueued = 4 << 20

const timelineSuffix = "/timeline"

// target is an address in its parts.
type target struct {
	url    *base.URL // as typed, without /timeline
	camera string    // the last part of its path
	show   string    // without credentials
}

// parse reads an address. Its errors do not quote it: a password may stand in it.
func parse(address string) (target, error) {
	u, err := base.ParseURL(strings.TrimSpace(address))
	if err != nil || u.Hostname() == "" || u.Scheme != "rtsp" && u.Scheme != "rtsps" {
		return target{}, errors.New("the address is none: it looks like rtsp://raspberrypi.local:8554/cam")
	}
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), timelineSuffix)
	u.RawPath = ""
	t := target{url: u}
	t.camera = strings.TrimPrefix(u.Path, "/")
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	t.show = shown.String()
	return t, nil
}

// Shown is an address as it may be shown and logged: without user, password and
// query. It is empty where the address cannot be read.
func Shown(address string) string {
	t, err := parse(address)
	if err != nil {
		return ""
	}
	return t.show
}

// history is where the whole recording of a camera is.
func (t target) history() *base.URL {
	u := *t.url
	u.Path += timelineSuffix
	return &u
}
