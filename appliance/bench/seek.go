package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"hindsight/appliance/fill"
)

// seekPause is the least time from one PLAY to the next: a session may seek ten times a second.
const seekPause = 125 * time.Millisecond

// keyFrames is how far before the moment that was asked for a picture may lie,
// and tolerance how much the rounding of a Range may hide.
const (
	keyFrames = 10 * time.Second
	tolerance = 2 * time.Millisecond
)

// beforeEnd is how far from the end of the history is sought: there packets would
// cease, and with them the time until the next PLAY.
const beforeEnd = 5 * time.Second

// Latency is how long it took from PLAY to the first packet of the right picture, in milliseconds.
type Latency struct {
	Seeks  int     `json:"seeks"`
	Proven int     `json:"proven"` // the picture itself told that it is the right one
	P50    float64 `json:"p50_ms"`
	P95    float64 `json:"p95_ms"`
	P99    float64 `json:"p99_ms"`
	Most   float64 `json:"most_ms"`
}

// latencyOf sorts took.
func latencyOf(took []time.Duration, proven int) Latency {
	slices.Sort(took)
	at := func(p int) float64 { // the least that p percent do not exceed
		return took[max(0, (len(took)*p+99)/100-1)].Seconds() * 1000
	}
	return Latency{len(took), proven, at(50), at(95), at(99), at(100)}
}

// seeks goes to n random moments, one after the other, on one connection.
func seeks(ctx context.Context, address string, n int, cold bool) (Latency, error) {
	v, err := dial(ctx, address)
	if err != nil {
		return Latency{}, err
	}
	defer v.close()
	defer context.AfterFunc(ctx, v.close)()
	if v.length < 2*beforeEnd {
		return Latency{}, fmt.Errorf("%s: its description tells no length of history of %v or more", address, 2*beforeEnd)
	}
	took, proven := make([]time.Duration, 0, n), 0
	for range n {
		if cold {
			if err := dropCache(); err != nil {
				return Latency{}, err
			}
		}
		to := rand.N(v.length - beforeEnd).Truncate(time.Millisecond)
		d, sure, err := v.seek(to)
		if ctx.Err() != nil {
			return Latency{}, ctx.Err()
		}
		if err != nil {
			return Latency{}, fmt.Errorf("%s: PLAY of npt=%s: %w", address, nptOf(to), err)
		}
		took = append(took, d)
		if sure {
			proven++
		}
	}
	return latencyOf(took, proven), nil
}

// arrival is a packet of pictures.
type arrival struct {
	rtpHead
	at     time.Time
	moment time.Duration // that the picture tells
	tells  bool          // whether it does
}

// seeking is one PLAY until its picture has come.
type seeking struct {
	to     time.Duration
	begin  *beginning // the answer
	early  []arrival  // packets can be sent before the answer is
	first  time.Time  // when the picture began to come
	whole  bool       // it has come
	proven bool       // it told its moment
}

// seek goes to a moment, and then plays on for the rest of seekPause.
func (v *viewer) seek(to time.Duration) (took time.Duration, proven bool, err error) {
	s := seeking{to: to}
	began := time.Now()
	if err := v.play(to); err != nil {
		return 0, false, err
	}
	for !s.whole || time.Since(began) < seekPause {
		m, err := v.next()
		if err != nil {
			return 0, false, err
		}
		if err := s.take(v, m, time.Now()); err != nil {
			return 0, false, err
		}
	}
	return s.first.Sub(began), s.proven, nil
}

// take looks at the message that came at a time.
func (s *seeking) take(v *viewer, m message, at time.Time) error {
	if m.answer != nil {
		b, err := v.began(m.answer)
		if err != nil {
			return err
		}
		if b.at > s.to+tolerance || b.at < s.to-keyFrames {
			return fmt.Errorf("it is answered with npt=%s", nptOf(b.at))
		}
		s.begin = &b
	} else if h, ok := v.videoPacket(m); ok && !s.whole {
		a := arrival{rtpHead: h, at: at}
		a.moment, a.tells = fill.Moment(m.packet)
		s.early = append(s.early, a)
	}
	if s.begin == nil {
		return nil
	}
	for _, a := range s.early {
		if err := s.weigh(a); err != nil {
			return err
		}
	}
	s.early = s.early[:0]
	return nil
}

// weigh looks whether a packet belongs to the picture that was asked for.
func (s *seeking) weigh(a arrival) error {
	want := s.begin.first
	if s.whole || int16(a.seq-want.seq) < 0 { // of where it was before
		return nil
	}
	if s.first.IsZero() {
		s.first = a.at
		if a.time != want.time {
			return fmt.Errorf("its first packet is of RTP time %d, its RTP-Info says %d", a.time, want.time)
		}
	}
	if a.time != want.time {
		s.whole = true
		return nil
	}
	s.whole = a.marker
	if a.tells {
		// Of what bench fill makes every second begins with a key frame.
		if a.moment > s.to+tolerance || a.moment <= s.to-time.Second-tolerance {
			return fmt.Errorf("its picture is that of npt=%s", nptOf(a.moment))
		}
		s.proven = true
	}
	return nil
}

// dropCache makes the kernel forget what it has read of any file.
func dropCache() error {
	unix.Sync() // what is not yet written cannot be dropped
	const file = "/proc/sys/vm/drop_caches"
	if err := os.WriteFile(file, []byte("3\n"), 0); err != nil {
		if errors.Is(err, os.ErrPermission) || errors.Is(err, unix.EROFS) {
			return errors.New("the page cache cannot be dropped: only root of the machine itself may; leave out --cold, or use sudo")
		}
		return fmt.Errorf("the page cache cannot be dropped: %w", err)
	}
	return nil
}
