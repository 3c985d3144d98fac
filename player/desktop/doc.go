// Package desktop is what the desktop program does beside showing a window: it
// connects to a recorder, plays its cameras into the page over a WebSocket on this
// machine, keeps what is to be remembered, and says what the machine lacks.
//
// It knows nothing of the toolkit that draws the window.
package desktop
