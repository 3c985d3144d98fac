package export

import (
	"cmp"
	"slices"
	"time"

	"hindsight/media"
)

const (
	videoScale = 90000 // units a second of pictures, and of the movie as a whole
	// joined is how far the time of sound may lie from the end of the sound
	// before it and still be taken as following on at once. Half a millisecond is
	// below what a recorder's clock filter leaves, and cannot be heard.
	joined = 500 * time.Microsecond
)

// ticks is a time in units of 1/scale s, rounded once.
func ticks(t time.Duration, scale uint32) int64 {
	if t < 0 {
		return -ticks(-t, scale)
	}
	s, ns := int64(t/time.Second), int64(t%time.Second)
	return s*int64(scale) + (ns*int64(scale)+5e8)/1e9
}

// sample is a unit's times in the file, in ticks from the beginning of what is
// shown; negative in the lead-in.
type sample struct {
	dts, pts int64
	length   int64 // sound: ticks that the payload lasts; video: 0
	key      bool
}

// lane makes one track of the file.
type lane struct {
	kind   media.Kind
	role   media.Role
	params params
	table  table

	lead    []sample // video up to the beginning, until it is known which is shown first
	started bool     // lead has been dealt with
	last    sample   // its duration waits for the next one's time
	any     bool
	first   int64 // DTS of the first sample
	shown   int64 // PTS of what is shown first, at least 0
	timed   uint32

	waiting      uint32 // samples of the group that is not a chunk yet
	waitingBytes uint64
}

func (l *lane) scale() uint32 { return l.params.rate }

// add puts a unit with file times dts and pts, lasting d, behind those before it.
func (l *lane) add(p pick, d time.Duration) {
	s := sample{dts: ticks(p.dts, l.scale()), pts: ticks(p.pts, l.scale()), key: p.unit.IsKey()}
	if l.kind == media.Audio {
		s.key, s.length = true, ticks(d, l.scale())
		if next := l.last.dts + l.last.length; l.any && abs(s.pts-next) <= ticks(joined, l.scale()) {
			s.pts = next
		}
		s.dts = s.pts
		l.push(s)
		return
	}
	if !l.started && s.dts <= 0 {
		l.lead = append(l.lead, s)
		return
	}
	l.begin()
	l.push(s)
}

// begin pushes the lead-in. The picture that is on the screen when the file
// begins moves to exactly that instant. What must be decoded before it gets one
// tick each: it is hidden, and GStreamer (1.22) takes as much off the end
// of a track as its edit list hides at the beginning, so that must be next to nothing.
func (l *lane) begin() {
	l.started = true
	hidden := l.hidden()
	n := int64(len(l.lead))
	if n > 0 && l.lead[n-1].pts <= 0 && hidden[int(n-1)] == 0 {
		n-- // the last one is decoded and shown at once
	}
	for i, s := range l.lead {
		s.dts = int64(i) - n
		if s.pts <= 0 {
			s.pts = -hidden[i]
		}
		l.push(s)
	}
	l.lead = nil
}

// hidden tells, for each sample of the lead-in that is not shown after the
// beginning, how many ticks before it it is shown: 0 for the picture that is on the screen
// then, 1 for the one before it, and so on in order of presentation.
func (l *lane) hidden() map[int]int64 {
	var order []int
	for i, s := range l.lead {
		if s.pts <= 0 {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(l.lead[b].pts, l.lead[a].pts) })
	back := map[int]int64{}
	for rank, i := range order {
		back[i] = int64(rank)
	}
	return back
}

func (l *lane) push(s sample) {
	if !l.any {
		l.any, l.first, l.shown = true, s.dts, max(s.pts, 0)
	} else {
		s.dts = max(s.dts, l.last.dts+1)
		l.time(s.dts - l.last.dts)
	}
	l.last = s
}

func (l *lane) time(duration int64) {
	l.timed++
	l.table.timing(duration, l.last.pts-l.last.dts, l.last.key, l.timed)
}

// end gives the last sample its duration. The file ends at `end`.
func (l *lane) end(end time.Duration) {
	if l.kind == media.Video && !l.started {
		l.begin()
	}
	d := ticks(end, l.scale()) - l.last.dts
	if l.kind == media.Audio && l.last.length > 0 {
		d = min(d, l.last.length)
	}
	l.time(max(d, 1))
}

// ends is the file time at which the last sample ends by itself: sound when
// it has been heard, a picture after as long as the one before it lasted.
func (l *lane) ends() time.Duration {
	last, length := l.last, l.last.length
	if l.kind == media.Video {
		if n := len(l.lead); !l.started && n > 0 {
			last = l.lead[n-1]
		}
		length = videoScale / 30
		if n := len(l.table.stts.SampleTimeDelta); n > 0 {
			length = int64(l.table.stts.SampleTimeDelta[n-1])
		}
	}
	return time.Duration((last.dts + length) * int64(time.Second) / int64(l.scale()))
}

func abs(x int64) int64 { return max(x, -x) }
