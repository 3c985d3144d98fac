package web

import (
	stack "container/list"
	"context"
	"sync"

	"hindsight/media"
)

// previews are places to make previews in, and those that were asked for last.
type previews struct {
	places chan struct{}
	most   int // bytes kept

	mu    sync.Mutex
	bytes int
	order *stack.List // of *madePreview, the one asked for last in front
	made  map[previewKey]*stack.Element
}

// previewKey is what a preview shows. A frame of a position never changes.
type previewKey struct {
	camera string
	at     media.Position
	width  int
}

type madePreview struct {
	key  previewKey
	jpeg []byte
}

func newPreviews(places, most int) *previews {
	return &previews{places: make(chan struct{}, places), most: most, order: stack.New(), made: map[previewKey]*stack.Element{}}
}

// get is the image of what was found: one made before, or made now.
func (p *previews) get(ctx context.Context, camera string, found *Preview, width int) ([]byte, error) {
	k := previewKey{camera, found.At, width}
	if jpeg := p.kept(k); jpeg != nil {
		return jpeg, nil
	}
	jpeg, err := found.JPEG(ctx, width)
	if err != nil {
		return nil, err
	}
	p.keep(k, jpeg)
	return jpeg, nil
}

func (p *previews) kept(k previewKey) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.made[k]
	if !ok {
		return nil
	}
	p.order.MoveToFront(e)
	return e.Value.(*madePreview).jpeg
}

// keep adds one, and drops those not asked for for longest until all fit.
func (p *previews) keep(k previewKey, jpeg []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.made[k]; ok || len(jpeg) > p.most/4 { // somebody else made it meanwhile, or it would drive out too many
		return
	}
	p.made[k] = p.order.PushFront(&madePreview{k, jpeg})
	p.bytes += len(jpeg)
	for p.bytes > p.most {
		e := p.order.Back()
		old := p.order.Remove(e).(*madePreview)
		delete(p.made, old.key)
		p.bytes -= len(old.jpeg)
	}
}
