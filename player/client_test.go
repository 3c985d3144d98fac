package player_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4"
	"github.com/coder/websocket"

	"hindsight/player"
)

// Messages of the server, all kinds in one.
type said struct {
	Is     string
	Gen    uint32
	Point  *point
	Asked  *point
	Oldest *point
	Gap    *struct{ Kind, Reason, Detail string }
	Live   bool
	Rate   float64
	Length float64
	Video  *struct {
		Codec, Mode   string
		Width, Height int
	}
	Audio *struct {
		Codec          string
		Rate, Channels int
		Playable       bool
	}
	MIME      string
	Recording bool
	Frozen    bool
	Picture   string
	Why       string
	Filled    struct{ Video, Audio float64 }
	Holes     map[string]string
	Text      string
	Fatal     bool
}

type point struct {
	Recorded float64
	Position string
	Time     time.Time
	Trusted  bool
}

// data is a binary message.
type data struct {
	kind   byte
	gen    uint32
	header struct {
		From, Until, At float64
		Key             bool
		Frames          []float64
	}
	payload []byte
	parts   fmp4.Parts
	come    time.Time
}

// client is the other side of a connection. Until it is told otherwise it plays what comes.
type client struct {
	t     testing.TB
	conn  *websocket.Conn
	ended chan error // of player.Serve

	mu     sync.Mutex
	gen    uint32
	says   []said
	data   []data
	bytes  uint64
	pos    float64 // of the picture, once it plays
	plays  bool
	paused bool
	rate   float64
	ends   [2]float64    // up to where there is picture, sound
	starts float64       // how much must lie ready before it plays
	dry    time.Duration // for how long there was no sound while it played
	change chan struct{}
	closed error
}

// serve serves a source to a client over a pipe; wrap may change the server's side of it.
func serve(t *testing.T, source player.Source, o player.Options, wrap func(net.Conn) net.Conn) *client {
	t.Helper()
	c := &client{t: t, ended: make(chan error, 1), change: make(chan struct{}), rate: 1, starts: 0.3}
	l := &pipes{conns: make(chan net.Conn, 1), done: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{player.Subprotocol}})
		if err != nil {
			c.ended <- err
			return
		}
		c.ended <- player.Serve(ctx, conn, source, o)
	})}
	go srv.Serve(l)
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		a, b := net.Pipe()
		if wrap != nil {
			b = wrap(b)
		}
		l.conns <- b
		return a, nil
	}}
	conn, _, err := websocket.Dial(ctx, "ws://recorder/", &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{player.Subprotocol},
	})
	must(t, err)
	conn.SetReadLimit(-1)
	c.conn = conn
	t.Cleanup(func() {
		conn.CloseNow()
		cancel()
		srv.Close()
		transport.CloseIdleConnections()
	})
	return c
}

// pipes is a listener.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *pipes) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// read takes messages until the connection ends.
func (c *client) read() {
	for {
		kind, b, err := c.conn.Read(context.Background())
		c.mu.Lock()
		if err != nil {
			c.closed = err
		} else if kind == websocket.MessageText {
			var s said
			if err := json.Unmarshal(b, &s); err != nil {
				c.t.Errorf("%s: %v", b, err)
			}
			c.says = append(c.says, s)
			if s.Is == "jump" && s.Gen == c.gen && s.Gap == nil { // over what was left out
				c.pos = max(c.pos, s.Point.Recorded)
			}
		} else {
			c.bytes += uint64(len(b))
			c.take(b)
		}
		close(c.change)
		c.change = make(chan struct{})
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// take reads a binary message.
func (c *client) take(b []byte) {
	n := int(binary.BigEndian.Uint16(b[5:7]))
	d := data{kind: b[0], gen: binary.BigEndian.Uint32(b[1:5]), payload: b[7+n:], come: time.Now()}
	if err := json.Unmarshal(b[7:7+n], &d.header); err != nil {
		c.t.Errorf("header %s: %v", b[7:7+n], err)
	}
	if d.kind == 2 {
		if err := d.parts.Unmarshal(d.payload); err != nil {
			c.t.Errorf("a fragment: %v", err)
		}
	}
	if d.gen == c.gen {
		for _, x := range d.tracks() {
			i := x.ID - 1
			c.ends[i] = max(c.ends[i], x.until)
		}
	}
	c.data = append(c.data, d)
}

// track is what a fragment has of one.
type track struct {
	ID          int
	from, until float64
	samples     []*fmp4.Sample
	times       []float64 // decoding times
}

var scales = map[int]float64{1: 90000, 2: 48000}

func (d data) tracks() (all []track) {
	for _, p := range d.parts {
		for _, x := range p.Tracks {
			at := x.BaseTime
			k := track{ID: x.ID, from: float64(at) / scales[x.ID], samples: x.Samples}
			for _, s := range x.Samples {
				k.times = append(k.times, float64(at)/scales[x.ID])
				at += uint64(s.Duration)
			}
			k.until = float64(at) / scales[x.ID]
			all = append(all, k)
		}
	}
	return all
}

// play runs the client's clock: it plays as a browser does and reports every 250 ms.
func (c *client) play(ctx context.Context) {
	const step = 50 * time.Millisecond
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(step):
		}
		c.mu.Lock()
		ready := min(c.ends[0], c.ends[1]) - c.pos
		if !c.plays && ready >= c.starts && !c.paused {
			c.plays = true
		}
		if c.plays && !c.paused {
			if c.ends[1]-c.pos < step.Seconds() {
				c.dry += step
			}
			c.pos += min(step.Seconds()*c.rate, max(ready, 0))
		}
		at := map[string]any{"do": "at", "gen": c.gen, "recorded": c.pos, "ahead": max(min(c.ends[0], c.ends[1])-c.pos, 0), "bytes": c.bytes, "playing": !c.paused}
		gen := c.gen
		c.mu.Unlock()
		if n%5 == 4 && gen > 0 {
			c.say(at)
		}
	}
}

func (c *client) say(v any) {
	b, err := json.Marshal(v)
	must(c.t, err)
	c.conn.Write(context.Background(), websocket.MessageText, b) // it may have been closed
}

// seek asks for a moment; its picture begins where the answer says.
func (c *client) seek(gen uint32, to map[string]any) {
	c.mu.Lock()
	c.gen, c.ends, c.plays = gen, [2]float64{}, false
	c.mu.Unlock()
	m := map[string]any{"do": "seek", "gen": gen}
	for k, v := range to {
		m[k] = v
	}
	c.say(m)
}

// await waits for something that has been said, or will be.
func (c *client) await(what string, is func(said) bool) said {
	c.t.Helper()
	late := time.After(2 * time.Minute)
	for n := 0; ; {
		c.mu.Lock()
		change, all, closed := c.change, c.says, c.closed
		c.mu.Unlock()
		for ; n < len(all); n++ {
			if is(all[n]) {
				return all[n]
			}
		}
		if closed != nil {
			c.t.Fatalf("waiting for %s: %v", what, closed)
		}
		select {
		case <-change:
		case <-late:
			c.t.Fatalf("%s did not come; it was said: %+v", what, all)
		}
	}
}

// awaitData waits until the data that has come is enough.
func (c *client) awaitData(what string, enough func([]data) bool) []data {
	c.t.Helper()
	late := time.After(2 * time.Minute)
	for {
		c.mu.Lock()
		change, all := c.change, c.data
		c.mu.Unlock()
		if enough(all) {
			return slices.Clone(all)
		}
		select {
		case <-change:
		case <-late:
			c.t.Fatalf("%s did not come in %d messages", what, len(all))
		}
	}
}

// landed goes to where the answer to a seek says.
func (c *client) landed(gen uint32) said {
	c.t.Helper()
	l := c.await(fmt.Sprintf("landed %d", gen), func(s said) bool { return s.Is == "landed" && s.Gen == gen })
	c.mu.Lock()
	c.pos, c.rate = l.Asked.Recorded, l.Rate
	c.mu.Unlock()
	return l
}

// reaches reports that a track has come up to a time in a gen.
func reaches(gen uint32, id int, until float64) func([]data) bool {
	return func(all []data) bool {
		for _, d := range all {
			if d.gen == gen {
				for _, x := range d.tracks() {
					if x.ID == id && x.until >= until-1e-6 {
						return true
					}
				}
			}
		}
		return false
	}
}
