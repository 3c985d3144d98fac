package export

import (
	"bufio"
	"context"
	"errors"
	"io"

	"hindsight/appliance/timeline"
	"hindsight/media"
)

// MP4 plans and writes the file that begins at from. If it ends before to,
// Movie.Next says where the next one begins.
func MP4(ctx context.Context, tl Timeline, from, to media.Position, w io.Writer, o Options) (*Movie, error) {
	m, err := Plan(ctx, tl, from, to, o)
	if err != nil {
		return nil, err
	}
	return m, m.Write(ctx, w)
}

// payload is what a unit's payload becomes in the file: pieces of it.
func (l *lane) payload(pieces [][]byte, b []byte) [][]byte {
	if l.params.codec == media.H264 {
		return withoutParameterSets(pieces, b)
	}
	return append(pieces, b)
}

func length(pieces [][]byte) (n int) {
	for _, p := range pieces {
		n += len(p)
	}
	return n
}

// Write writes the file: exactly Size bytes, or an error. It may be called again.
func (m *Movie) Write(ctx context.Context, w io.Writer) error {
	out := bufio.NewWriterSize(w, 256<<10)
	if err := m.head(out); err != nil {
		return err
	}
	for _, t := range m.text {
		if _, err := out.Write(t.data); err != nil {
			return err
		}
	}
	if err := m.copy(ctx, out); err != nil {
		return err
	}
	return out.Flush()
}

// copy is the second pass: the payload.
func (m *Movie) copy(ctx context.Context, out io.Writer) error {
	p, err := newPicker(m.tl, m.within, m.start, m.o.Wait)
	if err != nil {
		return err
	}
	defer p.close()
	var g grouping
	c := copying{m: m, out: out, lanes: make([]copied, len(m.lanes))}
	left := 0
	for _, l := range m.lanes {
		left += int(l.table.samples())
	}
	for left > 0 {
		u, err := p.next(ctx)
		if errors.Is(err, timeline.ErrEnd) {
			return ErrChanged
		}
		if err != nil {
			return err
		}
		if u.lane >= len(m.lanes) || c.lanes[u.lane].added == int(m.lanes[u.lane].table.samples()) {
			continue // arrived after the plan was made
		}
		if g.starts(u.dts) {
			if err := c.flush(); err != nil {
				return err
			}
		}
		if err := c.add(u); err != nil {
			return err
		}
		left--
	}
	return c.flush()
}

// copying holds one group until it can be written lane by lane.
type copying struct {
	m     *Movie
	out   io.Writer
	lanes []copied
}

type copied struct {
	added  int
	pieces [][]byte
}

// add takes a unit, which must be the one that the plan has in this place.
func (c *copying) add(u pick) error {
	l, to := c.m.lanes[u.lane], &c.lanes[u.lane]
	had := len(to.pieces)
	to.pieces = l.payload(to.pieces, u.unit.Payload)
	if uint32(length(to.pieces[had:])) != l.table.stsz.SampleSize[to.added] {
		return ErrChanged
	}
	to.added++
	return nil
}

func (c *copying) flush() error {
	for i := range c.lanes {
		l := &c.lanes[i]
		for _, p := range l.pieces {
			if _, err := c.out.Write(p); err != nil {
				return err
			}
		}
		clear(l.pieces)
		l.pieces = l.pieces[:0]
	}
	return nil
}
