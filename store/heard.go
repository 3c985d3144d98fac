package store

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"hindsight/media"
)

// heardChunk is the media time of which one record tells what was heard: a
// span that grows rewrites an hour, not all that was ever said of its run.
const heardChunk = time.Hour

// heardStates are the states by their number on disk; 0 is none.
var heardStates = [...]media.Heard{"", media.HeardDone, media.HeardPending, media.HeardOff}

// heardCode is a state's number on disk; 0: there is no such state.
func heardCode(s media.Heard) uint8 { return uint8(max(slices.Index(heardStates[:], s), 0)) }

// heardOf is whose hearing a list of spans tells.
type heardOf struct {
	run      media.Run
	track    uint16
	language string
}

func (k heardOf) compare(o heardOf) int {
	return cmp.Or(cmp.Compare(k.run, o.run), cmp.Compare(k.track, o.track), cmp.Compare(k.language, o.language))
}

// stretch is a span of a list: by from, without overlap.
type stretch struct {
	from, until time.Duration
	state       media.Heard
	why         string
}

// heardMap is all that is known of hearing. Its user locks.
type heardMap map[heardOf][]stretch

// lay lays s over a list and joins it with equal neighbours. The list is not changed.
func lay(list []stretch, s stretch) []stretch {
	out := make([]stretch, 0, len(list)+2)
	put := func(x stretch) {
		if x.until <= x.from {
			return
		}
		if n := len(out); n > 0 {
			if b := &out[n-1]; b.until == x.from && b.state == x.state && b.why == x.why {
				b.until = x.until
				return
			}
		}
		out = append(out, x)
	}
	laid := false
	for _, x := range list {
		before, behind := x, x
		before.until = min(x.until, s.from)
		behind.from = max(x.from, s.until)
		put(before)
		if !laid && x.until > s.from {
			put(s)
			laid = true
		}
		put(behind)
	}
	if !laid {
		put(s)
	}
	return out
}

// with is m's lists that spans change, as they are afterwards.
func (m heardMap) with(spans []media.HeardSpan) heardMap {
	out := heardMap{}
	for _, s := range spans {
		k := heardOf{s.Run, s.Track, s.Language}
		list, ok := out[k]
		if !ok {
			list = m[k]
		}
		out[k] = lay(list, stretch{s.From, s.Until, s.State, s.Why})
	}
	return out
}

// find answers a query.
func (m heardMap) find(q HeardQuery) (out []media.HeardSpan) {
	for _, k := range slices.SortedFunc(maps.Keys(m), heardOf.compare) {
		for _, x := range m[k] {
			s := media.HeardSpan{
				Run: k.run, From: x.from, Until: x.until, Track: k.track, Language: k.language, State: x.state, Why: x.why,
			}
			if q.wants(s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// forget drops the hours that lie wholly before p.
func (m heardMap) forget(p media.Position) {
	for k, list := range m {
		switch edge := p.Time - p.Time%heardChunk; {
		case k.run < p.Run:
			delete(m, k)
		case k.run == p.Run && edge > 0:
			list = slices.DeleteFunc(slices.Clone(list), func(x stretch) bool { return x.until <= edge })
			if len(list) > 0 {
				list[0].from = max(list[0].from, edge)
			}
			m[k] = list
		}
	}
}

// chunk is one hour of one list: what a record says.
type chunk struct {
	heardOf
	hour     uint32
	revision uint64 // of two records of one hour the higher one counts
	list     []stretch
}

// begin is when the chunk begins.
func (c chunk) begin() time.Duration { return time.Duration(c.hour) * heardChunk }

// cutHour is what a list says of an hour.
func cutHour(list []stretch, hour uint32) (out []stretch) {
	from := time.Duration(hour) * heardChunk
	until := from + heardChunk
	for _, x := range list {
		x.from, x.until = max(x.from, from), min(x.until, until)
		if x.from < x.until {
			out = append(out, x)
		}
	}
	return out
}

// chunksOf are the hours that spans touch, cut out of the lists that hold them:
// m's, or else those of before. Of all but the first few spans only hours that are not as before.
func (m heardMap) chunksOf(spans []media.HeardSpan, first int, before heardMap) (out []chunk) {
	type at struct {
		heardOf
		hour uint32
	}
	seen := map[at]bool{}
	for n, s := range spans {
		k := heardOf{s.Run, s.Track, s.Language}
		all, ok := m[k]
		if !ok {
			all = before[k]
		}
		for h := uint32(s.From / heardChunk); h <= uint32((s.Until-1)/heardChunk); h++ {
			list := cutHour(all, h)
			if seen[at{k, h}] || n >= first && slices.Equal(list, cutHour(before[k], h)) {
				continue
			}
			seen[at{k, h}] = true
			out = append(out, chunk{heardOf: k, hour: h, list: list})
		}
	}
	return out
}

// heardChunks are the hours that count, as they are read.
type heardChunks map[string]chunk

// add takes in a record: of two of one hour the later one counts.
func (m heardChunks) add(c chunk) {
	k := string(c.key())
	if had, ok := m[k]; !ok || c.revision > had.revision {
		m[k] = c
	}
}

// join puts the hours together to lists.
func (m heardChunks) join() heardMap {
	cs := slices.SortedFunc(maps.Values(m), func(a, b chunk) int {
		return cmp.Or(a.heardOf.compare(b.heardOf), cmp.Compare(a.hour, b.hour))
	})
	out := heardMap{}
	for _, c := range cs {
		list := out[c.heardOf]
		for _, x := range c.list {
			if n := len(list); n > 0 && list[n-1].until == x.from && list[n-1].state == x.state && list[n-1].why == x.why {
				list[n-1].until = x.until
				continue
			}
			list = append(list, x)
		}
		if len(list) > 0 {
			out[c.heardOf] = list
		}
	}
	return out
}
