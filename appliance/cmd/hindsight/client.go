package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"hindsight/appliance"
)

// where are the flags that say which recording a command reads.
type where struct {
	data, url, camera *string
}

func whereFlags(f *flag.FlagSet) where {
	return where{
		data:   f.String("data", "", "`directory` of the recording (default: as for serve)"),
		url:    f.String("url", "", "`address` of a running server, as in http://192.168.1.20:8080 (default $HINDSIGHT_URL)"),
		camera: f.String("camera", "cam", "`name` of the camera"),
	}
}

// api speaks to a recording: a server at --url, the server that records to
// --data, or, when none runs there, the files themselves, opened read-only and
// served to this process alone. All three answer the same requests.
type api struct {
	base   string
	name   string // base without a password, for people
	client *http.Client
	files  bool // nobody records: the files are read
	close  func()
}

func (w where) open() (*api, error) {
	if *w.url != "" && *w.data != "" {
		return nil, usageError{"--data and --url exclude each other"}
	}
	if *w.url == "" && *w.data == "" { // flags go over variables
		*w.url = os.Getenv("HINDSIGHT_URL")
	}
	if *w.url != "" {
		u, err := url.Parse(*w.url)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, usageError{"--url: want http://HOST:PORT"} // not what was given: it may hold a password
		}
		return &api{strings.TrimSuffix(*w.url, "/"), u.Redacted(), &http.Client{}, false, func() {}}, nil
	}
	dir, err := dataDir(*w.data)
	if err != nil {
		return nil, err
	}
	if a := dialSocket(dir); a != nil {
		return a, nil
	}
	return openFiles(dir)
}

// openRange is open, and the query for a range of the camera's timeline.
func (w where) openRange(from, to string) (*api, url.Values, error) {
	q := url.Values{"camera": {*w.camera}}
	if err := setTimes(q, from, to); err != nil {
		return nil, nil, err
	}
	a, err := w.open()
	return a, q, err
}

// dataDir is the directory of --data, or the one that serve would use.
func dataDir(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	conf, err := appliance.Load(os.Getenv("HINDSIGHT_CONFIG"), os.Environ(), nil)
	if err != nil {
		return "", usageError{err.Error()} // as for serve
	}
	return conf.Data, nil
}

// dialSocket returns nil when nobody records to dir.
func dialSocket(dir string) *api {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return appliance.DialServer(ctx, dir) }
	conn, err := dial(context.Background(), "", "")
	if err != nil {
		return nil
	}
	conn.Close() //nolint:errcheck // it only showed that somebody listens
	t := &http.Transport{DialContext: dial}
	return &api{"http://hindsight", "the recorder", &http.Client{Transport: t}, false, t.CloseIdleConnections}
}

// openFiles serves the files below dir over a socket pair that only this process has.
func openFiles(dir string) (*api, error) {
	handler, closeFiles, err := appliance.OpenFiles(dir, version)
	if err != nil {
		return nil, err
	}
	l := newPairListener()
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go server.Serve(l) //nolint:errcheck // it returns when close below closes l
	t := &http.Transport{DialContext: l.dial}
	return &api{"http://hindsight", "the recorder", &http.Client{Transport: t}, true, func() {
		t.CloseIdleConnections()
		server.Close()
		closeFiles()
	}}, nil
}

// get asks for path with the query; an error answer becomes an error with its sentence.
func (a *api) get(ctx context.Context, path string, query url.Values) (*http.Response, error) {
	return a.send(ctx, http.MethodGet, path, query, nil)
}

// show prints the answer to get: as it is, which is JSON, or as people writes it.
func (a *api) show(ctx context.Context, path string, query url.Values, asJSON bool, out io.Writer, people func(w io.Writer, answer io.Reader) error) error {
	res, err := a.get(ctx, path, query)
	if err != nil {
		return err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	if asJSON {
		_, err := io.Copy(out, res.Body)
		return err
	}
	return people(out, res.Body)
}

// send is get with another method, and v as JSON in the body unless it is nil.
func (a *api) send(ctx context.Context, method, path string, query url.Values, v any) (*http.Response, error) {
	var body io.Reader
	if v != nil {
		b, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, err
	}
	if v != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := a.client.Do(req)
	if err != nil {
		if errors.Is(err, syscall.ECONNREFUSED) {
			return nil, fmt.Errorf("nobody answers at %s; is `hindsight serve` running there?", a.name)
		}
		return nil, err
	}
	if res.StatusCode >= http.StatusOK && res.StatusCode < http.StatusMultipleChoices {
		return res, nil
	}
	defer res.Body.Close()
	var e struct{ Error string }
	said, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if json.Unmarshal(said, &e) == nil && e.Error != "" {
		return nil, errors.New(e.Error)
	}
	return nil, fmt.Errorf("%s answered %s to %s", a.name, res.Status, path)
}

// pairListener hands both ends of in-memory connections to one process.
type pairListener struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPairListener() *pairListener {
	return &pairListener{make(chan net.Conn), make(chan struct{})}
}

func (l *pairListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept is net.Listener's.
func (l *pairListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close is net.Listener's; the server calls it once.
func (l *pairListener) Close() error { close(l.done); return nil }

// Addr is net.Listener's.
func (l *pairListener) Addr() net.Addr { return pairAddr{} }

type pairAddr struct{}

func (pairAddr) Network() string { return "memory" }
func (pairAddr) String() string  { return "memory" }
