package bench

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
)

// scripted is an RTSP server with a history whose every second begins with a
// key frame that tells its moment, in the words of bench fill.
type scripted struct {
	length time.Duration
	edit   func(m base.Method, r *base.Response) // what it answers
	late   time.Duration                         // by how much pictures are later than the answer says
	early  bool                                  // the first packet of the new place comes before the answer
	pace   time.Duration                         // from picture to picture; 0: 1 ms

	address string
	mu      sync.Mutex
	asked   map[base.Method]int
}

func (s *scripted) serve(t *testing.T) *scripted {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address, s.asked = fmt.Sprintf("rtsp://%s/cam/timeline", l.Addr()), map[base.Method]int{}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { (&talk{script: s, conn: c, seq: 65_530}).run() })
		}
	})
	t.Cleanup(func() { l.Close(); conns.Wait() })
	return s
}

func (s *scripted) count(m base.Method) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[m]
}

// talk is one connection to it.
type talk struct {
	script *scripted
	conn   net.Conn
	mu     sync.Mutex // of what is written, and of what follows
	plays  bool
	at     time.Duration // of the next picture
	seq    uint16
	ticks  uint32
}

func (c *talk) run() {
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { c.send(stop) })
	defer wg.Wait()
	defer close(stop)
	defer c.conn.Close()
	r := bufio.NewReader(c.conn)
	for {
		var q base.Request
		if q.Unmarshal(r) != nil {
			return
		}
		c.script.mu.Lock()
		c.script.asked[q.Method]++
		c.script.mu.Unlock()
		if !c.answer(&q) {
			return
		}
	}
}

func (c *talk) answer(q *base.Request) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	res := &base.Response{StatusCode: base.StatusOK, Header: base.Header{"CSeq": q.Header["CSeq"], "Session": base.HeaderValue{"17;timeout=60"}}}
	switch q.Method {
	case base.Describe:
		res.Header["Content-Type"] = base.HeaderValue{"application/sdp"}
		res.Body = []byte(sdpOf(c.script.length))
	case base.Play:
		from, _, err := nptRange(q.Header["Range"])
		if err != nil {
			return false
		}
		c.plays, c.at = true, from.Truncate(time.Second)
		res.Header["Range"] = base.HeaderValue{"npt=" + nptOf(c.at) + "-"}
		u := strings.TrimSuffix(q.URL.String(), "/")
		res.Header["RTP-Info"] = base.HeaderValue{fmt.Sprintf("url=%s/trackID=0;seq=%d;rtptime=%d,url=%s/trackID=1;seq=1;rtptime=2", u, c.seq, c.ticks, u)}
		if c.script.early {
			c.picture()
		}
	}
	if c.script.edit != nil {
		c.script.edit(q.Method, res)
	}
	b, err := res.Marshal()
	if err == nil {
		_, err = c.conn.Write(b)
	}
	return err == nil
}

// send sends pictures while it plays.
func (c *talk) send(stop chan struct{}) {
	pace := max(c.script.pace, time.Millisecond)
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		c.mu.Lock()
		if c.plays {
			c.picture()
		}
		c.mu.Unlock()
	}
}

// picture sends the next picture, in two packets.
func (c *talk) picture() {
	for i := range 2 {
		p := []byte{'$', 0, 0, 0, 0x80, byte(96 | i<<7)}
		p = binary.BigEndian.AppendUint16(p, c.seq)
		p = binary.BigEndian.AppendUint32(p, c.ticks)
		p = append(p, 1, 2, 3, 4, 0x65)
		if i == 0 && c.at%time.Second == 0 {
			p = fmt.Appendf(p, "hindsight moment%016x", (c.at + c.script.late).Nanoseconds())
		}
		binary.BigEndian.PutUint16(p[2:], uint16(len(p)-4))
		c.conn.Write(p)
		c.seq++
	}
	c.at += time.Second / 4
	c.ticks += videoClock / 4
}

// sdpOf describes a history so long; 0: none.
func sdpOf(length time.Duration) string {
	s := "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=cam\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
	if length > 0 {
		s += "a=range:npt=0.000-" + nptOf(length) + "\r\n"
	}
	return s + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:trackID=0\r\n" +
		"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 opus/48000/2\r\na=control:trackID=1\r\n"
}
