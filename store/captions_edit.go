package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	bolt "go.etcd.io/bbolt"

	"hindsight/media"
)

// EditCaption changes what a caption shows.
func (s *Bolt) EditCaption(id uint64, text, who string) (media.Caption, error) {
	n := s.notes
	n.caps.Lock()
	defer n.caps.Unlock()
	if err := s.writable(); err != nil {
		return media.Caption{}, err
	}
	c, file, err := n.lookUp(id)
	if err != nil {
		return media.Caption{}, err
	}
	if c, err = edited(c, text, who); err != nil {
		return media.Caption{}, err
	}
	path := filepath.Join(n.dir, file)
	if err := errors.Join(n.trust(path), n.o.fail(atCaptions)); err != nil {
		return media.Caption{}, err
	}
	n.disk.Lock()
	defer n.disk.Unlock()
	if _, err := os.Lstat(path); err != nil {
		return media.Caption{}, fmt.Errorf("store: caption %d: %w", id, err)
	}
	err = n.update(path, func(tx *bolt.Tx) error {
		model, err := modelNumber(tx, c.Model)
		if err != nil {
			return err
		}
		p := placeOf(c)
		return errors.Join(putIn(tx, captionsBucket, p.key(), encodeCaption(c, model)), putIn(tx, editedBucket, idKey(id), p.encode()))
	})
	if err != nil {
		return media.Caption{}, fmt.Errorf("store: caption %d: %w", id, err)
	}
	return c, nil
}

// edited is c with another text.
func edited(c media.Caption, text, who string) (media.Caption, error) {
	if who == "" || len(who) > 0xff {
		return c, errors.New("store: caption not changed: say who changes it, in 1 to 255 bytes")
	}
	if err := checkText(text); err != nil {
		return c, fmt.Errorf("store: caption not changed: %w", err)
	}
	if c.Original == "" {
		c.Original = c.Text
	}
	c.Text, c.Editor = text, who
	if text == c.Original {
		c.Original, c.Editor = "", ""
	}
	return c, nil
}

// lookUp finds a caption and its file by its number.
func (n *notes) lookUp(id uint64) (c media.Caption, file string, err error) {
	files, err := n.open()
	if err != nil {
		return c, "", err
	}
	defer closeFiles(files)
	hidden := n.hidden()
	for _, f := range slices.Backward(files) {
		err := f.read(func(t tree) error {
			p, err := t.placed(id)
			if err == nil {
				c, err = t.captionAt(p)
			}
			return err
		})
		switch {
		case errors.Is(err, errNoKey):
		case err != nil:
			return c, "", fmt.Errorf("store: caption %d: %w: %w", id, ErrDamaged, err)
		case c.ID == id && !hidden(c):
			return c, f.name, nil
		}
	}
	return c, "", fmt.Errorf("caption %d: %w", id, ErrNoCaption)
}

// DeleteCaptions deletes captions.
func (s *Bolt) DeleteCaptions(r CaptionRange) (int, error) {
	n := s.notes
	n.caps.Lock()
	defer n.caps.Unlock()
	if err := s.writable(); err != nil {
		return 0, err
	}
	if err := n.settle(); err != nil {
		return 0, fmt.Errorf("store: captions: %w", err)
	}
	gone, err := n.find(r.keys(), r.has)
	if err != nil {
		return 0, fmt.Errorf("store: captions: %w", err)
	}
	count := 0
	for file, ps := range gone {
		if err := n.delete(filepath.Join(n.dir, file), ps); err != nil {
			return count, fmt.Errorf("store: captions: %w", err)
		}
		count += len(ps)
	}
	return count, nil
}
