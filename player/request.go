package player

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"hindsight/media"
)

// request is a message of the client's.
type request struct {
	do      string // seek, at or latency
	gen     uint32
	moment  Moment        // of a seek
	rate    float64       // of a seek
	shown   time.Duration // of at: recorded time of the picture
	ahead   time.Duration // of at: how much lies ready
	bytes   uint64        // of at: of binary messages that have come in
	playing bool          // of at
	low     bool          // of latency
}

// errNoJSON says that a message is not what this protocol is made of.
var errNoJSON = errors.New("a message is no JSON object")

// The bounds of numbers in requests.
const (
	farthest  = 1e9 // seconds of recorded time: thirty years
	mostBytes = 1 << 53
)

// parseRequest reads one message. errNoJSON: the connection is not to go on.
func parseRequest(b []byte) (request, error) {
	var m struct {
		Do       string
		Gen      *uint32
		Live     *bool
		Position *string
		Time     *string
		Recorded *float64
		Rate     *float64
		Ahead    float64
		Bytes    float64
		Playing  bool
		Low      *bool
	}
	if err := json.Unmarshal(b, &m); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) && wrong.Field != "" {
			return request{}, fmt.Errorf("%s cannot be %s", clip(wrong.Field), clip(wrong.Value))
		}
		return request{}, errNoJSON
	}
	r := request{do: m.Do, rate: 1}
	switch m.Do {
	case "latency":
		if m.Low == nil {
			return r, errors.New("latency: low is needed, true or false")
		}
		r.low = *m.Low
		return r, nil
	case "seek", "at":
		if m.Gen == nil || *m.Gen == 0 {
			return r, fmt.Errorf("%s: gen is needed, from 1 to 4294967295", m.Do)
		}
		r.gen = *m.Gen
	default:
		return r, fmt.Errorf("there is no %q; there is seek, at and latency", clip(m.Do))
	}
	if m.Do == "at" {
		if m.Recorded == nil || !within(*m.Recorded, farthest) || m.Ahead < 0 || !within(m.Ahead, farthest) || m.Bytes < 0 || m.Bytes > mostBytes {
			return r, errors.New("at: recorded, ahead and bytes are numbers, the last two not below 0")
		}
		r.shown, r.ahead, r.bytes, r.playing = seconds(*m.Recorded), seconds(m.Ahead), uint64(m.Bytes), m.Playing
		return r, nil
	}
	if m.Rate != nil {
		r.rate = *m.Rate
	}
	if size := math.Abs(r.rate); size > 16 || r.rate < 0.25 && r.rate > -1 {
		return r, errors.New("seek: rate is 0.25 to 16, or -1 to -16")
	}
	var err error
	r.moment, err = parseMoment(m.Live, m.Position, m.Time, m.Recorded)
	return r, err
}

// parseMoment takes exactly one of the ways to give a moment.
func parseMoment(live *bool, position, clock *string, recorded *float64) (m Moment, err error) {
	given := 0
	if live != nil && *live {
		m, given = Moment{Place: AtLive}, given+1
	}
	if position != nil {
		given++
		m.Place = AtPosition
		if m.Position, err = media.ParsePosition(*position); err != nil {
			return Moment{}, fmt.Errorf("seek: %q is no position; one is RUN.MILLISECONDS", clip(*position))
		}
	}
	if clock != nil {
		given++
		m.Place = AtTime
		if m.Time, err = time.Parse(time.RFC3339Nano, *clock); err != nil {
			return Moment{}, fmt.Errorf("seek: %q is no time; one is 2026-11-24T10:15:00Z", clip(*clock))
		}
	}
	if recorded != nil {
		given++
		if !within(*recorded, farthest) {
			return Moment{}, errors.New("seek: recorded is too large")
		}
		m.Place, m.Recorded = AtRecorded, seconds(*recorded)
	}
	if given != 1 {
		return Moment{}, errors.New("seek: one of live, position, time and recorded is needed")
	}
	return m, nil
}

func within(x, most float64) bool { return x >= -most && x <= most }

// seconds is a number of the wire as a duration, to the microsecond.
func seconds(x float64) time.Duration {
	return time.Duration(math.Round(x*1e6)) * time.Microsecond
}

// clip keeps what a client said short enough for a sentence.
func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
