package rtsp

import (
	"errors"
	"net"
	"time"
)

// listener hands gortsplib only connections that the gate let in, each guarded.
// gortsplib ends the whole server when Accept fails, so it fails only when closed.
type listener struct {
	net.Listener
	srv  *Server
	pace *bucket
}

// Accept waits for the next connection that may come in.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil, err
		case err != nil: // out of descriptors, or the peer is gone already
			l.srv.complain(nil, "", ending{"a connection could not be accepted", err.Error()})
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if wait := l.pace.take(1, l.srv.opt.Clock.Boot()); wait > 0 {
			time.Sleep(wait)
		}
		host := hostOf(c.RemoteAddr())
		if why := l.srv.conns.enter(host); why != "" {
			l.srv.stats.refused.Add(1)
			l.srv.complain(c.RemoteAddr(), "", ending{"connections: " + why, ""})
			if t, ok := c.(*net.TCPConn); ok {
				_ = t.SetLinger(0) // a reset leaves nothing behind in the kernel
			}
			_ = c.Close()
			continue
		}
		if t, ok := c.(*net.TCPConn); ok {
			_ = t.SetWriteBuffer(socketBuffer) // else the kernel lets it grow to megabytes
		}
		return newGuard(c, l.srv, host), nil
	}
}

// bucket is a token bucket on the clock of its caller.
type bucket struct {
	rate, burst float64 // tokens a second, and at most
	have        float64
	last        time.Duration
}

func newBucket(rate, burst int) *bucket {
	return &bucket{rate: float64(rate), burst: float64(burst), have: float64(burst)}
}

// take takes n tokens at once and returns how long to wait until they are all there.
func (b *bucket) take(n int, now time.Duration) time.Duration {
	b.have = min(b.burst, b.have+b.rate*(now-b.last).Seconds())
	b.last = now
	if b.have -= float64(n); b.have >= 0 {
		return 0
	}
	return time.Duration(-b.have / b.rate * float64(time.Second))
}
