package timeline

import (
	"cmp"
	"math"
	"slices"
	"time"

	"hindsight/media"
)

// forever is the end of a gap that is still open.
const forever = time.Duration(math.MaxInt64)

// maxDetail is the most bytes that are kept of a gap's detail.
const maxDetail = 1000

// gapState is a gap of the run being recorded.
type gapState struct {
	media.Gap
	dirty bool // not yet on disk as it is
}

// Lose begins a gap of kind k (0: all) at media time from. Losing what is lost already changes nothing.
func (t *Timeline) Lose(k media.Kind, from time.Duration, why media.Reason, detail string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lose(k, from, why, detail)
}

func (t *Timeline) lose(k media.Kind, from time.Duration, why media.Reason, detail string) {
	if t.o.ReadOnly || t.ended || t.lost(k) != nil {
		return
	}
	from = max(from, 0)
	detail = detail[:min(len(detail), maxDetail)]
	for _, g := range t.gaps { // a gap is named by kind, start and reason
		if g.Kind == k && g.From == from && g.Reason == why {
			from++
		}
	}
	t.gaps = append(t.gaps, &gapState{Gap: media.Gap{Kind: k, From: from, Reason: why, Detail: detail}, dirty: true})
	t.reshape()
}

// Regain ends the open gap of kind k at media time at. Without one it does
// nothing. A unit of the kind that stands a second or more inside an open gap
// ends it too. That of a stop is ended by the first unit after it only.
func (t *Timeline) Regain(k media.Kind, at time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if g := t.lost(k); g != nil && (k != 0 || !t.gate.lasts) {
		t.end(g, at)
	}
}

// lost is the open gap of kind k, or nil.
func (t *Timeline) lost(k media.Kind) *gapState {
	for _, g := range slices.Backward(t.gaps) {
		if g.Kind == k && g.Until == 0 {
			return g
		}
	}
	return nil
}

func (t *Timeline) end(g *gapState, at time.Duration) {
	g.Until = max(at, g.From+1)
	g.dirty = true
	t.reshape()
}

// endGapAt ends the gaps that a unit of kind k at media time at proves to be over.
func (t *Timeline) endGapAt(k media.Kind, at time.Duration) {
	for _, k := range [...]media.Kind{0, k} {
		if g := t.lost(k); g != nil && at >= g.From+time.Second {
			t.end(g, at)
		}
	}
}

// reshape publishes where everything is missing, for the cursors.
func (t *Timeline) reshape() {
	o := outlineOf(t.allGaps(), t.heads.kinds())
	t.shape.Store(&o)
}

// allGaps are the gaps of the run being recorded, by From.
func (t *Timeline) allGaps() []media.Gap {
	gaps := make([]media.Gap, len(t.gaps))
	for i, g := range t.gaps {
		gaps[i] = g.Gap
	}
	slices.SortStableFunc(gaps, func(a, b media.Gap) int { return cmp.Compare(a.From, b.From) })
	return gaps
}
