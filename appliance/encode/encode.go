// Package encode turns what devices give into what is stored: MJPEG and raw
// pictures into H.264, PCM into Opus at 48 kHz on the clock of the pictures.
// H.264 from a camera passes through, checked and split into NAL units.
//
// C libraries stand in single files (openh264.go, turbojpeg.go, libyuv.go,
// opus.go, soxr.go); everything else is plain Go.
package encode
