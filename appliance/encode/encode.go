// Package encode turns what devices give into what is stored: MJPEG and raw
// pictures into H.264, PCM into Opus at 48 kHz on the clock of the pictures.
// H.264 from a camera passes through, checked and split into NAL units.
//
//	Video   one camera's pictures to units; H264Stream is its pass-through half
//	Audio   one microphone's sound to units on Clock.Boot
//	Measure whether this machine can encode a camera at all, and Decide what to do if not
//
// The decoders and the JPEG encoder are for snapshots, for the demo and for
// programs that measure what was recorded.
//
// C libraries stand in single files (openh264.go, turbojpeg.go, libyuv.go,
// opus.go, soxr.go); everything else is plain Go.
package encode
