package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hindsight/media"
)

// Report is what Check found.
type Report struct {
	Dir      string   `json:"dir"`
	Segments int      `json:"segments"`
	Blocks   int      `json:"blocks"`
	Units    int64    `json:"units"`
	Bytes    int64    `json:"bytes"` // of payloads
	Captions int      `json:"captions"`
	Marks    int      `json:"marks"` // bookmarks, pins, sessions, stops
	Broken   []Broken `json:"broken"`
}

// Clean reports whether every invariant holds.
func (r Report) Clean() bool { return len(r.Broken) == 0 }

// Broken is one place where an invariant does not hold.
type Broken struct {
	Invariant int    `json:"invariant"`       // its number in FORMAT.md section 7
	File      string `json:"file"`            // below the camera's directory
	Block     uint32 `json:"block,omitempty"` // 0: the file as a whole
	What      string `json:"what"`
}

// String is one line for a person.
func (b Broken) String() string {
	if b.Block == 0 {
		return fmt.Sprintf("I%d %s: %s", b.Invariant, b.File, b.What)
	}
	return fmt.Sprintf("I%d %s block %d: %s", b.Invariant, b.File, b.Block, b.What)
}

// maxBroken is how many broken places a report lists.
const maxBroken = 1000

// checker is a check that is going on.
type checker struct {
	dir    string
	report *Report
	file   string // what is being checked, for the report
	block  uint32

	runs   map[media.Run]*checkedRun
	order  []*checkedSegment
	tracks map[uint16]media.Track // what each track was said to be first

	deleted []deletion
}

func (c *checker) broken(invariant int, format string, args ...any) {
	if len(c.report.Broken) < maxBroken {
		c.report.Broken = append(c.report.Broken, Broken{invariant, c.file, c.block, fmt.Sprintf(format, args...)})
	}
}

// Check tests every invariant and checksum of the camera's directory dir. It
// writes nothing and may run beside a process that records there: it checks what
// was there when it began. The error says that it could not check, not what it found.
func Check(dir string) (Report, error) {
	r := Report{Dir: dir, Broken: []Broken{}}
	c := &checker{dir: dir, report: &r, runs: map[media.Run]*checkedRun{}, tracks: map[uint16]media.Track{}}
	if _, err := os.Stat(dir); err != nil {
		return r, fmt.Errorf("store: check: %w", err)
	}
	c.deletions()
	names, err := listDir(filepath.Join(dir, segmentsDir))
	if err != nil {
		return r, fmt.Errorf("store: check: %w", err)
	}
	for _, name := range names {
		c.file, c.block = filepath.Join(segmentsDir, name), 0
		id, ok := parseSegmentName(name)
		if !ok {
			if strings.HasSuffix(name, dbSuffix) {
				c.broken(1, "not a name of a segment; move it elsewhere")
			}
			continue
		}
		if err := c.segment(id); err != nil && !errors.Is(err, fs.ErrNotExist) { // retention beside us
			return r, fmt.Errorf("store: check: %w", err)
		}
	}
	c.block = 0
	c.sequence()
	c.checkNotes()
	c.checkIndex()
	return r, nil
}

// sequence checks that the segments of each run follow one another.
func (c *checker) sequence() {
	for i, s := range c.order {
		c.file = filepath.Join(segmentsDir, s.id.name())
		var before *checkedSegment
		if i > 0 {
			before = c.order[i-1]
		}
		switch {
		case before == nil:
		case before.id.run != s.id.run && s.id.seq != 1 && !c.told(segmentID{s.id.run, 1}, s.id):
			c.broken(13, "the run begins with segment %d, though an older run is kept", s.id.seq)
		case before.id.run == s.id.run && before.id.seq+1 != s.id.seq && !c.told(segmentID{s.id.run, before.id.seq + 1}, s.id):
			c.broken(13, "follows segment %d", before.id.seq)
		case before.id.run == s.id.run && before.id.seq+1 == s.id.seq && s.readable && before.readable && s.head.Before > before.blocks:
			c.broken(14, "%d blocks of the segment before count, and it has %d", s.head.Before, before.blocks)
		}
		if s.readable && s.id.seq == 1 && s.head.Before != 0 {
			c.broken(13, "the first segment of a run says that %d blocks of one before count", s.head.Before)
		}
	}
}

// checkNotes checks the notes files and what they should say of the segments.
func (c *checker) checkNotes() {
	c.file = notesDir
	n, err := openNotes(filepath.Join(c.dir, notesDir), Options{ReadOnly: true}.defaults())
	if err != nil {
		c.broken(4, "%v", err)
		return
	}
	for _, bad := range n.damaged {
		c.file = filepath.Join(notesDir, bad.name)
		if !bad.unsound { // else the check of the month says so
			c.broken(4, "%v", bad.err)
		}
	}
	c.checkMonths(n)
	c.file = notesDir
	for id, t := range n.tracks {
		if had, ok := c.tracks[id]; ok && !had.Same(t) {
			c.broken(16, "track %d is another stream than in the blocks", id)
		}
	}
	for id := range c.tracks {
		if id > n.track {
			c.broken(16, "track %d is above the counter, %d", id, n.track)
		}
	}
	for run, r := range c.runs {
		if run > n.run {
			c.broken(16, "run %d is above the counter, %d", run, n.run)
		}
		for _, a := range r.anchors {
			if had := n.anchors[run]; len(addAnchor(had[:len(had):len(had)], a)) > len(had) {
				c.broken(18, "an anchor of run %d at %v is missing", run, a.Media)
			}
		}
	}
}

// checkIndex compares the index with the segments that nobody writes.
func (c *checker) checkIndex() {
	c.file = indexName
	known, err := openIndex(c.dir).read()
	if err != nil {
		c.broken(19, "%v; delete it, the next start builds it anew", err)
		return
	}
	for _, s := range c.order {
		e, ok := known[s.id]
		if !ok || !s.readable || e.size != s.size || s.moving(c.dir) {
			continue
		}
		if string(encodeIndex(e.sum, 0)) != string(encodeIndex(s.sum, 0)) {
			c.broken(19, "the entry of segment %s is not the sum of its blocks", s.id.name())
		}
	}
}
