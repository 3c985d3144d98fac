// Package rtsp serves a camera's timeline to any RTSP player (RFC 2326), over
// UDP and over TCP.
//
// The way of a request: listener and guard (who may connect, and how much one
// peer may send) -> gortsplib (the protocol) -> handler (one method per request)
// -> view (what an address shows) -> session (one client's sequence numbers and
// time stamps) -> player (one goroutine that moves units from the session's own
// cursor to its write queue).
//
// Live is nothing but the end of the timeline: every session has a cursor of its
// own, and a session that cannot take more only leaves its cursor behind. Nothing
// a client does, or does not do, reaches the recording side.
//
// History is played by the same player with a replay beside it: aim finds where a
// Range lies, timeline.Axis counts recorded time, timed makes time stamps of it, manner
// says how fast and which pictures. REPLAY.md beside this file says what an
// address, a Range and a Scale become.
package rtsp
