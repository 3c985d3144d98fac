package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	bolt "go.etcd.io/bbolt"

	"hindsight/media"
)

// The buckets of a notes file; markBuckets are those of marks.
var (
	countersBucket = []byte("counters")
	tracksBucket   = []byte("tracks")
	anchorsBucket  = []byte("anchors")
	captionsBucket = []byte("captions")
	placesBucket   = []byte("places")
	modelsBucket   = []byte("models")
	editedBucket   = []byte("edited")
	heardBucket    = []byte("heard")
	voidBucket     = []byte("void")

	runCounter     = []byte("run")
	trackCounter   = []byte("track")
	captionCounter = []byte("caption")
	markCounter    = []byte("mark")
)

// notes are what outlives the segments: counters, tracks, anchors, and what was spoken.
//
// Of the locks, whoever takes more than one takes them in the order that they stand in. A block's commit takes
// mu and tries disk, and so never waits for a caption.
type notes struct {
	dir   string
	o     Options
	clock media.Clock
	log   *slog.Logger

	removed func(name string) // told when a month's file is removed

	caps    sync.Mutex      // changes captions, hearing or marks
	trusted map[string]bool // files found sound whole, by name
	unsure  []keptMark      // of changes that failed: what the disk has of them is not known
	disk    sync.Mutex      // writes into the directory
	mu      sync.Mutex      // guards what follows; held for moments only
	run     media.Run       // highest ever given
	track   uint16          // highest ever given
	caption uint64          // highest ever given
	mark    uint32          // highest ever given
	marks   map[uint64]keptMark
	deleted []deletion
	late    []deletion // of deleted: not yet on disk, which took nothing
	marked  uint64     // changes of marks so far
	tracks  map[uint16]media.Track
	anchors map[media.Run]media.Anchors
	pending map[media.Run]media.Anchors // known, but not yet on disk
	heard   heardMap
	laid    uint64 // highest revision of a heard record
	voids   []void
	doubt   doubt
	damaged []damagedFile
	none    bool // no file was there
}

// damagedFile is a notes file that cannot be read.
type damagedFile struct {
	name    string
	err     error
	unsound bool // as a bbolt file; else one of its records
}

// errUnsound says that a file breaks invariant I2.
var errUnsound = errors.New("not a sound bbolt file")

// openNotes reads all notes files, but no captions. One that cannot be read is set aside unless o.ReadOnly.
func openNotes(dir string, o Options) (*notes, error) {
	n := &notes{
		dir: dir, o: o, clock: o.Clock, log: o.Log, trusted: map[string]bool{},
		marks: map[uint64]keptMark{}, tracks: map[uint16]media.Track{}, anchors: map[media.Run]media.Anchors{}, pending: map[media.Run]media.Anchors{},
	}
	names, err := n.leftovers()
	if err != nil {
		return nil, err
	}
	n.none = len(names) == 0
	heard := heardChunks{}
	for _, name := range names {
		path := filepath.Join(dir, name)
		if fi, err := os.Stat(path); err == nil && fi.Size() == 0 {
			continue // a crash when it was made
		}
		err := n.read(path, heard)
		if err == nil {
			continue
		}
		n.damaged = append(n.damaged, damagedFile{name, err, errors.Is(err, errUnsound)})
		n.log.Error("notes file is damaged; what can be read of it is kept, the rest is taken from the segments as far as they have it",
			"file", path, "err", err)
		if o.ReadOnly {
			continue
		}
		if err := n.salvage(path); err != nil {
			return nil, err
		}
		if err := n.read(path, heard); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	n.heard = heard.join()
	if len(n.damaged) > 0 {
		n.caption += lostCaptions
		n.mark += lostMarks
	}
	return n, nil
}

// read takes in one file, without its captions.
func (n *notes) read(path string, heard heardChunks) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	sound := false
	file := filepath.Base(path)
	err = snapshot(f, func(t tree) error {
		if err := t.soundBut(captionsBucket, placesBucket); err != nil {
			return err
		}
		sound = true
		n.voids = slices.DeleteFunc(n.voids, func(v void) bool { return v.file == file }) // of a state that was overtaken
		maps.DeleteFunc(n.marks, func(_ uint64, m keptMark) bool { return m.file == file })
		for _, part := range []struct {
			bucket []byte
			take   func(key, value []byte) error
		}{
			{countersBucket, n.takeCounter}, {tracksBucket, n.takeTrack}, {anchorsBucket, n.takeAnchor},
			{deletedBucket, n.takeDeletion}, {heardBucket, n.takeHeard(heard)}, {voidBucket, n.takeVoid(file)},
		} {
			if err := t.eachIn(part.bucket, part.take); err != nil {
				return err
			}
		}
		for _, kind := range markKinds {
			if err := t.eachIn(markBuckets[kind], n.takeMark(kind, file)); err != nil {
				return err
			}
		}
		return n.lastPlace(t)
	})
	if err != nil && !sound {
		err = fmt.Errorf("%w: %w", errUnsound, err)
	}
	return err
}

func (n *notes) takeCounter(key, value []byte) error {
	v, err := decodeCounter(value)
	switch string(key) {
	case string(runCounter):
		n.run = max(n.run, media.Run(v))
	case string(trackCounter):
		n.track = max(n.track, uint16(v))
	case string(captionCounter):
		n.caption = max(n.caption, uint64(v))
	case string(markCounter):
		n.mark = max(n.mark, v)
	}
	return err
}

func (n *notes) takeTrack(_, value []byte) error {
	t, err := decodeTrack(value)
	if err == nil {
		n.tracks[t.ID] = t
		n.track = max(n.track, t.ID)
	}
	return err
}

func (n *notes) takeAnchor(_, value []byte) error {
	run, a, err := decodeAnchor(value)
	if err == nil {
		n.anchors[run] = addAnchor(n.anchors[run], a)
		n.run = max(n.run, run)
	}
	return err
}

func (n *notes) takeHeard(to heardChunks) func(_, value []byte) error {
	return func(_, value []byte) error {
		c, err := decodeChunk(value)
		if err == nil {
			to.add(c)
			n.laid = max(n.laid, c.revision)
		}
		return err
	}
}

func (n *notes) takeVoid(file string) func(_, value []byte) error {
	return func(_, value []byte) error {
		v, err := decodeVoid(value)
		if err == nil {
			v.file = file
			n.voids = append(n.voids, v)
		}
		return err
	}
}

// lastPlace learns the highest number of a caption in a file.
func (n *notes) lastPlace(t tree) error {
	b, err := t.bucketOf(placesBucket)
	if errors.Is(err, errNoKey) {
		return nil
	}
	if err == nil {
		t.walk(b, span{back: true}, func(it leafItem) bool {
			if len(it.key) == 8 {
				n.caption = max(n.caption, binary.BigEndian.Uint64(it.key))
			}
			return false
		}, func(e error) { err = e })
	}
	return err
}

// learn takes over what a segment says and the notes, having been lost, do not.
func (n *notes) learn(s summary) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.run = max(n.run, s.Run)
	for _, t := range s.Tracks {
		n.track = max(n.track, t.ID)
		if _, ok := n.tracks[t.ID]; !ok {
			n.tracks[t.ID] = t.Track
		}
	}
	for _, a := range s.Anchors {
		n.want(s.Run, a)
	}
}

// want puts an anchor among those to be written, unless it is written.
func (n *notes) want(run media.Run, a media.Anchor) {
	if had := n.anchors[run]; len(addAnchor(slices.Clone(had), a)) > len(had) {
		n.pending[run] = addAnchor(n.pending[run], a)
	}
}

// newRun gives the next run number, durably, with its first anchor.
func (n *notes) newRun(first media.Anchor) (media.Run, error) {
	n.disk.Lock()
	defer n.disk.Unlock()
	n.mu.Lock()
	run := n.run + 1
	if run != 0 {
		n.want(run, first)
	}
	n.mu.Unlock()
	if run == 0 {
		return 0, errors.New("store: all run numbers of this camera are used; record under another camera name")
	}
	err := n.write(func(tx *bolt.Tx) error { return putCounter(tx, runCounter, uint32(run)) })
	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil {
		delete(n.pending, run)
		return 0, err
	}
	n.run = run
	return run, nil
}

// newTrack gives t the next track number, durably.
func (n *notes) newTrack(t media.Track) (media.Track, error) {
	n.disk.Lock()
	defer n.disk.Unlock()
	n.mu.Lock()
	last := n.track
	n.mu.Unlock()
	if last == ^uint16(0) {
		return t, errors.New("store: all 65,535 track numbers of this camera are used; record under another camera name")
	}
	t.ID = last + 1
	t.Config = slices.Clone(t.Config)
	if err := n.write(func(tx *bolt.Tx) error {
		return errors.Join(putCounter(tx, trackCounter, uint32(t.ID)), putTrack(tx, t))
	}); err != nil {
		return t, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.track, n.tracks[t.ID] = t.ID, t
	return t, nil
}

// addAnchors notes anchors of a run durably, with all that are still to be
// written. While somebody else writes notes they wait for the next time: a block's commit does not.
func (n *notes) addAnchors(run media.Run, as media.Anchors) error {
	n.mu.Lock()
	for _, a := range as {
		n.want(run, a)
	}
	none := len(n.pending) == 0
	n.mu.Unlock()
	if none || !n.disk.TryLock() {
		return nil
	}
	defer n.disk.Unlock()
	return n.write(func(*bolt.Tx) error { return nil })
}

// restore writes everything known anew if somebody has deleted the files, marks
// too. What was spoken is gone with them.
func (n *notes) restore() error {
	if !n.disk.TryLock() {
		return nil
	}
	defer n.disk.Unlock()
	names, err := n.months()
	if err != nil || len(names) > 0 {
		return err
	}
	n.mu.Lock()
	for run, as := range n.anchors {
		n.pending[run] = slices.Concat(as, n.pending[run])
	}
	file := filepath.Base(n.path())
	for id, m := range n.marks {
		n.marks[id] = keptMark{m.Mark, file}
	}
	n.mu.Unlock()
	return n.write(func(tx *bolt.Tx) error { return errors.Join(n.putMarks(tx), n.putDeletions(tx)) })
}

// path is this month's file.
func (n *notes) path() string {
	wall, _ := n.clock.Wall()
	return filepath.Join(n.dir, wall.UTC().Format("2006-01")+dbSuffix)
}

// write makes one durable transaction of fn and the pending anchors in this
// month's file. The caller holds disk.
func (n *notes) write(fn func(*bolt.Tx) error) error { return n.update(n.path(), fn) }

// update does so in the file of any month.
func (n *notes) update(path string, fn func(*bolt.Tx) error) error {
	n.mu.Lock()
	pending := map[media.Run]media.Anchors{}
	for run, as := range n.pending {
		pending[run] = slices.Clone(as)
	}
	late := slices.Clone(n.late)
	n.mu.Unlock()
	_, err := os.Lstat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	err = updateFile(path, func(tx *bolt.Tx) error {
		if tx.Bucket(countersBucket) == nil {
			if err := n.carryOver(tx); err != nil {
				return err
			}
		}
		if err := errors.Join(putAnchors(tx, pending), putLate(tx, late)); err != nil {
			return err
		}
		return fn(tx)
	})
	if err == nil && fresh {
		err = syncDir(n.dir)
	}
	if err != nil {
		return fmt.Errorf("notes: %w", err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.late = slices.DeleteFunc(n.late, func(d deletion) bool { return slices.Contains(late, d) })
	for run, as := range pending {
		for _, a := range as {
			n.anchors[run] = addAnchor(n.anchors[run], a)
		}
		n.pending[run] = slices.DeleteFunc(n.pending[run], func(a media.Anchor) bool { return slices.Contains(as, a) })
		if len(n.pending[run]) == 0 {
			delete(n.pending, run)
		}
	}
	return nil
}

// carryOver puts counters and tracks into a file: a new one begins with them.
func (n *notes) carryOver(tx *bolt.Tx) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	err := errors.Join(
		putCounter(tx, runCounter, uint32(n.run)),
		putCounter(tx, trackCounter, uint32(n.track)),
		putCounter(tx, captionCounter, uint32(n.caption)),
		putCounter(tx, markCounter, n.mark),
	)
	for _, t := range n.tracks {
		err = errors.Join(err, putTrack(tx, t))
	}
	return err
}

func putAnchors(tx *bolt.Tx, all map[media.Run]media.Anchors) error {
	for run, as := range all {
		for _, a := range as {
			if err := putAnchor(tx, run, a); err != nil {
				return err
			}
		}
	}
	return nil
}

func putIn(tx *bolt.Tx, bucket, key, value []byte) error {
	b, err := tx.CreateBucketIfNotExists(bucket)
	if err != nil {
		return err
	}
	return b.Put(key, value)
}

func putCounter(tx *bolt.Tx, key []byte, v uint32) error {
	w := newRecord(magicCounter)
	w.u32(v)
	return putIn(tx, countersBucket, key, w.end())
}

func decodeCounter(b []byte) (uint32, error) {
	r, err := openRecord(b, magicCounter)
	if err != nil {
		return 0, err
	}
	v := r.u32()
	return v, r.done()
}

func putTrack(tx *bolt.Tx, t media.Track) error {
	w := newRecord(magicTrack)
	w.track(t)
	return putIn(tx, tracksBucket, binary.BigEndian.AppendUint16(nil, t.ID), w.end())
}

func decodeTrack(b []byte) (media.Track, error) {
	r, err := openRecord(b, magicTrack)
	if err != nil {
		return media.Track{}, err
	}
	t := r.track()
	return t, r.done()
}

func putAnchor(tx *bolt.Tx, run media.Run, a media.Anchor) error {
	var k writer
	k.u32(uint32(run))
	k.time(a.Media)
	k.u64(uint64(a.Wall.UnixNano()))
	w := newRecord(magicAnchor)
	w.u32(uint32(run))
	w.anchor(a)
	return putIn(tx, anchorsBucket, k.b, w.end())
}

func decodeAnchor(b []byte) (media.Run, media.Anchor, error) {
	r, err := openRecord(b, magicAnchor)
	if err != nil {
		return 0, media.Anchor{}, err
	}
	run, a := media.Run(r.u32()), r.anchor()
	return run, a, r.done()
}

// all returns every track by ID.
func (n *notes) all() []media.Track {
	n.mu.Lock()
	defer n.mu.Unlock()
	ts := make([]media.Track, 0, len(n.tracks))
	for _, t := range n.tracks {
		ts = append(ts, t)
	}
	slices.SortFunc(ts, func(a, b media.Track) int { return int(a.ID) - int(b.ID) })
	return ts
}

// of returns every anchor of a run.
func (n *notes) of(run media.Run) media.Anchors {
	n.mu.Lock()
	defer n.mu.Unlock()
	as := slices.Clone(n.anchors[run])
	for _, a := range n.pending[run] {
		as = addAnchor(as, a)
	}
	return as
}

// known returns every track; the map is not changed by the caller.
func (n *notes) known() map[uint16]media.Track {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.tracks)
}
