package asr

import (
	"slices"
	"time"

	"hindsight/media"
)

// tape holds the pieces whose words are not final yet, to be fed again to
// another recogniser. It also knows the media time of every sample fed, which a
// recogniser counts from its own first.
type tape struct {
	pieces []piece
	fed    int   // of pieces, by the present recogniser
	gone   int64 // samples that the present recogniser heard before pieces[0]
}

func (t *tape) push(p piece) { t.pieces = append(t.pieces, p) }

// rewind begins a new hearing with the oldest piece.
func (t *tape) rewind() { t.fed, t.gone = 0, 0 }

// clear forgets everything: the stretch is done.
func (t *tape) clear() {
	t.pieces = t.pieces[:0]
	t.rewind()
}

// next is the piece to feed.
func (t *tape) next() (piece, bool) {
	if t.fed == len(t.pieces) {
		return piece{}, false
	}
	return t.pieces[t.fed], true
}

// heard is the media time up to which the present recogniser has heard.
func (t *tape) heard() time.Duration {
	if t.fed == 0 {
		return t.pieces[0].at
	}
	return t.pieces[t.fed-1].until()
}

// media is the media time of a recogniser's time.
func (t *tape) media(d time.Duration) time.Duration {
	n := t.gone
	if d < time.Duration(n)*sampleTime { // forgotten; cannot be far
		return t.pieces[0].at + d - time.Duration(n)*sampleTime
	}
	last := max(t.fed-1, 0)
	for _, p := range t.pieces[:last] {
		if end := n + int64(len(p.pcm)); d < time.Duration(end)*sampleTime {
			return p.at + d - time.Duration(n)*sampleTime
		}
		n += int64(len(p.pcm))
	}
	return t.pieces[last].at + d - time.Duration(n)*sampleTime
}

// words gives words their media times.
func (t *tape) words(in []media.Word) []media.Word {
	out := make([]media.Word, len(in))
	for i, w := range in {
		w.Start, w.End = t.media(w.Start), t.media(w.End)
		out[i] = w
	}
	return out
}

// forget drops the fed pieces that end at or before safe.
func (t *tape) forget(safe time.Duration) {
	n := 0
	for n < t.fed && t.pieces[n].until() <= safe {
		t.gone += int64(len(t.pieces[n].pcm))
		n++
	}
	t.fed -= n
	t.pieces = append(t.pieces[:0], t.pieces[n:]...)
}

// length is how much sound is kept.
func (t *tape) length() time.Duration {
	var d time.Duration
	for _, p := range t.pieces {
		d += time.Duration(len(p.pcm)) * sampleTime
	}
	return d
}

// onset is where, after a moment, the sound becomes much louder than the
// quietest tenth of what is kept: somebody may have begun to speak.
func (t *tape) onset(after time.Duration) (time.Duration, bool) {
	peaks := make([]int, t.fed)
	for i, p := range t.pieces[:t.fed] {
		for _, v := range p.pcm {
			peaks[i] = max(peaks[i], int(v), -int(v))
		}
	}
	sorted := slices.Sorted(slices.Values(peaks))
	for i, p := range t.pieces[:t.fed] {
		const hiss = 100
		if p.at >= after && peaks[i] > 4*sorted[len(sorted)/10]+hiss {
			return p.at, true
		}
	}
	return 0, false
}
