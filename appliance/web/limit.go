package web

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// take takes one of the places there are for something, and is answered with 503
// where none is free; what says what takes them all. leave gives it back.
func take(w http.ResponseWriter, places chan struct{}, what string) (leave func(), err error) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	default:
		w.Header().Set("Retry-After", "10")
		return nil, &failure{http.StatusServiceUnavailable, fmt.Sprintf("%d %s already; try again in a moment", cap(places), what)}
	}
}

// await is take for what is soon over: it waits for a place, but not longer than patience.
func await(ctx context.Context, w http.ResponseWriter, places chan struct{}, patience time.Duration, what string) (leave func(), err error) {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, gone(ctx.Err())
	case <-late.C:
		return take(w, places, what)
	}
}

// limit makes l accept no more than n connections at a time. The others wait in
// the kernel until one is closed, which the time-outs see to.
func limit(l net.Listener, n int) net.Listener {
	return &limited{Listener: l, places: make(chan struct{}, n), done: make(chan struct{})}
}

type limited struct {
	net.Listener
	places chan struct{}
	done   chan struct{}
	once   sync.Once
}

// Accept is net.Listener's.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &limitedConn{Conn: c, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

// Close is net.Listener's.
func (l *limited) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

type limitedConn struct {
	net.Conn
	leave func()
}

// Close is net.Conn's.
func (c *limitedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
