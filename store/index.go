package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	bolt "go.etcd.io/bbolt"
)

var indexBucket = []byte("segments")

// index is index.db: what the segments say, in short. It is derived and may be missing.
type index struct {
	path string
	mu   sync.Mutex
}

// indexEntry is what the index says of a segment.
type indexEntry struct {
	sum  summary
	size int64 // of the segment's file; another one means another file
}

func (id segmentID) indexKey() []byte {
	var w writer
	w.u32(uint32(id.run))
	w.u32(id.seq)
	return w.b
}

func openIndex(dir string) *index { return &index{path: filepath.Join(dir, indexName)} }

// read returns all entries; an error means that the index is of no use. A missing one is empty.
func (x *index) read() (map[segmentID]indexEntry, error) {
	f, err := os.Open(x.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all map[segmentID]indexEntry
	err = snapshot(f, func(t tree) error {
		all = map[segmentID]indexEntry{}
		if err := t.sound(); err != nil {
			return err
		}
		return t.eachIn(indexBucket, func(key, value []byte) error {
			s, size, err := decodeIndex(value)
			id := segmentID{s.Run, s.Seq}
			if err == nil && string(id.indexKey()) != string(key) {
				err = fmt.Errorf("entry says run %d, segment %d", s.Run, s.Seq)
			}
			all[id] = indexEntry{s, size}
			return err
		})
	})
	return all, err
}

// update puts and drops entries in one durable transaction. An index that cannot
// be written is deleted: the next start builds it anew.
func (x *index) update(put []indexEntry, drop []segmentID) error {
	if len(put) == 0 && len(drop) == 0 {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	err := updateFile(x.path, func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(indexBucket)
		if err != nil {
			return err
		}
		for _, id := range drop {
			if err := b.Delete(id.indexKey()); err != nil {
				return err
			}
		}
		for _, e := range put {
			id := segmentID{e.sum.Run, e.sum.Seq}
			if err := b.Put(id.indexKey(), encodeIndex(e.sum, e.size)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("index: %w", errors.Join(err, x.remove()))
	}
	return nil
}

// remove deletes the index.
func (x *index) remove() error {
	err := os.Remove(x.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
