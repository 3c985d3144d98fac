package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"hindsight/media"
)

// AddCaptions keeps captions and says how far recognition has come.
func (m *Memory) AddCaptions(cs []media.Caption, heard ...media.HeardSpan) ([]media.Caption, error) {
	added, _, err := m.changeCaptions(nil, cs, heard)
	return added, err
}

// ReplaceCaptions keeps captions in the place of others.
func (m *Memory) ReplaceCaptions(r CaptionRange, cs []media.Caption, heard ...media.HeardSpan) ([]media.Caption, int, error) {
	return m.changeCaptions(&r, cs, heard)
}

// SetHeard says how far recognition has come.
func (m *Memory) SetHeard(spans ...media.HeardSpan) error {
	_, _, err := m.changeCaptions(nil, nil, spans)
	return err
}

// noting calls the hook and locks, if anything can be written.
func (m *Memory) noting() (unlock func(), err error) {
	m.mu.RLock()
	hook := m.onNote
	m.mu.RUnlock()
	if hook != nil {
		if err := hook(); err != nil {
			return nil, err
		}
	}
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil, errMemoryClosed
	}
	return m.mu.Unlock, nil
}

func (m *Memory) changeCaptions(r *CaptionRange, cs []media.Caption, heard []media.HeardSpan) (added []media.Caption, removed int, err error) {
	unlock, err := m.noting()
	if err != nil {
		return nil, 0, err
	}
	defer unlock()
	d := m.disk
	if err := errors.Join(checkCaptions(cs, d.lastRun), checkHeard(heard, d.lastRun)); err != nil {
		return nil, 0, err
	}
	var c change
	if r != nil {
		all := *r
		all.KeepHand, all.Model = false, ""
		for _, x := range d.captions {
			if r.KeepHand && all.has(x) && x.ByHand() {
				c.stay = append(c.stay, x)
			}
		}
		before := len(d.captions)
		d.captions = slices.DeleteFunc(d.captions, r.has)
		removed = before - len(d.captions)
	}
	for _, x := range cs {
		if c.taken(x) {
			continue
		}
		d.lastCaption++
		x.ID = d.lastCaption
		d.captions = append(d.captions, own(x))
		added = append(added, own(x))
	}
	for k, list := range d.heard.with(heard) {
		d.heard[k] = list
	}
	return added, removed, nil
}

// EditCaption changes what a caption shows.
func (m *Memory) EditCaption(id uint64, text, who string) (media.Caption, error) {
	unlock, err := m.noting()
	if err != nil {
		return media.Caption{}, err
	}
	defer unlock()
	i, ok := slices.BinarySearchFunc(m.disk.captions, id, func(c media.Caption, id uint64) int { return cmp.Compare(c.ID, id) })
	if !ok {
		return media.Caption{}, fmt.Errorf("caption %d: %w", id, ErrNoCaption)
	}
	c, err := edited(m.disk.captions[i], text, who)
	if err != nil {
		return media.Caption{}, err
	}
	m.disk.captions[i] = c
	return own(c), nil
}

// DeleteCaptions deletes captions.
func (m *Memory) DeleteCaptions(r CaptionRange) (int, error) {
	unlock, err := m.noting()
	if err != nil {
		return 0, err
	}
	defer unlock()
	before := len(m.disk.captions)
	m.disk.captions = slices.DeleteFunc(m.disk.captions, r.has)
	return before - len(m.disk.captions), nil
}

// Captions returns the captions that q asks for.
func (m *Memory) Captions(q CaptionQuery) (cs []media.Caption, err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return nil, errMemoryClosed
	}
	for _, c := range m.disk.captions {
		if q.wants(c) {
			cs = append(cs, own(c))
		}
	}
	slices.SortFunc(cs, func(a, b media.Caption) int { return q.order(MarkOf(a), MarkOf(b)) })
	if q.full(len(cs)) {
		cs = cs[:q.Limit]
	}
	return cs, nil
}

// CaptionsSince returns the captions numbered above id by number.
func (m *Memory) CaptionsSince(id uint64, limit int) (cs []media.Caption, err error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return nil, errMemoryClosed
	}
	if limit <= 0 {
		limit = sinceLimit
	}
	for _, c := range m.disk.captions {
		if c.ID > id && len(cs) < limit {
			cs = append(cs, own(c))
		}
	}
	return cs, nil
}

// LastCaption is the highest number ever given.
func (m *Memory) LastCaption() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.disk.lastCaption
}

// SearchCaptions finds text.
func (m *Memory) SearchCaptions(s CaptionSearch) (out []Hit, err error) {
	f := newFolder(m.Fold)
	terms, err := parseTerms(f, s.Text)
	if err != nil {
		return nil, err
	}
	q := s.CaptionQuery
	q.Limit = 0
	cs, err := m.Captions(q)
	for _, c := range cs {
		if h, ok := match(f, c, terms); ok && !s.full(len(out)) {
			out = append(out, h)
		}
	}
	return out, err
}

// Heard returns what was said of hearing.
func (m *Memory) Heard(q HeardQuery) []media.HeardSpan {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.disk.heard.find(q)
}

// Anchors are the anchors of a run, also of one of which only captions are kept.
func (m *Memory) Anchors(run media.Run) media.Anchors {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, r := range m.disk.runs {
		if r.run == run {
			return slices.Clone(r.anchors)
		}
	}
	return nil
}

// expire deletes captions and hearing wholly before the oldest block kept.
func (m *Memory) expire() {
	d := m.disk
	p := media.Position{Run: d.lastRun + 1}
	if m.run != nil {
		p.Run = m.run.run
	}
	if len(d.blocks) > 0 {
		p = media.Position{Run: d.blocks[0].entry.Ref.Run, Time: max(d.blocks[0].floor, 0)}
	}
	if m.KeepCaptions < 0 {
		return
	}
	if m.KeepCaptions > 0 {
		now := time.Now
		if m.Now != nil {
			now = m.Now
		}
		all := map[media.Run]media.Anchors{}
		for _, r := range d.runs {
			all[r.run] = r.anchors
		}
		p = agedBefore(all, p, now().Add(-m.KeepCaptions))
	}
	d.captions = slices.DeleteFunc(d.captions, func(c media.Caption) bool { return wholly(c, p) })
	d.heard.forget(p)
}
