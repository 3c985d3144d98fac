package player

import (
	"time"
)

// What is known of a link, and what follows from it.
const (
	firstWindow = 256 << 10 // bytes on the way while nothing is known
	leastWindow = 32 << 10
	mostWindow  = 8 << 20
	mostOnWay   = 4 * time.Second // of media

	thinReady  = 1200 * time.Millisecond // less than this lies ready
	thinLag    = 600 * time.Millisecond  // and something has been on its way for longer than this
	dumb       = 500 * time.Millisecond  // between two reports: the client is busy, and what it says is old
	calmLag    = 450 * time.Millisecond  // what a report every 250 ms and a round trip explain
	calmFor    = 5 * time.Second
	firstTry   = 10 * time.Second
	mostTry    = time.Minute
	steadyFor  = 30 * time.Second // with the full picture, until the next tries begin anew
	thinSpare  = 250 * time.Millisecond
	leastCarry = 250 * time.Millisecond // what a picture may always take
	longWait   = 5 * time.Second        // without any picture, however large it is
)

// flow is what is known of the link to a client: what was sent, what has come in
// by its own report, and what the link takes. Times come from outside.
type flow struct {
	sent, got uint64 // bytes
	way       []sending
	capacity  float64 // bytes a second; 0: not known
	window    float64 // bytes that may be on their way
	full      bool    // the window was in the way since the last report
	eased     bool    // it was ever made smaller
	credit    int     // bytes that a new seek may send beside the window
	told      time.Time
	ready     time.Duration // at the last report
	lag       time.Duration // how long the oldest that had not come in at the last report was on its way, of the time in which reports kept coming
	moved     time.Time     // when something last came in, or nothing was on its way
	heard     time.Time     // when the last report came
	awake     time.Time     // since when reports have kept coming

	thin      bool
	since     time.Time // of thin or full
	calm      time.Time // since when all comes in at once
	try       time.Duration
	pictureAt time.Time // when the last picture was sent while thin
	need      rate      // what everything would take
}

// sending is a message on its way.
type sending struct {
	upTo uint64 // bytes sent with it
	at   time.Time
	from time.Duration // recorded time
}

func newFlow(now time.Time) *flow {
	return &flow{moved: now, since: now, calm: now, try: firstTry, window: firstWindow}
}

// send notes a binary message of so many bytes with data of a recorded time.
func (f *flow) send(now time.Time, bytes int, at time.Duration) {
	if len(f.way) == 0 {
		f.moved = now
	}
	f.sent += uint64(bytes)
	f.credit = max(f.credit-bytes, 0)
	f.way = append(f.way, sending{f.sent, now, at})
}

// onWay is how many bytes have not come in.
func (f *flow) onWay() uint64 { return f.sent - f.got }

// report takes what the client says: bytes that came in, and what lies ready.
func (f *flow) report(now time.Time, got uint64, ready time.Duration) {
	got = min(got, f.sent)
	f.ready = ready
	if got < f.got {
		return
	}
	came := got - f.got
	if came > 0 {
		f.moved = now
	}
	f.got = got
	n := 0
	for n < len(f.way) && f.way[n].upTo <= got {
		n++
	}
	f.way = f.way[:copy(f.way, f.way[n:])]
	// A client that is busy says little, and then of bytes that it has not looked at
	// yet. Over a slow link it says on time that they are still missing.
	if now.Sub(f.heard) > dumb {
		f.awake = now
	}
	f.heard, f.lag = now, 0
	if len(f.way) > 0 {
		f.lag = min(now.Sub(f.way[0].at), now.Sub(f.awake))
	} else {
		f.moved = now
	}
	f.measure(now, came)
	f.widen()
	if f.lag > calmLag {
		f.calm = now
	}
}

// measure learns what the link takes.
func (f *flow) measure(now time.Time, came uint64) {
	took := now.Sub(f.told)
	if f.told.IsZero() || took < 50*time.Millisecond {
		if f.told.IsZero() {
			f.told = now
		}
		return
	}
	f.told = now
	pace := float64(came) / took.Seconds()
	switch {
	case f.lag > calmLag && f.capacity > 0: // it took all it could
		f.capacity += (pace - f.capacity) / 2
	default:
		f.capacity = max(f.capacity, pace)
	}
}

// widen sets how many bytes may be on their way: what the link takes in a moment,
// and more than that when it never was in the way.
func (f *flow) widen() {
	switch {
	case f.lag > calmLag:
		f.window, f.eased = max(f.capacity*0.6, leastWindow), true
	case f.full && f.eased:
		f.window *= 1.25
	case f.full:
		f.window *= 2
	}
	f.window, f.full = min(f.window, mostWindow), false
}

// open reports whether more may be sent of data at a recorded time.
func (f *flow) open(at time.Duration) bool {
	if len(f.way) == 0 {
		return true
	}
	if f.credit > 0 && f.lag <= calmLag && f.onWay() < mostWindow {
		return true // what is on its way for an older seek need not come first
	}
	if float64(f.onWay()) >= f.window {
		f.full = true
		return false
	}
	return (at - f.way[0].from).Abs() < mostOnWay
}

// carries reports whether, while the link is thin, a picture of so many bytes
// comes in before the sound that lies ready is over.
func (f *flow) carries(now time.Time, bytes int) bool {
	if now.Sub(f.pictureAt) > longWait && f.onWay() < leastWindow {
		return true
	}
	takes := time.Duration((float64(f.onWay()) + float64(bytes)) / max(f.capacity, 1000) * float64(time.Second))
	return takes <= max(f.ready-now.Sub(f.told)-thinSpare, leastCarry)
}

// decide reports whether only key frames are to be sent.
func (f *flow) decide(now time.Time) (thin, changed bool) {
	switch {
	case !f.thin && f.ready < thinReady && f.lag > thinLag:
		if now.Sub(f.since) > steadyFor {
			f.try = firstTry
		}
		f.become(true, now)
		f.pictureAt, f.calm = now, now
		return true, true
	case f.thin && now.Sub(f.calm) > calmFor && f.capacity > f.need.value()*1.1:
		f.become(false, now)
		return false, true
	case f.thin && now.Sub(f.since) > f.try && f.lag <= calmLag:
		f.try = min(2*f.try, mostTry)
		f.become(false, now)
		return false, true
	}
	return f.thin, false
}

func (f *flow) become(thin bool, now time.Time) { f.thin, f.since = thin, now }

// stuck is for how long nothing has come in of what is on its way.
func (f *flow) stuck(now time.Time) time.Duration {
	if len(f.way) == 0 {
		return 0
	}
	return now.Sub(f.moved)
}

// rate is the mean of a stream's bytes over its recorded time.
type rate struct {
	bytes    float64
	from, to time.Duration
	begun    bool
	mean     float64 // bytes a second
}

// add counts a unit.
func (r *rate) add(at time.Duration, bytes int) {
	if !r.begun || at < r.from || at > r.to+time.Minute {
		*r = rate{from: at, to: at, begun: true, mean: r.mean}
	}
	r.bytes += float64(bytes)
	r.to = max(r.to, at)
	if d := r.to - r.from; d >= 2*time.Second {
		now := r.bytes / d.Seconds()
		if r.mean == 0 {
			r.mean = now
		}
		r.mean += (now - r.mean) / 3
		r.bytes, r.from = 0, r.to
	}
}

func (r *rate) value() float64 { return r.mean }
