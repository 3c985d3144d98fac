package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"hindsight/media"
	"hindsight/store"
)

// testReaders: 16 readers follow the blocks of a minute from the first to the
// last while they are committed and the oldest segments go.
func testReaders(t *testing.T, b Backend) {
	s := b.Open(t)
	r := begin(t, s)
	r.seconds(0, 1)
	const readers, seconds = 16, 60
	errs := make(chan error, readers)
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() { errs <- follow(s, seconds) })
	}
	for n := 1; n < seconds; n++ {
		r.commit(r.second(n))
		if n%25 == 24 {
			_, err := s.DropOldest()
			must(t, err)
		}
		s.Runs()
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	must(t, s.Close())
}

// follow reads every block until that of the last second, within a minute.
func follow(s store.Store, seconds int) error {
	deadline := time.Now().Add(time.Minute)
	last := -time.Second
	ref := store.Ref{}
	for last < time.Duration(seconds-1)*time.Second {
		if time.Now().After(deadline) {
			return fmt.Errorf("a reader hangs behind %v", ref)
		}
		next, err := s.Next(ref)
		if errors.Is(err, store.ErrNoBlock) {
			continue
		}
		if err != nil {
			return err
		}
		blk, damaged, err := s.Read(next)
		if errors.Is(err, store.ErrGone) {
			ref = next
			continue
		}
		if err != nil || damaged != 0 {
			return fmt.Errorf("block %v: %d damaged, %w", next, damaged, err)
		}
		if err := whole(blk, last); err != nil {
			return fmt.Errorf("block %v: %w", next, err)
		}
		last, ref = blk.Units[0].DTS, next
		if _, err := s.Entry(next); err != nil && !errors.Is(err, store.ErrGone) {
			return err
		}
		if _, err := s.Seek(media.Position{Run: blk.Run, Time: last}); err != nil {
			return err
		}
	}
	return nil
}

// whole checks a block of a second against what was committed.
func whole(b *media.Block, after time.Duration) error {
	if len(b.Units) != 15 {
		return fmt.Errorf("%d units, want 15", len(b.Units))
	}
	if b.Units[0].DTS <= after {
		return fmt.Errorf("begins at %v, which was read before", b.Units[0].DTS)
	}
	for _, u := range b.Units {
		if want := payload(b.Run, u.Track, u.DTS, 40); !bytes.Equal(u.Payload, want) {
			return fmt.Errorf("unit %d@%v holds %q, want %q", u.Track, u.DTS, u.Payload, want)
		}
	}
	return nil
}
