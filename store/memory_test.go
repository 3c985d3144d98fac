package store_test

import (
	"errors"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
	"hindsight/store/storetest"
)

func TestMemoryConforms(t *testing.T) {
	storetest.Run(t, storetest.Backend{
		Open: func(*testing.T) store.Store {
			m := store.NewMemory()
			m.SegmentBlocks, m.Fold = storetest.SegmentBlocks, storetest.Fold
			return m
		},
		Reopen: func(_ *testing.T, s store.Store) store.Store { return s.(*store.Memory).Reopen() },
	})
}

func TestMemoryHooks(t *testing.T) {
	m := store.NewMemory()
	run, err := m.BeginRun(media.Anchor{Wall: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("full")
	b := &media.Block{Run: run, At: 1, Anchors: []media.Anchor{{}}}
	m.OnCommit(func(*media.Block) error { return full })
	if _, err := m.Commit(b); !errors.Is(err, full) {
		t.Errorf("commit: %v, want the hook's error", err)
	}
	held := make(chan struct{})
	go func() { held <- struct{}{}; held <- struct{}{} }()
	m.OnCommit(func(*media.Block) error { <-held; <-held; return nil })
	ref, err := m.Commit(b)
	if err != nil {
		t.Fatal(err)
	}
	m.OnRead(func(store.Ref) error { return full })
	if _, _, err := m.Read(ref); !errors.Is(err, full) {
		t.Errorf("read: %v, want the hook's error", err)
	}
	m.Lose(ref)
	if _, err := m.Next(store.Ref{}); !errors.Is(err, store.ErrNoBlock) {
		t.Errorf("after the only block was lost: %v, want ErrNoBlock", err)
	}
}
