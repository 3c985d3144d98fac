package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"hindsight/media"
)

const (
	segmentsDir = "segments"
	notesDir    = "notes"
	indexName   = "index.db"
	lockName    = "lock"
	dbSuffix    = ".db"
	newSuffix   = ".new"
)

// segmentID names a segment of a camera.
type segmentID struct {
	run media.Run
	seq uint32
}

func (id segmentID) before(o segmentID) bool {
	return id.run < o.run || id.run == o.run && id.seq < o.seq
}

// name is the name of the segment's file.
func (id segmentID) name() string { return fmt.Sprintf("%06d-%06d%s", id.run, id.seq, dbSuffix) }

// path is the segment's file below a camera's directory.
func (id segmentID) path(dir string) string { return filepath.Join(dir, segmentsDir, id.name()) }

// parseSegmentName reads what name writes, and nothing else.
func parseSegmentName(s string) (segmentID, bool) {
	run, seq, _ := strings.Cut(strings.TrimSuffix(s, dbSuffix), "-")
	r, err := strconv.ParseUint(run, 10, 32)
	n, err2 := strconv.ParseUint(seq, 10, 32)
	id := segmentID{media.Run(r), uint32(n)}
	return id, err == nil && err2 == nil && r > 0 && n > 0 && id.name() == s
}

// listDir returns the names in a directory in order; none when it is missing.
func listDir(dir string) ([]string, error) {
	es, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	names := make([]string, 0, len(es))
	for _, e := range es {
		names = append(names, e.Name())
	}
	return names, err
}

// makeDirs makes a camera's directories, each synced into its parent.
func makeDirs(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	for _, d := range []string{dir, filepath.Join(dir, segmentsDir), filepath.Join(dir, notesDir)} {
		err := os.Mkdir(d, 0o755)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err == nil {
			err = syncDir(filepath.Dir(d))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// syncDir makes a directory's names durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}

// diskBytes is what a file takes on the disk: a bbolt file is longer than what was written of it.
func diskBytes(fi fs.FileInfo) int64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return int64(st.Blocks) * 512
	}
	return fi.Size()
}
