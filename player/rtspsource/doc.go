// Package rtspsource reads a camera over RTSP for the player: from a Hindsight its
// whole history and its live end, from any other server what comes now.
//
// A Source is one RTSP session at rtsp://HOST:8554/CAMERA/timeline, whose npt is the
// player's recorded time. A seek is PAUSE and PLAY with a Range. Every packet bears its
// true time in ONVIF's header extension; what RTSP does not tell, positions and the
// reasons of gaps, the recorder's HTTP API does. Where that is away, recorded time
// is counted with the gaps in it, and positions are not known.
package rtspsource
