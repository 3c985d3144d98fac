package rtsp

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"regexp"
	"testing"
	"time"
)

// dialogues are what clients say, request by request; {id} stands for the
// session's number, which the server gave.
var dialogues = []string{
	"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\nDESCRIBE rtsp://h/cam RTSP/1.0\r\nCSeq: 2\r\nAccept: application/sdp\r\n",
	setupTCP + "PLAY rtsp://h/cam RTSP/1.0\r\nCSeq: 3\r\nSession: {id}\r\nRange: npt=0.000-\r\n\r\n" +
		"PAUSE rtsp://h/cam RTSP/1.0\r\nCSeq: 4\r\nSession: {id}\r\n\r\nPLAY rtsp://h/cam/ RTSP/1.0\r\nCSeq: 5\r\nSession: {id}\r\n\r\n" +
		"TEARDOWN rtsp://h/cam RTSP/1.0\r\nCSeq: 6\r\nSession: {id}\r\n",
	"SETUP rtsp://h/cam/trackID=1 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP;unicast;client_port=40000-40001\r\n\r\n" +
		"PLAY rtsp://h/cam RTSP/1.0\r\nCSeq: 3\r\nSession: {id}\r\n\r\nGET_PARAMETER rtsp://h/cam RTSP/1.0\r\nCSeq: 4\r\nSession: {id}\r\n",
	setupTCP + "PLAY rtsp://h/cam RTSP/1.0\r\nCSeq: 3\r\nSession: {id}\r\n\r\n$\x01\x00\x08\x80\xc9\x00\x01\x00\x00\x00\x01",
	"SETUP rtsp://h/cam/trackID=9 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=255-256,RTP/AVP;multicast\r\n",
	"SETUP rtsp://h/cam/trackID= RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;interleaved=0-1;mode=record\r\n",
	"ANNOUNCE rtsp://h/cam RTSP/1.0\r\nCSeq: 1\r\nContent-Type: application/sdp\r\nContent-Length: 4\r\n\r\nv=0\r",
	setupTCP + "RECORD rtsp://h/cam RTSP/1.0\r\nCSeq: 3\r\nSession: {id}\r\n\r\nSET_PARAMETER rtsp://h/cam RTSP/1.0\r\nCSeq: 4\r\nSession: {id}\r\n",
	"PLAY rtsp://h/cam RTSP/1.0\r\nCSeq: 3\r\nSession: 0\r\n",
	"DESCRIBE rtsp://h/cam/timeline RTSP/1.0\r\nCSeq: 2\r\n",
}

const setupTCP = "SETUP rtsp://h/cam/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"

var sessionNumber = regexp.MustCompile(`Session: ([0-9a-f]+)`)

// FuzzDialogue: nothing that a client says ends the program: a panic in any of
// gortsplib's goroutines would.
func FuzzDialogue(f *testing.F) {
	for _, d := range dialogues {
		f.Add([]byte(d))
	}
	line := newTape(testVideo, testAudio)
	record(line, 0, recorded)
	s := serve(f, map[string]Timeline{"cam": line}, func(o *Options) { o.Log = slog.New(slog.DiscardHandler) })
	f.Fuzz(func(t *testing.T, d []byte) {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Skip(err) // out of ports for a moment
		}
		say(c, d)
		_ = c.Close()
	})
}

// say sends request after request, each when the one before was answered or not for a while.
func say(c net.Conn, d []byte) {
	r, id := bufio.NewReader(c), []byte("0")
	answer := make([]byte, 4096)
	for _, request := range bytes.SplitAfter(d, []byte("\r\n\r\n")) {
		if _, err := c.Write(bytes.ReplaceAll(request, []byte("{id}"), id)); err != nil {
			return
		}
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		n, err := r.Read(answer)
		if err == io.EOF {
			return
		}
		if m := sessionNumber.FindSubmatch(answer[:n]); m != nil {
			id = bytes.Clone(m[1])
		}
	}
}
