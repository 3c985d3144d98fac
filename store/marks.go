package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"hindsight/media"
)

// ErrNoMark says that there is no mark of that kind and number (any more).
var ErrNoMark = errors.New("store: no such mark")

// InvalidMarkError says which rule a mark breaks.
type InvalidMarkError struct{ Why string }

// Error is one line.
func (e *InvalidMarkError) Error() string { return "store: mark refused: " + e.Why }

// Marks are what people noted, kept beside the blocks in the notes. Any
// goroutine may call any method; what writes is durable when it returns.
type Marks interface {
	// Marks are those of a kind, by From, then by number.
	Marks(kind media.MarkKind) []media.Mark
	// AddMark keeps m and returns it with its number, which is never given again, and
	// its times. One that breaks a rule is refused with an *InvalidMarkError.
	AddMark(m media.Mark) (media.Mark, error)
	// EditMark has change put another From, Until, Text or By into a mark. ErrNoMark when there is none.
	EditMark(kind media.MarkKind, id uint64, change func(*media.Mark)) (media.Mark, error)
	// DeleteMark deletes a mark. ErrNoMark when there is none.
	DeleteMark(kind media.MarkKind, id uint64) error
	// MarksRevision rises with every change of this process: as long as it stands, nothing has changed.
	MarksRevision() uint64
}

// What marks may hold at most.
const (
	maxMarks    = 100_000
	maxMarkText = 4096 // bytes
)

// lostMarks is by how much the numbers of marks jump when a file that may have had the highest one is damaged or lost.
const lostMarks = 1 << 16

// keptMark is a mark and the notes file in which it stands.
type keptMark struct {
	media.Mark
	file string
}

// checkMark names the first rule that m breaks in a camera of so many runs.
func checkMark(m media.Mark, runs media.Run) error {
	none := m.Until == media.Position{}
	switch {
	case m.Kind < media.Bookmark || m.Kind > media.Stop:
		return fmt.Errorf("kind %d is unknown", m.Kind)
	case m.From.Run == 0 || m.From.Run > runs || m.Until.Run > runs:
		return fmt.Errorf("it is of run %d to %d, and the runs are 1 to %d", m.From.Run, m.Until.Run, runs)
	case m.From.Time < 0 || m.Until.Time < 0:
		return fmt.Errorf("it lies before its run: %v to %v", m.From.Time, m.Until.Time)
	case (m.Kind == media.Bookmark || m.Kind == media.Stop) && !none:
		return fmt.Errorf("a %v has no end", m.Kind)
	case m.Kind == media.Pin && !m.From.Before(m.Until):
		return fmt.Errorf("a pin ends after it begins, and this one lasts from %v to %v", m.From, m.Until)
	case (m.Kind == media.Session) != (m.By == media.ByPerson || m.By == media.ByRun) || m.Kind != media.Session && m.By != 0:
		return fmt.Errorf("a %v is not by %d", m.Kind, m.By)
	case m.By == media.ByRun && (m.From.Time != 0 || !none):
		return errors.New("a session that is a run has its beginning and no end")
	case m.By == media.ByPerson && !none && (m.Until.Run != m.From.Run || m.Until.Time < m.From.Time):
		return fmt.Errorf("a session lies in one run, and this one lasts from %v to %v", m.From, m.Until)
	case len(m.Text) > maxMarkText || !utf8.ValidString(m.Text):
		return fmt.Errorf("a text of %d bytes: want UTF-8, at most %d bytes", len(m.Text), maxMarkText)
	case len(m.Who) > 0xff || !utf8.ValidString(m.Who):
		return fmt.Errorf("who has %d bytes: want UTF-8, at most 255 bytes", len(m.Who))
	}
	return nil
}

// admitMark says why m may not be kept beside the marks that there are.
func admitMark(m media.Mark, runs media.Run, all []media.Mark) error {
	err := checkMark(m, runs)
	for _, x := range all {
		switch {
		case x.ID == m.ID:
		case m.Kind == media.Stop && x.Kind == media.Stop:
			err = cmp.Or(err, errors.New("recording is stopped already"))
		case m.Open() && x.Open():
			err = cmp.Or(err, fmt.Errorf("session %d goes on", x.ID))
		case m.By == media.ByRun && x.By == media.ByRun && m.From == x.From:
			err = cmp.Or(err, fmt.Errorf("run %d has a name: it is session %d", m.From.Run, x.ID))
		}
	}
	if err != nil {
		return &InvalidMarkError{err.Error()}
	}
	return nil
}

// edited is m changed, with what may not change as it was.
func editedMark(m media.Mark, change func(*media.Mark), now time.Time) media.Mark {
	was := m
	change(&m)
	m.ID, m.Kind, m.Who, m.Created, m.Changed = was.ID, was.Kind, was.Who, was.Created, now.UTC()
	return m
}

// sortMarks puts marks into the order that Marks gives.
func sortMarks(ms []media.Mark) []media.Mark {
	slices.SortFunc(ms, func(a, b media.Mark) int {
		return cmp.Or(cmp.Compare(a.From.Run, b.From.Run), cmp.Compare(a.From.Time, b.From.Time), cmp.Compare(a.ID, b.ID))
	})
	return ms
}

// markBuckets are the buckets by kind.
var markBuckets = map[media.MarkKind][]byte{
	media.Bookmark: []byte("bookmarks"), media.Pin: []byte("pins"), media.Session: []byte("sessions"), media.Stop: []byte("stops"),
}

// markKinds are all kinds.
var markKinds = []media.MarkKind{media.Bookmark, media.Pin, media.Session, media.Stop}

func encodeMark(m media.Mark) []byte {
	w := newRecord(magicMark)
	w.u64(m.ID)
	w.u8(uint8(m.Kind))
	w.u8(uint8(m.By))
	w.position(m.From)
	w.position(m.Until)
	w.u64(uint64(m.Created.UnixNano()))
	w.u64(uint64(m.Changed.UnixNano()))
	w.str8(m.Who)
	w.str16(m.Text)
	return w.end()
}

func decodeMark(b []byte) (media.Mark, error) {
	r, err := openRecord(b, magicMark)
	if err != nil {
		return media.Mark{}, err
	}
	m := media.Mark{
		ID: r.u64(), Kind: media.MarkKind(r.u8()), By: media.MarkBy(r.u8()), From: r.position(), Until: r.position(),
		Created: time.Unix(0, int64(r.u64())).UTC(), Changed: time.Unix(0, int64(r.u64())).UTC(), Who: r.str8(), Text: r.str16(),
	}
	return m, r.done()
}

// readMark reads the mark that stands in the bucket of a kind at a key.
func readMark(kind media.MarkKind, key, value []byte) (media.Mark, error) {
	m, err := decodeMark(value)
	if err == nil && (m.Kind != kind || string(idKey(m.ID)) != string(key)) {
		err = fmt.Errorf("%v %d stands in the place of another, among the %ss at %x", m.Kind, m.ID, kind, key)
	}
	return m, err
}

func (w *writer) position(p media.Position) {
	w.u32(uint32(p.Run))
	w.time(p.Time)
}

func (r *reader) position() media.Position {
	return media.Position{Run: media.Run(r.u32()), Time: r.time()}
}
