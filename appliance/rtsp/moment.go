package rtsp

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"

	"hindsight/media"
)

// moment is a time as an address or a Range gives it: one of the three.
type moment struct {
	wall time.Time // UTC
	pos  media.Position
	back time.Duration // before now
}

const momentForms = "want 20261124T101500Z or 20261124T101500.250Z (UTC), RUN.MILLISECONDS, or -90s, -2h, -1h30m for before now"

// The layouts of ISO 8601's basic format; the fraction may follow the seconds.
const (
	wallLayout  = "20060102T150405Z"
	wallSeconds = len("20060102T150405")
	mostBack    = 100 * 365 * 24 * time.Hour
)

// parseMoment reads one time of an address.
func parseMoment(s string) (moment, error) {
	switch {
	case strings.HasPrefix(s, "-"):
		if d, err := time.ParseDuration(s[1:]); err == nil && d >= 0 && d <= mostBack && s[1] >= '0' && s[1] <= '9' {
			return moment{back: d}, nil
		}
	case strings.ContainsAny(s, "Tt"):
		if t, err := parseWall(s); err == nil {
			return moment{wall: t}, nil
		}
	default:
		if p, err := parsePosition(s); err == nil {
			return moment{pos: p}, nil
		}
	}
	return moment{}, fmt.Errorf("%.40q is no time: %s", s, momentForms)
}

// parseWall reads UTC in the basic format, with up to nine decimals.
func parseWall(s string) (time.Time, error) {
	s = strings.ToUpper(s)
	if len(s) > wallSeconds+len(".123456789Z") {
		return time.Time{}, fmt.Errorf("%.40q: too long", s)
	}
	if len(s) > wallSeconds && s[wallSeconds] == ',' {
		return time.Time{}, fmt.Errorf("%q: a comma", s)
	}
	return time.Parse(wallLayout, s) // Parse takes a fraction behind the seconds
}

// parsePosition reads RUN.MILLISECONDS.
func parsePosition(s string) (media.Position, error) {
	run, ms, ok := strings.Cut(s, ".")
	if !ok {
		return media.Position{}, fmt.Errorf("%q: no point", s)
	}
	r, err := parseDigits(run, math.MaxUint32)
	if err != nil || r == 0 {
		return media.Position{}, fmt.Errorf("%q: no run", s)
	}
	m, err := parseDigits(ms, math.MaxInt64/uint64(time.Millisecond))
	if err != nil {
		return media.Position{}, err
	}
	return media.Position{Run: media.Run(r), Time: time.Duration(m) * time.Millisecond}, nil
}

// parseDigits is ParseUint without a sign.
func parseDigits(s string, most uint64) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err == nil && (s[0] < '0' || s[0] > '9' || n > most) {
		err = fmt.Errorf("%q: want a number up to %d", s, most)
	}
	return n, err
}

// parseWindow reads FROM or FROM-TO. to is nil when there is no TO.
func parseWindow(s string) (from moment, to *moment, err error) {
	cut := strings.IndexByte(s[min(1, len(s)):], '-') // a - at the beginning is FROM's own
	if cut < 0 {
		from, err = parseMoment(s)
		return from, nil, err
	}
	if from, err = parseMoment(s[:cut+1]); err != nil {
		return from, nil, err
	}
	t, err := parseMoment(s[cut+2:])
	return from, &t, err
}

// slack is how far another machine's clock may be ahead of the recorder's.
const slack = time.Second

// position is the moment on a timeline, or, with ok false, one behind all that is
// recorded and not in the future: the live end. The error is a *refusal.
func (m moment) position(line Timeline, clock media.Clock) (p media.Position, ok bool, err error) {
	now, _ := clock.Wall()
	switch {
	case !m.wall.IsZero():
		if p, ok = line.Position(m.wall); !ok && m.wall.After(now.Add(slack)) {
			return p, false, refuse(base.StatusInvalidRange, "%s lies in the future: it is %s",
				m.wall.Format(clockLayout), now.UTC().Format(clockLayout))
		}
		return p, ok, nil
	case m.pos.Run != 0:
		live := line.Back(clock.Boot(), 0)
		if m.pos.Run > live.Run || m.pos.Run == live.Run && m.pos.Time > live.Time+slack {
			return p, false, refuse(base.StatusInvalidRange, "%d.%d lies in the future: it is %d.%d",
				m.pos.Run, m.pos.Time.Milliseconds(), live.Run, live.Time.Milliseconds())
		}
		return m.pos, true, nil
	}
	return line.Back(clock.Boot(), m.back), true, nil
}

// clockLayout is UTC as answers give it, RFC 2326 section 3.7, with three decimals.
const clockLayout = "20060102T150405.000Z"
