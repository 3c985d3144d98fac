// Package player is the client engine: it turns a source, which is a camera's
// timeline in process or over RTSP, into what a screen needs over one WebSocket: fMP4, JPEGs
// and JSON. PLAYER.md beside this file is the contract with the page.
//
// The way of a unit: Source (somebody's Reader) -> show (one seek: what is sent
// next, and when) -> cutter (pictures and sound become fragments, holes are filled) -> link
// (the connection, and what is known of it).
//
// For the desktop window it also finds a recorder, hands the page's requests on to
// it and saves exports. It knows the recorder only by its HTTP API, so the desktop
// program carries neither its store nor its devices.
package player
