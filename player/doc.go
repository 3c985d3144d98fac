// Package player is the client engine of the desktop window: it finds a
// recorder, hands the page's requests on to it and saves exports.
//
// It knows the recorder only by its HTTP API, so the desktop program carries
// neither its store nor its devices.
package player
