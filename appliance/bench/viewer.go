package bench

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/headers"
	"github.com/bluenviron/gortsplib/v5/pkg/sdpunmarshaler"
)

// patience is how long the server may take to say anything at all.
const patience = 30 * time.Second

// videoClock is what RTP times of video count, in Hz.
const videoClock = 90000

// viewer is an RTSP client that reads one address over its own connection. It
// does as little as it can: one goroutine reads it, and nothing is copied.
type viewer struct {
	conn    net.Conn
	r       *bufio.Reader
	url     *base.URL
	session string
	cseq    int
	video   string        // control address of the first track of pictures
	channel byte          // on which that track comes
	length  time.Duration // of the history, as the description says; 0: it says nothing

	received atomic.Int64 // bytes
	played   atomic.Int64 // RTP ticks of video
}

// message is an answer or a packet.
type message struct {
	answer  *base.Response // nil: a packet
	channel byte
	packet  []byte // until the next message is read
}

// dial opens the address and sets up every track that it has.
func dial(ctx context.Context, address string) (v *viewer, err error) {
	u, err := base.ParseURL(address)
	if err != nil {
		return nil, err
	}
	v = &viewer{url: u}
	var d net.Dialer
	if v.conn, err = d.DialContext(ctx, "tcp", u.Host); err != nil {
		return nil, err
	}
	v.r = bufio.NewReaderSize(v.conn, 1<<16+4) // a frame fits
	if err = v.setup(); err != nil {
		v.conn.Close()
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	return v, nil
}

func (v *viewer) setup() error {
	res, err := v.ask(base.Describe, v.url, base.Header{"Accept": base.HeaderValue{"application/sdp"}})
	if err != nil {
		return err
	}
	medias, err := v.learn(res.Body)
	if err != nil {
		return fmt.Errorf("its description: %w", err)
	}
	for i, m := range medias {
		u, err := m.URL(v.url)
		if err != nil {
			return err
		}
		if v.video == "" && m.Type == description.MediaTypeVideo {
			v.video, v.channel = u.String(), byte(2*i)
		}
		res, err := v.ask(base.Setup, u, base.Header{
			"Transport": base.HeaderValue{fmt.Sprintf("RTP/AVP/TCP;unicast;interleaved=%d-%d", 2*i, 2*i+1)}})
		if err != nil {
			return err
		}
		var s headers.Session
		if err := s.Unmarshal(res.Header["Session"]); err != nil {
			return fmt.Errorf("SETUP: Session: %w", err)
		}
		v.session = s.Session
	}
	if v.video == "" {
		return errors.New("it has no pictures")
	}
	return nil
}

// learn reads the session description.
func (v *viewer) learn(body []byte) ([]*description.Media, error) {
	s, err := sdpunmarshaler.Unmarshal(body)
	if err != nil {
		return nil, err
	}
	var d description.Session
	if err := d.Unmarshal2(s); err != nil {
		return nil, err
	}
	if len(d.Medias) > 100 {
		return nil, fmt.Errorf("%d tracks", len(d.Medias))
	}
	if r, ok := s.Attribute("range"); ok && r != "npt=now-" { // which is what live says
		from, until, err := nptRange(base.HeaderValue{r})
		if err != nil || until < from {
			return nil, fmt.Errorf("a=range:%s: %w", r, err)
		}
		v.length = until - from
	}
	return d.Medias, nil
}

// nptRange reads a range of recorded time. An open end is 0.
func nptRange(h base.HeaderValue) (from, until time.Duration, err error) {
	var r headers.Range
	if err := r.Unmarshal(h); err != nil {
		return 0, 0, err
	}
	npt, ok := r.Value.(*headers.RangeNPT)
	if !ok || npt.Start < 0 {
		return 0, 0, errors.New("want npt")
	}
	if npt.End != nil {
		until = *npt.End
	}
	return npt.Start, until, nil
}

// send writes a request.
func (v *viewer) send(m base.Method, u *base.URL, h base.Header) error {
	v.cseq++
	h["CSeq"] = base.HeaderValue{strconv.Itoa(v.cseq)}
	if v.session != "" {
		h["Session"] = base.HeaderValue{v.session}
	}
	b, err := base.Request{Method: m, URL: u, Header: h}.Marshal()
	if err == nil {
		_, err = v.conn.Write(b)
	}
	return err
}

// ask sends a request and waits for its answer, which must say yes. Packets that come meanwhile are passed over.
func (v *viewer) ask(m base.Method, u *base.URL, h base.Header) (*base.Response, error) {
	if err := v.send(m, u, h); err != nil {
		return nil, err
	}
	for {
		msg, err := v.next()
		if err == nil && msg.answer == nil {
			continue
		}
		if err == nil {
			err = v.agreed(msg.answer)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m, err)
		}
		return msg.answer, nil
	}
}

// agreed reports whether r says yes to the last request.
func (v *viewer) agreed(r *base.Response) error {
	if c := r.Header["CSeq"]; len(c) != 1 || c[0] != strconv.Itoa(v.cseq) {
		return fmt.Errorf("the answer is one to request %q, not to %d", c, v.cseq)
	}
	if r.StatusCode != base.StatusOK {
		return &refused{r.StatusCode, r.StatusMessage}
	}
	return nil
}

// refused is an answer that says no.
type refused struct {
	code base.StatusCode
	text string
}

func (r *refused) Error() string { return fmt.Sprintf("%d %s", r.code, r.text) }

// play asks to play from a moment of recorded time on.
func (v *viewer) play(from time.Duration) error {
	return v.send(base.Play, v.url, base.Header{"Range": base.HeaderValue{"npt=" + nptOf(from) + "-"}})
}

// nptOf is a time as it stands in a Range, in whole milliseconds.
func nptOf(d time.Duration) string {
	return strconv.FormatFloat(d.Truncate(time.Millisecond).Seconds(), 'f', 3, 64)
}

// next reads the next message.
func (v *viewer) next() (message, error) {
	if err := v.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return message{}, err
	}
	m, n, err := readMessage(v.r)
	v.received.Add(int64(n))
	return m, err
}

// readMessage reads a message and counts the bytes of a packet.
func readMessage(r *bufio.Reader) (m message, n int, err error) {
	head, err := r.Peek(4)
	if err != nil {
		return m, 0, eof(err)
	}
	if head[0] != base.InterleavedFrameMagicByte {
		m.answer = &base.Response{}
		return m, 0, eof(m.answer.Unmarshal(r))
	}
	m.channel, n = head[1], 4+int(binary.BigEndian.Uint16(head[2:]))
	frame, err := r.Peek(n)
	if err != nil {
		return m, 0, eof(err)
	}
	m.packet = frame[4:]
	_, err = r.Discard(n)
	return m, n, err
}

// eof calls the end of a connection, which no client expects, by its name.
func eof(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the server has closed the connection")
	}
	return err
}

// rtpHead is what is looked at of a packet's header.
type rtpHead struct {
	seq    uint16
	time   uint32
	marker bool // the last packet of its picture
}

// videoPacket reads the header of a packet of the first track of pictures.
func (v *viewer) videoPacket(m message) (h rtpHead, ok bool) {
	if m.answer != nil || m.channel != v.channel || len(m.packet) < 12 || m.packet[0]>>6 != 2 {
		return h, false
	}
	return rtpHead{binary.BigEndian.Uint16(m.packet[2:]), binary.BigEndian.Uint32(m.packet[4:]), m.packet[1]&0x80 != 0}, true
}

// beginning is what the answer to a PLAY says of the track of pictures.
type beginning struct {
	at    time.Duration // recorded time
	first rtpHead       // sequence number and time of the first packet
}

// began reads the answer to a PLAY.
func (v *viewer) began(r *base.Response) (b beginning, err error) {
	if err := v.agreed(r); err != nil {
		return b, err
	}
	if b.at, _, err = nptRange(r.Header["Range"]); err != nil {
		return b, fmt.Errorf("its Range: %w", err)
	}
	var info headers.RTPInfo
	if err := info.Unmarshal(r.Header["RTP-Info"]); err != nil {
		return b, fmt.Errorf("its RTP-Info: %w", err)
	}
	for _, e := range info {
		if strings.TrimSuffix(e.URL, "/") == v.video && e.SequenceNumber != nil && e.Timestamp != nil {
			b.first = rtpHead{seq: *e.SequenceNumber, time: *e.Timestamp}
			return b, nil
		}
	}
	return b, fmt.Errorf("its RTP-Info tells no sequence number and time of %s", v.video)
}

func (v *viewer) close() { v.conn.Close() }
