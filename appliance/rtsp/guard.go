package rtsp

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Why a guard ends a connection.
var (
	errHTTP    = errors.New("http spoken to an rtsp address")
	errTooLong = errors.New("a request of more than 16 KiB")
	errTooMuch = errors.New("sends more than a player does")
	errTooSlow = errors.New("no whole request within 10 s")
)

// mostHeld is how many bytes of a picture are gathered for one write.
const mostHeld = 32 << 10

// guard is a connection that bounds what its peer can make the server hold and
// do: the length of a message, the time that one may take, and the bytes a
// second. gortsplib sets a read deadline at the start of every message, which
// tells the guard where messages begin.
type guard struct {
	net.Conn
	srv  *Server
	host netip.Prefix
	once sync.Once

	// Used by the reading goroutine only; cause is read when that has ended.
	cause    error // why the guard ended the connection
	inbound  *bucket
	head     []byte // the first four bytes
	opened   bool   // the first message's deadline is set
	message  int    // bytes of the current message
	tight    bool   // the deadline is messagePeriod from the message's start
	length   lengthWatch
	deadline atomic.Int64 // of writing, as UnixNano
	paused   atomic.Bool  // a silent client is not gone
	history  atomic.Bool  // nor is one that reads nothing

	writing sync.Mutex
	held    []byte // packets of a picture whose last packet is not there yet
}

func newGuard(c net.Conn, srv *Server, host netip.Prefix) *guard {
	g := &guard{Conn: c, srv: srv, host: host, inbound: newBucket(inboundRate, inboundBurst), tight: true}
	_ = c.SetReadDeadline(time.Now().Add(messagePeriod)) // gortsplib sets none before the first four bytes
	return g
}

// Read reads what the limits allow.
func (g *guard) Read(b []byte) (int, error) {
	n, err := g.Conn.Read(b)
	g.srv.stats.received.Add(uint64(n))
	if err == nil {
		err = g.judge(b[:n])
	} else if g.tight && errors.Is(err, os.ErrDeadlineExceeded) {
		err = errTooSlow
	} else {
		return n, err
	}
	if err != nil {
		g.cause = err // gortsplib does not always pass on the error of a Read
		return 0, err
	}
	return n, nil
}

// judge says what is wrong with the bytes that came.
func (g *guard) judge(b []byte) error {
	if len(g.head) < 4 {
		if g.head = append(g.head, b[:min(len(b), 4-len(g.head))]...); isHTTP(g.head) {
			g.answerHTTP()
			return errHTTP
		}
	}
	if g.message == 0 && !g.tight {
		g.tight = true
		_ = g.Conn.SetReadDeadline(time.Now().Add(messagePeriod))
	}
	if g.message += len(b); g.message > mostMessage || g.length.feed(b) > mostMessage {
		return errTooLong
	}
	if g.inbound.take(len(b), g.srv.opt.Clock.Boot()) > 0 {
		return errTooMuch
	}
	return nil
}

// SetReadDeadline is gortsplib's sign that it waits for the next message.
func (g *guard) SetReadDeadline(t time.Time) error {
	if !g.opened {
		g.opened = true
		return nil // the first message has the deadline of newGuard
	}
	g.message, g.tight = 0, false
	if g.paused.Load() { // ffplay says nothing while it pauses; TCP finds out who is gone
		t = t.Add(pausedTimeout - idleTimeout)
	}
	return g.Conn.SetReadDeadline(t)
}

// SetWriteDeadline moves the deadline in steps of a second: gortsplib sets it
// for every packet, which costs more than sending a small one.
func (g *guard) SetWriteDeadline(t time.Time) error {
	if g.history.Load() { // mpv pauses by not reading
		t = t.Add(stalledTimeout - writeTimeout)
	}
	if d := t.UnixNano() - g.deadline.Load(); d >= 0 && d < int64(time.Second) {
		return nil
	}
	g.deadline.Store(t.UnixNano())
	return g.Conn.SetWriteDeadline(t)
}

// Write sends b. The packets of a picture are gathered until its last one, which
// bears the marker: most of the cost of a reader is that of its system calls.
func (g *guard) Write(b []byte) (int, error) {
	g.writing.Lock()
	defer g.writing.Unlock()
	if len(g.held) == 0 && !moreFollows(b) {
		return g.flush(b)
	}
	if g.held = append(g.held, b...); moreFollows(b) && len(g.held) < mostHeld {
		return len(b), nil
	}
	_, err := g.flush(g.held)
	g.held = g.held[:0]
	return len(b), err
}

func (g *guard) flush(b []byte) (int, error) {
	n, err := g.Conn.Write(b)
	g.srv.stats.sent.Add(uint64(n))
	return n, err
}

// moreFollows reports whether b is an interleaved RTP packet (RFC 2326 section
// 10.12) of a picture, and not its last.
func moreFollows(b []byte) bool {
	if len(b) < 16 || b[0] != '$' {
		return false
	}
	return b[5] == payloadH264 || b[5] == payloadJPEG // the first bit, the marker, is 0
}

// Close gives the place back.
func (g *guard) Close() error {
	g.once.Do(func() { g.srv.conns.leave(g.host) })
	return g.Conn.Close()
}

// isHTTP reports whether a connection begins with an HTTP request: a browser, or
// RTSP tunnelled through HTTP, which is not offered.
func isHTTP(b []byte) bool {
	return bytes.HasPrefix(b, []byte("GET ")) || bytes.HasPrefix(b, []byte("POST")) || bytes.HasPrefix(b, []byte("HEAD"))
}

func (g *guard) answerHTTP() {
	const text = "This port speaks RTSP: open rtsp://HOST:PORT/CAMERA in a player.\n"
	_ = g.Conn.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = g.Conn.Write([]byte("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n" + text))
}

// lengthWatch finds "Content-Length: N" in a stream of bytes, since gortsplib
// takes the memory for a body of up to 128 KiB before it arrives.
type lengthWatch struct {
	matched int // bytes of the name seen
	value   int
}

const lengthName = "content-length:"

// feed returns the highest length announced in b.
func (w *lengthWatch) feed(b []byte) (highest int) {
	for _, c := range b {
		switch {
		case w.matched == len(lengthName) && c >= '0' && c <= '9':
			w.value = min(w.value*10+int(c-'0'), 1<<30)
			highest = max(highest, w.value)
		case w.matched == len(lengthName) && c == ' ' && w.value == 0:
		case w.matched < len(lengthName) && lower(c) == lengthName[w.matched]:
			w.matched++
		default:
			w.matched, w.value = 0, 0
			if lower(c) == lengthName[0] {
				w.matched = 1
			}
		}
	}
	return highest
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
