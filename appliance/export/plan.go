package export

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// Options shape an export. The zero value is fine.
type Options struct {
	Camera  string        // stands in the file's title
	Version string        // of the program, stands in the file
	Longest time.Duration // most recorded time in one file; 0: 24 h, which is also the most
	Wait    time.Duration // half the time at the live end for units on their way; 0: 0.75 s
	// Captions are those that the file is to show; nil: none.
	Captions func(q timeline.CaptionQuery) ([]timeline.Caption, error)
}

func (o Options) wait() time.Duration { return cmp.Or(o.Wait, 750*time.Millisecond) }

const longest = 24 * time.Hour

// ErrChanged says that units were deleted or damaged while they were exported.
var ErrChanged = errors.New("export: the recording changed while it was exported (deleted to make room, or damaged); export again")

// Movie is a planned file: everything about it is known, and nothing is written yet.
type Movie struct {
	From, To media.Position // what the file shows; To is the first instant that it does not
	Start    time.Time      // wall time (UTC) of the first instant
	Trusted  bool           // whether Start can be relied on
	Length   time.Duration  // recorded time in the file
	Gaps     int            // gaps that were closed in it
	Refused  int            // units left out since no MP4 file can hold them (a broken JPEG, an unknown codec)
	// Next is where the file that follows must begin when this one ends before
	// the range does, since a codec, a parameter set or the picture size changes there. The
	// zero Position: this is the last one.
	Next media.Position

	tl      Timeline
	o       Options
	within  stretches
	start   start
	lanes   []*lane
	text    []*textLane
	payload uint64 // bytes of lanes

	textBytes uint64 // bytes of text, which stands before it
	size      int64
}

// Plan reads the range once and lays out the file. Its error is a *Nothing if
// nothing is recorded in it.
func Plan(ctx context.Context, tl Timeline, from, to media.Position, o Options) (*Movie, error) {
	o.Wait = o.wait()
	if o.Longest <= 0 || o.Longest > longest {
		o.Longest = longest
	}
	if !from.Before(to) {
		return nil, fmt.Errorf("export: the range ends at %v, not after its beginning at %v", to, from)
	}
	shape := tl.Map()
	first, err := snap(ctx, tl, shape, from, o.Wait)
	if err != nil {
		return nil, err
	}
	end, err := snap(ctx, tl, shape, to, o.Wait)
	if err != nil {
		return nil, err
	}
	if first.Before(end) {
		from, to = first, end
	}
	m, err := plan(ctx, tl, from, to, o)
	if c := (*changed)(nil); errors.As(err, &c) {
		if m, err = plan(ctx, tl, from, c.at, o); err == nil {
			m.Next = c.at
		}
	}
	return m, err
}

func plan(ctx context.Context, tl Timeline, from, to media.Position, o Options) (*Movie, error) {
	shape := tl.Map()
	within, open := cut(shape, from, to)
	if len(within) == 0 {
		return nil, nothing(tl, shape, from)
	}
	if l := within.length(); l > o.Longest+skew {
		return nil, fmt.Errorf("export: %v of recording; one file holds at most %v, ask for less", l.Round(time.Second), o.Longest)
	}
	m := &Movie{tl: tl, o: o, within: within, Gaps: len(within) - 1, From: within[0].start(), To: within[len(within)-1].end()}
	m.Start, m.Trusted = tl.Wall(m.From)
	var err error
	if m.start, err = look(ctx, tl, within, pictureLost(shape, m.From), o.Wait); err != nil {
		return nil, err
	}
	why, err := m.scan(ctx)
	if err != nil {
		return nil, err
	}
	if len(m.lanes) == 0 {
		if why != nil {
			return nil, fmt.Errorf("export: %w", why)
		}
		return nil, nothing(tl, shape, from)
	}
	m.finish(open)
	if err := m.texts(); err != nil {
		return nil, err
	}
	m.size, err = m.measure()
	return m, err
}

// scan is the first pass: times and sizes.
func (m *Movie) scan(ctx context.Context) (why error, err error) {
	p, err := newPicker(m.tl, m.within, m.start, m.o.Wait)
	if err != nil {
		return nil, err
	}
	defer p.close()
	var g grouping
	var pieces [][]byte
	for {
		u, err := p.next(ctx)
		if errors.Is(err, timeline.ErrEnd) {
			break
		}
		if err != nil {
			return nil, err
		}
		if g.starts(u.dts) {
			m.chunks()
		}
		for len(m.lanes) <= u.lane {
			l := p.lanes[len(m.lanes)]
			m.lanes = append(m.lanes, &lane{kind: l.kind, role: l.role, params: l.params})
		}
		l := m.lanes[u.lane]
		pieces = l.payload(pieces[:0], u.unit.Payload)
		n := length(pieces)
		l.table.size(n)
		l.add(u, u.length)
		l.waiting, l.waitingBytes = l.waiting+1, l.waitingBytes+uint64(n)
	}
	m.chunks()
	m.drop()
	m.Refused = p.refused
	return p.why, nil
}

// chunks ends a group: what waits becomes one chunk for each lane.
func (m *Movie) chunks() {
	for _, l := range m.lanes {
		if l.waiting > 0 {
			l.table.chunk(m.payload, l.waiting)
			m.payload += l.waitingBytes
			l.waiting, l.waitingBytes = 0, 0
		}
	}
}

// drop takes away lanes of which nothing came.
func (m *Movie) drop() {
	some := false
	for _, l := range m.lanes {
		some = some || l.table.samples() > 0
	}
	if !some {
		m.lanes = nil
	}
}

// finish sets where the file ends and the durations that depend on it.
func (m *Movie) finish(open bool) {
	m.Length = m.within.length()
	if open {
		var end time.Duration
		for _, l := range m.lanes {
			if l.table.samples() > 0 {
				end = max(end, l.ends())
			}
		}
		if end > 0 && end < m.Length {
			last := &m.within[len(m.within)-1]
			last.until -= m.Length - end
			m.Length, m.To = end, last.end()
		}
	}
	for _, l := range m.lanes {
		if l.table.samples() > 0 {
			l.end(m.Length)
		}
	}
}

// grouping divides the units into groups of half a second, in which each lane's
// units stand together.
type grouping struct {
	any bool
	at  time.Duration
}

// starts reports whether the unit with this file time begins a new group.
func (g *grouping) starts(dts time.Duration) bool {
	const group = 500 * time.Millisecond
	if g.any && dts < g.at+group {
		return false
	}
	g.any, g.at = true, dts
	return true
}
