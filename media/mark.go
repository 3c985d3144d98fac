package media

import "time"

// MarkKind is what a mark is.
type MarkKind uint8

// The kinds of marks. Their numbers are kept on disk.
const (
	Bookmark MarkKind = 1 // a named moment
	Pin      MarkKind = 2 // a range that retention may not delete
	Session  MarkKind = 3 // a stretch between Record and Stop, or a run with a name
	Stop     MarkKind = 4 // from there on nothing is recorded until somebody wants it
)

// String names the kind for people.
func (k MarkKind) String() string {
	switch k {
	case Bookmark:
		return "bookmark"
	case Pin:
		return "pin"
	case Session:
		return "session"
	case Stop:
		return "stop"
	}
	return "mark"
}

// MarkBy says where a session comes from.
type MarkBy uint8

// What a session may be by; other marks are by nothing.
const (
	ByPerson MarkBy = 1 // somebody pressed Record
	ByRun    MarkBy = 2 // it is a whole run, kept as a mark since it has a name
)

// Mark is what a person noted on the timeline.
type Mark struct {
	ID    uint64 // given by the store over all kinds, never used again in that camera
	Kind  MarkKind
	By    MarkBy // of a session; else 0
	From  Position
	Until Position // of a pin and a session that is over; else the zero Position
	Text  string   // note of a bookmark or pin, name of a session, why of a stop; UTF-8, may be empty
	Who   string   // who made it; may be empty
	// Created and Changed are wall times (UTC) by the clock of then, for people only.
	Created, Changed time.Time
}

// Open reports whether the mark is a session that goes on.
func (m Mark) Open() bool {
	return m.Kind == Session && m.By == ByPerson && m.Until == Position{}
}

// Touches reports whether the mark's range has anything in from <= t < until.
func (m Mark) Touches(from, until Position) bool { return m.From.Before(until) && from.Before(m.Until) }
