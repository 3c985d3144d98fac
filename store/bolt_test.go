package store_test

import (
	"testing"
	"time"

	"hindsight/store"
	"hindsight/store/storetest"
)

func TestBoltConforms(t *testing.T) {
	o := store.Options{SegmentSpan: storetest.SegmentBlocks * time.Second, Fold: storetest.Fold}
	dirs := map[store.Store]string{}
	open := func(t *testing.T, dir string) store.Store {
		s, err := store.Open(dir, o)
		if err != nil {
			t.Fatal(err)
		}
		dirs[s] = dir
		t.Cleanup(func() { checkClean(t, dir) })
		return s
	}
	storetest.Run(t, storetest.Backend{
		Open: func(t *testing.T) store.Store { return open(t, t.TempDir()+"/cam") },
		Reopen: func(t *testing.T, s store.Store) store.Store {
			s.(*store.Bolt).Crash() // does nothing after Close
			return open(t, dirs[s])
		},
	})
}

// checkClean fails the test when an invariant of FORMAT.md does not hold in dir.
func checkClean(t *testing.T, dir string) store.Report {
	t.Helper()
	r, err := store.Check(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range r.Broken {
		t.Errorf("check: %v", b)
	}
	return r
}
