package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	bolt "go.etcd.io/bbolt"

	"hindsight/media"
)

// deleteBatch is how many captions one transaction deletes of an old month, so
// that nobody who has a number to note waits for long.
const deleteBatch = 1000

// AddCaptions keeps captions and says how far recognition has come.
func (s *Bolt) AddCaptions(cs []media.Caption, heard ...media.HeardSpan) ([]media.Caption, error) {
	added, _, err := s.changeCaptions(nil, cs, heard)
	return added, err
}

// ReplaceCaptions keeps captions in the place of others.
func (s *Bolt) ReplaceCaptions(r CaptionRange, cs []media.Caption, heard ...media.HeardSpan) ([]media.Caption, int, error) {
	return s.changeCaptions(&r, cs, heard)
}

// SetHeard says how far recognition has come.
func (s *Bolt) SetHeard(spans ...media.HeardSpan) error {
	_, _, err := s.changeCaptions(nil, nil, spans)
	return err
}

// changeCaptions does what AddCaptions and ReplaceCaptions do.
func (s *Bolt) changeCaptions(r *CaptionRange, cs []media.Caption, heard []media.HeardSpan) ([]media.Caption, int, error) {
	n := s.notes
	n.caps.Lock()
	defer n.caps.Unlock()
	if err := s.writable(); err != nil {
		return nil, 0, err
	}
	runs, last := n.counted()
	if err := errors.Join(checkCaptions(cs, runs), checkHeard(heard, runs)); err != nil {
		return nil, 0, err
	}
	if last+uint64(len(cs)) > math.MaxUint32 {
		return nil, 0, errors.New("store: all caption numbers of this camera are used; record under another camera name")
	}
	if err := n.settle(); err != nil {
		return nil, 0, fmt.Errorf("store: captions: %w", err)
	}
	c := change{last: last, heard: heard}
	if r != nil {
		c.void = &void{CaptionRange: *r, last: last}
		if err := n.plan(&c); err != nil {
			return nil, 0, fmt.Errorf("store: captions: %w", err)
		}
	}
	for _, x := range cs {
		if !c.taken(x) {
			x.ID = last + uint64(len(c.add)) + 1
			c.add = append(c.add, own(x))
		}
	}
	if len(c.add) == 0 && len(heard) == 0 && c.void == nil {
		return nil, 0, nil
	}
	if err := n.change(&c); err != nil {
		return nil, 0, fmt.Errorf("store: captions: %w", err)
	}
	if first := last + 1; (first+uint64(len(c.add)))/searchBlock > first/searchBlock {
		s.catchUp(filepath.Base(n.path()))
	}
	added := make([]media.Caption, len(c.add))
	for i, x := range c.add {
		added[i] = own(x)
	}
	return added, c.removed, nil
}

// own is c with nothing that the caller may change.
func own(c media.Caption) media.Caption {
	c.Words = slices.Clone(c.Words)
	return c
}

// counted are the highest run and caption ever given.
func (n *notes) counted() (media.Run, uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.run, n.caption
}

// change is a change of captions and hearing.
type change struct {
	last    uint64 // number of the caption before
	add     []media.Caption
	heard   []media.HeardSpan
	void    *void // what is replaced; nil: nothing
	gone    map[string][]place
	stay    []media.Caption // of the range, by hand
	removed int
}

// taken reports whether a caption that stays lies where x would.
func (c *change) taken(x media.Caption) bool {
	return slices.ContainsFunc(c.stay, func(o media.Caption) bool {
		return o.Run == x.Run && o.Track == x.Track && o.Language == x.Language && o.Start < x.End && x.Start < o.End
	})
}

// plan finds what the change replaces.
func (n *notes) plan(c *change) error {
	var err error
	if c.gone, err = n.find(c.void.keys(), c.void.has); err != nil || !c.void.KeepHand {
		return err
	}
	q := CaptionQuery{From: c.void.From, Until: c.void.Until, Language: c.void.Language, Track: c.void.Track}
	err = n.each(q, func(x media.Caption) bool {
		if x.ByHand() {
			c.stay = append(c.stay, x)
		}
		return true
	})
	if errors.Is(err, ErrDamaged) {
		return nil
	}
	return err
}

// keys is the range of keys of r.
func (r CaptionRange) keys() span {
	s := span{from: firstKey(r.From)}
	if r.Until != (media.Position{}) {
		s.until = firstKey(r.Until)
	}
	return s
}

// find returns the places of the captions among keys for which has is true, by file.
func (n *notes) find(keys span, has func(media.Caption) bool) (map[string][]place, error) {
	files, err := n.open()
	if err != nil {
		return nil, err
	}
	defer closeFiles(files)
	found := map[string][]place{}
	for _, f := range files {
		r := captionReader{noteFile: f, keys: keys, faults: &faults{}}
		for c := r.peek(); c != nil; c = r.peek() {
			if x := r.take(); has(x) {
				found[f.name] = append(found[f.name], placeOf(x))
			}
		}
	}
	return found, nil
}

// change writes in the order of FORMAT.md section 5: what is new, and what is
// void from then on, in one transaction; then the old months lose theirs.
func (n *notes) change(c *change) error {
	path := n.path()
	if err := n.trust(path); err != nil {
		return err
	}
	if err := n.forgetDoubt(path); err != nil {
		return err
	}
	name := filepath.Base(path)
	for file, ps := range c.gone {
		c.removed += len(ps)
		if file != name && len(ps) > 0 {
			c.void.file = name
		}
	}
	n.mu.Lock()
	heard := n.heard.with(c.heard)
	chunks := heard.chunksOf(slices.Concat(n.doubt.heard, c.heard), len(n.doubt.heard), n.heard)
	for i := range chunks {
		n.laid++
		chunks[i].revision = n.laid
	}
	gone := slices.Concat(n.doubt.places, c.gone[name])
	n.mu.Unlock()
	if err := n.o.fail(atCaptions); err != nil {
		return err
	}
	n.disk.Lock()
	err := n.update(path, func(tx *bolt.Tx) error { return c.write(tx, gone, chunks) })
	n.disk.Unlock()
	if err == nil {
		err = n.o.fail(atCaptionsKept)
	}
	n.mu.Lock()
	n.caption = c.last + uint64(len(c.add)) // also when it failed: nobody knows what the disk has
	if err != nil {
		n.doubt.add(c, name)
		n.mu.Unlock()
		return err
	}
	n.doubt = doubt{}
	for k, list := range heard {
		n.heard[k] = list
	}
	if c.void != nil && c.void.file != "" {
		n.voids = append(n.voids, *c.void)
	}
	n.mu.Unlock()
	if err := n.settle(); err != nil {
		n.log.Warn("replaced captions stay on the disk until the next change", "err", err)
	}
	return nil
}

// doubt is what failed: it was answered with an error, and may be on the disk
// all the same. Nobody sees it, and the next change takes it back.
type doubt struct {
	file   string
	places []place
	heard  []media.HeardSpan // to be written again as they are without it
}

// add adds a change that failed.
func (d *doubt) add(c *change, file string) {
	d.file = file
	for _, x := range c.add {
		d.places = append(d.places, placeOf(x))
	}
	d.heard = append(d.heard, c.heard...)
}

// has reports whether c is of a change that failed.
func (d doubt) has(c media.Caption) bool { return slices.Contains(d.places, placeOf(c)) }

// forgetDoubt takes back at once what failed in another month's file. The caller holds caps.
func (n *notes) forgetDoubt(path string) error {
	n.mu.Lock()
	d := n.doubt
	n.mu.Unlock()
	if d.file == "" || d.file == filepath.Base(path) {
		return nil
	}
	old := filepath.Join(n.dir, d.file)
	if _, err := os.Lstat(old); err == nil {
		if err := n.delete(old, d.places); err != nil {
			return err
		}
	}
	n.mu.Lock()
	n.doubt = doubt{heard: d.heard}
	n.mu.Unlock()
	return nil
}

// write is the transaction in this month's file.
func (c *change) write(tx *bolt.Tx, gone []place, chunks []chunk) error {
	if err := deleteCaptions(tx, gone); err != nil {
		return err
	}
	if err := putCaptions(tx, c.add); err != nil {
		return err
	}
	for _, h := range chunks {
		if err := putIn(tx, heardBucket, h.key(), h.encode()); err != nil {
			return err
		}
	}
	if c.void != nil && c.void.file != "" {
		if err := putIn(tx, voidBucket, idKey(c.void.last), c.void.encode()); err != nil {
			return err
		}
	}
	return putCounter(tx, captionCounter, uint32(c.last)+uint32(len(c.add)))
}

// settle deletes what is void and then forgets that it was. The caller holds caps.
func (n *notes) settle() error {
	n.mu.Lock()
	voids := slices.Clone(n.voids)
	n.mu.Unlock()
	for _, v := range voids {
		if err := n.settleOne(v); err != nil {
			return err
		}
		n.mu.Lock()
		n.voids = slices.DeleteFunc(n.voids, func(o void) bool { return o == v })
		n.mu.Unlock()
	}
	return nil
}

func (n *notes) settleOne(v void) error {
	if err := n.o.fail(atCaptionsVoid); err != nil {
		return err
	}
	gone, err := n.find(v.keys(), v.has)
	if err != nil {
		return err
	}
	for file, ps := range gone {
		if err := n.delete(filepath.Join(n.dir, file), ps); err != nil {
			return err
		}
	}
	if err := n.o.fail(atCaptionsSettled); err != nil {
		return err
	}
	path := filepath.Join(n.dir, v.file)
	if err := n.trust(path); err != nil {
		return err
	}
	n.disk.Lock()
	defer n.disk.Unlock()
	return n.update(path, func(tx *bolt.Tx) error {
		if b := tx.Bucket(voidBucket); b != nil {
			return b.Delete(idKey(v.last))
		}
		return nil
	})
}

// delete deletes captions of one file, some at a time. The caller holds caps.
func (n *notes) delete(path string, ps []place) error {
	if err := n.trust(path); err != nil {
		return err
	}
	for part := range slices.Chunk(ps, deleteBatch) {
		n.disk.Lock()
		err := n.update(path, func(tx *bolt.Tx) error { return deleteCaptions(tx, part) })
		n.disk.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteCaptions deletes captions and what leads to them.
func deleteCaptions(tx *bolt.Tx, ps []place) error {
	for _, p := range ps {
		for bucket, key := range map[string][]byte{
			string(captionsBucket): p.key(), string(placesBucket): idKey(p.id), string(editedBucket): idKey(p.id),
		} {
			if b := tx.Bucket([]byte(bucket)); b != nil {
				if err := b.Delete(key); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// putCaptions writes new captions.
func putCaptions(tx *bolt.Tx, cs []media.Caption) error {
	if len(cs) == 0 {
		return nil
	}
	captions, err := tx.CreateBucketIfNotExists(captionsBucket)
	if err != nil {
		return err
	}
	places, err := tx.CreateBucketIfNotExists(placesBucket)
	if err != nil {
		return err
	}
	models := map[media.Model]uint16{}
	for _, c := range cs {
		n, ok := models[c.Model]
		if !ok {
			if n, err = modelNumber(tx, c.Model); err != nil {
				return err
			}
			models[c.Model] = n
		}
		p := placeOf(c)
		if err := appendTo(captions, p.key(), encodeCaption(c, n)); err != nil {
			return err
		}
		if err := appendTo(places, idKey(c.ID), p.encode()); err != nil {
			return err
		}
	}
	return nil
}

// modelNumber is the number of a model in this file, a new one if need be.
func modelNumber(tx *bolt.Tx, m media.Model) (uint16, error) {
	b, err := tx.CreateBucketIfNotExists(modelsBucket)
	if err != nil {
		return 0, err
	}
	last := uint16(0)
	cur := b.Cursor()
	for k, v := cur.First(); k != nil; k, v = cur.Next() {
		last = binary.BigEndian.Uint16(k)
		if had, err := decodeModel(v); err != nil || had == m {
			return last, err
		}
	}
	if last == math.MaxUint16 {
		return 0, errors.New("65,535 models made captions this month; the next month takes more")
	}
	return last + 1, b.Put(binary.BigEndian.AppendUint16(nil, last+1), encodeModel(m))
}
