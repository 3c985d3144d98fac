package media

import "time"

// Reason says why there is no recording in a gap. The list is open: a reader
// shows an unknown reason as it stands.
type Reason string

// The reasons known today.
const (
	Off            Reason = "off"             // the program was stopped
	Paused         Reason = "paused"          // somebody paused the recording
	Privacy        Reason = "privacy"         // somebody asked not to be recorded
	CameraLost     Reason = "camera lost"     // the picture's device or address went away
	MicrophoneLost Reason = "microphone lost" // the sound's device went away
	Frozen         Reason = "frozen"          // the camera was there but gave no new picture
	Suspended      Reason = "suspended"       // the machine slept
	Crash          Reason = "crash"           // the run ended without saying so: killed, or the power was cut
	Deleted        Reason = "deleted"         // a person deleted the range
	DiskFull       Reason = "disk full"       // the disk took no more
	DiskError      Reason = "disk error"      // the disk refused a write
	Damaged        Reason = "damaged"         // written, but no longer readable
)

// Gap is a stretch of a run without units of one kind, and why. Gaps between
// runs are not stored: they follow from the runs and how each ended.
//
// A gap is stored when it begins (Until 0) and again, with the same From, Kind
// and Reason, when it ends.
type Gap struct {
	Kind   Kind          // the kind of track that is missing; 0: all
	From   time.Duration // media time of the first missing instant
	Until  time.Duration // media time of the first instant that is there again; 0: still open
	Reason Reason
	Detail string // one line for a person: the error text, who paused; may be empty
}
