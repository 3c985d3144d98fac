package player

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"hindsight/media"
)

// The kinds of binary messages.
const (
	kindInit     = 1
	kindFragment = 2
	kindJPEG     = 3
)

// secs is a duration on the wire: seconds, to the microsecond.
type secs time.Duration

// MarshalJSON writes a number.
func (s secs) MarshalJSON() ([]byte, error) {
	return json.Marshal(math.Round(float64(s)/1e3) / 1e6)
}

type wirePoint struct {
	Recorded secs      `json:"recorded"`
	Position string    `json:"position"`
	Time     time.Time `json:"time"`
	Trusted  bool      `json:"trusted"`
}

func pointed(p *Point) *wirePoint {
	if p == nil {
		return nil
	}
	return &wirePoint{secs(p.Recorded), roundedUp(p.Position).String(), p.Time.UTC().Round(time.Microsecond), p.Trusted}
}

// roundedUp is a position of whole milliseconds: that of a picture rounded down
// would mean the picture before it.
func roundedUp(p media.Position) media.Position {
	p.Time = (p.Time + time.Millisecond - 1).Truncate(time.Millisecond)
	return p
}

type wireGap struct {
	Kind    string       `json:"kind"` // all, video or audio
	Reason  media.Reason `json:"reason"`
	Detail  string       `json:"detail"`
	Seconds secs         `json:"seconds"`
	From    time.Time    `json:"from"`
	Until   time.Time    `json:"until"`
}

func gapped(g *Gap) *wireGap {
	if g == nil {
		return nil
	}
	kind := "all"
	if g.Kind != 0 {
		kind = g.Kind.String()
	}
	return &wireGap{kind, g.Reason, g.Detail, secs(g.Length), g.From.UTC().Round(time.Microsecond), g.Until.UTC().Round(time.Microsecond)}
}

type helloMessage struct {
	Is       string     `json:"is"`
	Protocol int        `json:"protocol"`
	Camera   string     `json:"camera"`
	Length   secs       `json:"length"`
	Oldest   *wirePoint `json:"oldest"`
	Foreign  bool       `json:"foreign"`
}

type landedMessage struct {
	Is    string     `json:"is"`
	Gen   uint32     `json:"gen"`
	Point *wirePoint `json:"point"`
	Asked *wirePoint `json:"asked"`
	Gap   *wireGap   `json:"gap"`
	Live  bool       `json:"live"`
	Rate  float64    `json:"rate"`
}

type tracksMessage struct {
	Is    string     `json:"is"`
	Gen   uint32     `json:"gen"`
	Video *wireVideo `json:"video"`
	Audio *wireAudio `json:"audio"`
	MIME  string     `json:"mime"`
}

type wireVideo struct {
	Codec  string `json:"codec"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Mode   string `json:"mode"` // mse or jpeg
}

type wireAudio struct {
	Codec    string `json:"codec"`
	Rate     int    `json:"rate"`
	Channels int    `json:"channels"`
	Playable bool   `json:"playable"`
}

type jumpMessage struct {
	Is    string     `json:"is"`
	Gen   uint32     `json:"gen"`
	Point *wirePoint `json:"point"`
	Gap   *wireGap   `json:"gap"`
}

type edgeMessage struct {
	Is        string     `json:"is"`
	Point     *wirePoint `json:"point"`
	Recording bool       `json:"recording"`
	Frozen    bool       `json:"frozen"`
}

type stateMessage struct {
	Is      string            `json:"is"`
	Gen     uint32            `json:"gen"`
	Live    bool              `json:"live"`
	Picture string            `json:"picture"` // full, keys or none
	Why     string            `json:"why"`     // rate or slow link
	Filled  wireFilled        `json:"filled"`
	Holes   map[string]string `json:"holes"`
}

type wireFilled struct {
	Video secs `json:"video"`
	Audio secs `json:"audio"`
}

type endMessage struct {
	Is  string `json:"is"`
	Gen uint32 `json:"gen"`
	Why string `json:"why"`
}

type errorMessage struct {
	Is    string `json:"is"`
	Text  string `json:"text"`
	Fatal bool   `json:"fatal"`
}

// fragmentHeader and jpegHeader stand before the payload of binary messages.
type fragmentHeader struct {
	From   secs   `json:"from"`
	Until  secs   `json:"until"`
	Key    bool   `json:"key"`
	Frames []secs `json:"frames"`
}

type jpegHeader struct {
	At secs `json:"at"`
}

type initHeader struct{}

// binaryMessage puts a header before a payload.
func binaryMessage(kind byte, gen uint32, header any, payload []byte) ([]byte, error) {
	h, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("player: %w", err)
	}
	if len(h) > math.MaxUint16 {
		return nil, fmt.Errorf("player: a header of %d bytes", len(h))
	}
	b := make([]byte, 0, 7+len(h)+len(payload))
	b = append(b, kind)
	b = binary.BigEndian.AppendUint32(b, gen)
	b = binary.BigEndian.AppendUint16(b, uint16(len(h)))
	return append(append(b, h...), payload...), nil
}
