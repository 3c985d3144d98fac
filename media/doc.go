// Package media holds the words that every other package speaks: camera,
// track, unit, block, run, position, anchor, gap, and the clock they are
// measured with.
//
// It imports only the standard library and none of ours. Times come in two
// kinds that are never mixed: media time, a time.Duration since the run began
// on CLOCK_BOOTTIME, which is never stepped; and wall time, a time.Time in UTC,
// which is computed from media time by the anchors of the run.
package media
