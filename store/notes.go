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
	"strings"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"hindsight/media"
)

// The buckets of a notes file. captions, bookmarks, pins and sessions are reserved.
var (
	countersBucket = []byte("counters")
	tracksBucket   = []byte("tracks")
	anchorsBucket  = []byte("anchors")
	runCounter     = []byte("run")
	trackCounter   = []byte("track")
)

// notes are what outlives the segments: counters, tracks, anchors.
type notes struct {
	dir   string
	clock media.Clock
	log   *slog.Logger

	mu      sync.Mutex
	run     media.Run // highest ever given
	track   uint16    // highest ever given
	tracks  map[uint16]media.Track
	anchors map[media.Run]media.Anchors
	pending map[media.Run]media.Anchors // known, but not yet on disk
	damaged []damagedFile
}

// damagedFile is a notes file that cannot be read.
type damagedFile struct {
	name    string
	err     error
	unsound bool // as a bbolt file; else one of its records
}

// errUnsound says that a file breaks invariant I2.
var errUnsound = errors.New("not a sound bbolt file")

// openNotes reads all notes files. One that cannot be read is set aside unless readOnly.
func openNotes(dir string, o Options) (*notes, error) {
	n := &notes{
		dir: dir, clock: o.Clock, log: o.Log,
		tracks: map[uint16]media.Track{}, anchors: map[media.Run]media.Anchors{}, pending: map[media.Run]media.Anchors{},
	}
	names, err := listDir(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if !strings.HasSuffix(name, dbSuffix) {
			continue
		}
		path := filepath.Join(dir, name)
		if fi, err := os.Stat(path); err == nil && fi.Size() == 0 {
			continue // a crash when it was made
		}
		err := n.read(path)
		if err == nil {
			continue
		}
		n.damaged = append(n.damaged, damagedFile{name, err, errors.Is(err, errUnsound)})
		n.log.Error("notes file is damaged; what it holds is taken from the segments as far as they have it", "file", path, "err", err)
		if o.ReadOnly {
			continue
		}
		if err := setAside(path); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// setAside renames a file that cannot be used, so that it stays for whoever wants to look.
func setAside(path string) error {
	for i := 1; ; i++ {
		to := fmt.Sprintf("%s.damaged-%d", path, i)
		if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := os.Rename(path, to); err != nil {
			return err
		}
		return syncDir(filepath.Dir(path))
	}
}

// read takes in one file.
func (n *notes) read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	sound := false
	err = snapshot(f, func(t tree) error {
		if err := t.sound(); err != nil {
			return err
		}
		sound = true
		for _, part := range []struct {
			bucket []byte
			take   func(key, value []byte) error
		}{{countersBucket, n.takeCounter}, {tracksBucket, n.takeTrack}, {anchorsBucket, n.takeAnchor}} {
			if err := t.eachIn(part.bucket, part.take); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && !sound {
		err = fmt.Errorf("%w: %w", errUnsound, err)
	}
	return err
}

// eachIn calls fn for every key and value of a top-level bucket, if there is one.
func (t tree) eachIn(name []byte, fn func(key, value []byte) error) error {
	it, err := t.get(t.top(), name)
	if errors.Is(err, errNoKey) {
		return nil
	}
	if err != nil {
		return err
	}
	b, err := t.asBucket(it)
	if err != nil {
		return err
	}
	return t.each(b, func(it leafItem) error {
		if err := fn(it.key, it.value); err != nil {
			return fmt.Errorf("%s %x: %w", name, it.key, err)
		}
		return nil
	})
}

func (n *notes) takeCounter(key, value []byte) error {
	r, err := openRecord(value, magicCounter)
	if err != nil {
		return err
	}
	v := r.u32()
	switch string(key) {
	case string(runCounter):
		n.run = max(n.run, media.Run(v))
	case string(trackCounter):
		n.track = max(n.track, uint16(v))
	}
	return r.done()
}

func (n *notes) takeTrack(_, value []byte) error {
	r, err := openRecord(value, magicTrack)
	if err != nil {
		return err
	}
	t := r.track()
	n.tracks[t.ID] = t
	n.track = max(n.track, t.ID)
	return r.done()
}

func (n *notes) takeAnchor(_, value []byte) error {
	r, err := openRecord(value, magicAnchor)
	if err != nil {
		return err
	}
	run, a := media.Run(r.u32()), r.anchor()
	n.anchors[run] = addAnchor(n.anchors[run], a)
	n.run = max(n.run, run)
	return r.done()
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
	n.mu.Lock()
	defer n.mu.Unlock()
	run := n.run + 1
	if run == 0 {
		return 0, errors.New("store: all run numbers of this camera are used; record under another camera name")
	}
	n.want(run, first)
	if err := n.write(func(tx *bolt.Tx) error { return putCounter(tx, runCounter, uint32(run)) }); err != nil {
		delete(n.pending, run)
		return 0, err
	}
	n.run = run
	return run, nil
}

// newTrack gives t the next track number, durably.
func (n *notes) newTrack(t media.Track) (media.Track, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.track == ^uint16(0) {
		return t, errors.New("store: all 65,535 track numbers of this camera are used; record under another camera name")
	}
	t.ID = n.track + 1
	t.Config = slices.Clone(t.Config)
	if err := n.write(func(tx *bolt.Tx) error {
		return errors.Join(putCounter(tx, trackCounter, uint32(t.ID)), putTrack(tx, t))
	}); err != nil {
		return t, err
	}
	n.track, n.tracks[t.ID] = t.ID, t
	return t, nil
}

// addAnchors notes anchors of a run durably, with all that are still to be written.
func (n *notes) addAnchors(run media.Run, as media.Anchors) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, a := range as {
		n.want(run, a)
	}
	if len(n.pending) == 0 {
		return nil
	}
	return n.write(func(*bolt.Tx) error { return nil })
}

// restore writes everything known anew if somebody has deleted the files.
func (n *notes) restore() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	names, err := listDir(n.dir)
	if err != nil || slices.ContainsFunc(names, func(s string) bool { return strings.HasSuffix(s, dbSuffix) }) {
		return err
	}
	for run, as := range n.anchors {
		n.pending[run] = slices.Concat(as, n.pending[run])
	}
	return n.write(func(*bolt.Tx) error { return nil })
}

// write makes one durable transaction of fn and the pending anchors in this month's file.
func (n *notes) write(fn func(*bolt.Tx) error) error {
	wall, _ := n.clock.Wall()
	path := filepath.Join(n.dir, wall.UTC().Format("2006-01")+dbSuffix)
	_, err := os.Lstat(path)
	fresh := errors.Is(err, fs.ErrNotExist)
	err = updateFile(path, func(tx *bolt.Tx) error {
		if tx.Bucket(countersBucket) == nil {
			if err := n.carryOver(tx); err != nil {
				return err
			}
		}
		for run, as := range n.pending {
			for _, a := range as {
				if err := putAnchor(tx, run, a); err != nil {
					return err
				}
			}
		}
		return fn(tx)
	})
	if err == nil && fresh {
		err = syncDir(n.dir)
	}
	if err != nil {
		return fmt.Errorf("notes: %w", err)
	}
	for run, as := range n.pending {
		for _, a := range as {
			n.anchors[run] = addAnchor(n.anchors[run], a)
		}
	}
	clear(n.pending)
	return nil
}

// carryOver begins a new file with a copy of counters and tracks.
func (n *notes) carryOver(tx *bolt.Tx) error {
	err := errors.Join(putCounter(tx, runCounter, uint32(n.run)), putCounter(tx, trackCounter, uint32(n.track)))
	for _, t := range n.tracks {
		err = errors.Join(err, putTrack(tx, t))
	}
	return err
}

// updateFile makes one durable transaction in a small bbolt file of which this
// process is the only writer. The free list is kept in the file: without it bbolt
// looks for free pages in a goroutine of its own, where a damaged page ends the process.
func updateFile(path string, fn func(*bolt.Tx) error) error {
	return guarded(func() error {
		db, err := bolt.Open(path, 0o644, &bolt.Options{Timeout: 5 * time.Second, FreelistType: bolt.FreelistMapType, NoStatistics: true})
		if err != nil {
			return err
		}
		err = db.Update(fn)
		return errors.Join(err, db.Close())
	})
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

func putTrack(tx *bolt.Tx, t media.Track) error {
	w := newRecord(magicTrack)
	w.track(t)
	return putIn(tx, tracksBucket, binary.BigEndian.AppendUint16(nil, t.ID), w.end())
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
