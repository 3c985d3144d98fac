package rtsp

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
)

// order is what a PLAY asks for.
type order struct {
	rng    *span    // nil: no Range
	scale  *float64 // in force, not as asked for; nil: no Scale
	speed  *float64 // as scale
	frames *choice  // nil: no Frames
	rate   string   // of Rate-Control: yes, no, or empty
	onvif  bool     // asked for the extension of ONVIF replay
	loses  bool     // the client will lose what comes first; see forerun
	cseq   byte
}

// span is a Range.
type span struct {
	clock    bool // in wall time; else in recorded time
	dated    bool // recorded time that stood there as clock=: the answer is in wall time
	now      bool // npt=now-: where the address goes on by itself
	from, to point
}

// point is an end of a Range; the unit is that of the span.
type point struct {
	given bool
	npt   time.Duration
	wall  time.Time
}

// choice says which pictures are sent.
type choice struct {
	keys   bool          // key frames only
	apart  time.Duration // and none sooner than so long after the one before
	refers bool          // only what others refer to
}

// The rates that can be asked for.
const (
	slowest  = 0.25
	fastest  = 16
	mostFull = 4 // above it only key frames are sent
)

// parseOrder reads the headers of a PLAY. The error is a *refusal.
func parseOrder(r *base.Request) (o order, err error) {
	if o.onvif, err = required(r.Header); err != nil {
		return o, err
	}
	if h, ok, err := one(r.Header, "Range"); err != nil {
		return o, err
	} else if ok {
		if o.rng, err = parseRange(h); err != nil {
			return o, err
		}
	}
	if o.scale, err = rate(r.Header, "Scale", nearestScale); err != nil {
		return o, err
	}
	if o.speed, err = rate(r.Header, "Speed", nearestSpeed); err != nil {
		return o, err
	}
	return o, o.onvifHeaders(r.Header)
}

// onvifHeaders reads those that ONVIF adds to RTSP.
func (o *order) onvifHeaders(h base.Header) error {
	if v, ok, err := one(h, "Rate-Control"); err != nil {
		return err
	} else if ok {
		if o.rate = strings.ToLower(v); o.rate != "yes" && o.rate != "no" {
			return refuse(base.StatusBadRequest, "Rate-Control: %.20q: want yes or no", v)
		}
		o.onvif = true
		agent, _, _ := one(h, "User-Agent")
		o.loses = strings.HasPrefix(agent, "GStreamer")
	}
	if v, ok, err := one(h, "Immediate"); err != nil {
		return err
	} else if ok && !strings.EqualFold(v, "yes") && !strings.EqualFold(v, "no") {
		return refuse(base.StatusBadRequest, "Immediate: %.20q: want yes or no", v)
	}
	if v := h["CSeq"]; len(v) == 1 {
		n, _ := strconv.ParseUint(strings.TrimSpace(v[0]), 10, 64)
		o.cseq = byte(n)
	}
	v, ok, err := one(h, "Frames")
	if err != nil || !ok {
		return err
	}
	o.frames, err = parseFrames(v)
	return err
}

// one is the value of a header that may stand once.
func one(h base.Header, name string) (v string, ok bool, err error) {
	switch all := h[name]; len(all) {
	case 0:
		return "", false, nil
	case 1:
		return strings.TrimSpace(all[0]), true, nil
	}
	code := base.StatusBadRequest
	if name == "Range" {
		code = base.StatusInvalidRange
	}
	return "", false, refuse(code, "more than one %s", name)
}

// onvifReplay is the option tag of ONVIF's Streaming Specification, section 6.
const onvifReplay = "onvif-replay"

// required reports whether ONVIF's replay is asked for. Whatever else is required is refused.
func required(h base.Header) (onvif bool, err error) {
	for _, line := range h["Require"] {
		for _, tag := range strings.Split(line, ",") {
			switch tag = strings.TrimSpace(tag); {
			case strings.EqualFold(tag, onvifReplay):
				onvif = true
			case tag != "":
				r := refuse(base.StatusOptionNotSupported, "%.60q is not supported", tag)
				r.unsupported = tag
				return false, r
			}
		}
	}
	return onvif, nil
}

// rate reads Scale or Speed and brings it to what can be done.
func rate(h base.Header, name string, nearest func(float64) float64) (*float64, error) {
	v, ok, err := one(h, name)
	if err != nil || !ok {
		return nil, err
	}
	x, err := strconv.ParseFloat(v, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) || x == 0 {
		return nil, refuse(base.StatusBadRequest, "%s: %.20q: want a number other than 0, as in 2.0", name, v)
	}
	if x = nearest(x); x == 0 {
		return nil, refuse(base.StatusBadRequest, "%s: %.20q: want %v to %v", name, v, slowest, fastest)
	}
	return &x, nil
}

// nearestScale is what can be played nearest to a scale.
func nearestScale(x float64) float64 {
	if x < 0 {
		return min(max(x, -fastest), -1)
	}
	return min(max(x, slowest), fastest)
}

// nearestSpeed is nearestScale for data that only goes forward; 0: it does not.
func nearestSpeed(x float64) float64 {
	if x < 0 {
		return 0
	}
	return nearestScale(x)
}

// rateText is a Scale or Speed as an answer gives it.
func rateText(x float64) string {
	s := strconv.FormatFloat(math.Round(x*1000)/1000, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// parseFrames reads all, predicted, intra or intra/MILLISECONDS.
func parseFrames(v string) (*choice, error) {
	name, apart, has := strings.Cut(strings.ToLower(v), "/")
	switch name = strings.TrimSpace(name); {
	case name == "all" && !has:
		return &choice{}, nil
	case name == "predicted" && !has:
		return &choice{refers: true}, nil
	case name == "intra" && !has:
		return &choice{keys: true}, nil
	case name == "intra":
		if ms, err := parseDigits(strings.TrimSpace(apart), uint64(time.Hour.Milliseconds())); err == nil {
			return &choice{keys: true, apart: time.Duration(ms) * time.Millisecond}, nil
		}
	}
	return nil, refuse(base.StatusBadRequest, "Frames: %.40q: want intra, intra/MILLISECONDS, predicted or all", v)
}

const rangeForms = "want npt=SECONDS-, npt=SECONDS-SECONDS, npt=now- or clock=20261124T101500.250Z-"

// parseRange reads a Range of RFC 2326 section 12.29. The error is a *refusal.
func parseRange(h string) (*span, error) {
	bad := func(why string) error {
		return refuse(base.StatusInvalidRange, "Range %.60q: %s: %s", h, why, rangeForms)
	}
	h, _, _ = strings.Cut(h, ";") // ;time= is when to begin: at once is what is done
	unit, value, ok := strings.Cut(strings.TrimSpace(h), "=")
	from, to, dash := strings.Cut(value, "-")
	if !ok || !dash || strings.Contains(to, "-") {
		return nil, bad("no range")
	}
	from, to = strings.TrimSpace(from), strings.TrimSpace(to)
	s := &span{}
	var parse func(string) (point, error)
	switch strings.ToLower(strings.TrimSpace(unit)) {
	case "npt":
		parse = parseNPT
		if strings.EqualFold(from, "now") {
			s.now, from = true, ""
		}
	case "clock":
		parse, s.clock = parseClock, true
		if from == "" {
			return nil, bad("no beginning")
		}
	default:
		return nil, bad("not that unit")
	}
	var err error
	if s.from, err = parse(from); err == nil {
		s.to, err = parse(to)
	}
	if err != nil {
		return nil, bad(err.Error())
	}
	if from == "" && to == "" && !s.now {
		return nil, bad("no time")
	}
	s.since1900()
	return s, nil
}

const seventyYears = 2208988800 // seconds from 1900 to 1970, RFC 868

// since1900 takes npt of so many seconds as GStreamer's rtspsrc means it.
func (s *span) since1900() {
	if s.clock && s.from.wall.Year() < 1950 { // and so it writes recorded time with onvif-mode
		began := time.Unix(-seventyYears, 0)
		s.clock, s.dated = false, true
		for _, p := range []*point{&s.from, &s.to} {
			if p.given {
				p.npt, p.wall = p.wall.Sub(began), time.Time{}
			}
		}
		return
	}
	if s.clock || !s.from.given || s.from.npt < seventyYears*time.Second {
		return
	}
	s.clock = true
	for _, p := range []*point{&s.from, &s.to} {
		if p.given {
			p.wall = time.Unix(0, 0).UTC().Add(p.npt - seventyYears*time.Second)
		}
	}
}

func (p point) before(q point, clock bool) bool {
	if clock {
		return p.wall.Before(q.wall)
	}
	return p.npt < q.npt
}

func parseClock(s string) (p point, err error) {
	if s == "" {
		return p, nil
	}
	p.wall, err = parseWall(s)
	p.given = true
	return p, err
}

// parseNPT reads seconds, with decimals, or hours, minutes and seconds (RFC 2326 section 3.6).
func parseNPT(s string) (p point, err error) {
	if s == "" {
		return p, nil
	}
	bad := fmt.Errorf("%.20q is no time", s)
	parts := strings.Split(s, ":")
	if len(parts) != 1 && len(parts) != 3 {
		return p, bad
	}
	whole := uint64(0)
	for i, x := range parts[:len(parts)-1] {
		most := []uint64{1e6, 59}[i]
		n, err := parseDigits(x, most)
		if err != nil {
			return p, bad
		}
		whole = whole*60 + n
	}
	whole *= 60
	sec, frac, _ := strings.Cut(parts[len(parts)-1], ".")
	n, err := parseDigits(sec, 9e9)
	if err != nil || len(parts) == 3 && n > 59 {
		return p, bad
	}
	nanos := uint64(0)
	if frac != "" {
		if len(frac) > 9 {
			frac = frac[:9]
		}
		if nanos, err = parseDigits(frac, 1e9); err != nil {
			return p, bad
		}
		for range 9 - len(frac) {
			nanos *= 10
		}
	}
	p.given, p.npt = true, time.Duration(whole+n)*time.Second+time.Duration(nanos)
	return p, nil
}

// nptText is a recorded time as an answer gives it: with three decimals, since
// some clients do not read less.
func nptText(d time.Duration) string {
	ms := (d + time.Millisecond/2) / time.Millisecond
	return fmt.Sprintf("%d.%03d", ms/1000, ms%1000)
}
