package store

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"hindsight/media"
)

// captionStarts remembers when the captions of each notes file begin, for as
// long as the file stays as it was: a year of speech is counted without
// reading what was said, and months that are over without reading anything.
type captionStarts struct {
	mu    sync.Mutex // one goroutine reads
	files map[string]fileStarts
}

// fileStarts is what one state of a file says.
type fileStarts struct {
	file fs.FileInfo
	txid uint64
	runs map[media.Run][]time.Duration // rising
}

// CaptionStarts calls fn with when captions begin, as media time of a run.
func (s *Bolt) CaptionStarts(fn func(run media.Run, starts []time.Duration)) error {
	if err := s.readable(); err != nil {
		return err
	}
	if s.notes.hides() {
		return s.notes.countedStarts(fn)
	}
	files, err := s.notes.open()
	if err != nil {
		return err
	}
	defer closeFiles(files)
	var bad faults
	s.starts.mu.Lock()
	defer s.starts.mu.Unlock()
	now := map[string]fileStarts{} // without the months that are gone
	for _, f := range files {
		was, err := s.starts.of(f, &bad)
		if err != nil {
			bad.add(err)
			continue
		}
		now[f.name] = was
		for run, starts := range was.runs {
			fn(run, starts)
		}
	}
	s.starts.files = now
	return bad.err()
}

// of is what a file says now. What is damaged is not remembered, so that it is told again.
func (c *captionStarts) of(f noteFile, bad *faults) (out fileStarts, err error) {
	info, err := f.f.Stat()
	if err != nil {
		return out, err
	}
	var wrong faults
	err = f.read(func(t tree) error {
		wrong = faults{}
		if was, ok := c.files[f.name]; ok && was.txid == t.txid && os.SameFile(was.file, info) {
			out = was
			return nil
		}
		out = fileStarts{info, t.txid, map[media.Run][]time.Duration{}}
		b, err := t.bucketOf(placesBucket)
		if errors.Is(err, errNoKey) {
			return nil
		}
		if err != nil {
			return err
		}
		t.walk(b, span{}, func(it leafItem) bool {
			p, err := parseItem(it)
			if err != nil {
				wrong.add(err)
				return true
			}
			out.runs[p.Run] = append(out.runs[p.Run], p.Time)
			return true
		}, wrong.add)
		return nil
	})
	if wrong.n > 0 {
		out.txid = 0 // no state of a file has this number
	}
	bad.join(wrong)
	for _, starts := range out.runs {
		slices.Sort(starts)
	}
	return out, err
}

// hides reports whether files may have captions that do not count.
func (n *notes) hides() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.voids) > 0 || n.doubt.file != ""
}

// countedStarts reads the captions themselves, of which some do not count.
func (n *notes) countedStarts(fn func(media.Run, []time.Duration)) error {
	runs := map[media.Run][]time.Duration{}
	err := n.each(CaptionQuery{}, func(c media.Caption) bool {
		runs[c.Run] = append(runs[c.Run], c.Start)
		return true
	})
	for _, run := range slices.Sorted(maps.Keys(runs)) {
		fn(run, runs[run])
	}
	return err
}

// CaptionStarts calls fn with when captions begin, as media time of a run.
func (m *Memory) CaptionStarts(fn func(run media.Run, starts []time.Duration)) error {
	cs, err := m.Captions(CaptionQuery{})
	for len(cs) > 0 {
		var starts []time.Duration
		run := cs[0].Run
		for len(cs) > 0 && cs[0].Run == run {
			starts, cs = append(starts, cs[0].Start), cs[1:]
		}
		fn(run, starts)
	}
	return err
}
