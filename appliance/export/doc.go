// Package export makes MP4 files out of a stretch of a timeline, exact to the
// frame and without re-encoding.
//
// A file shows exactly [from, to), with edges that would cut a picture moved to
// its beginning (see snap): decoding begins at the key frame at or before
// from and at sound 80 ms before it, and an edit list hides both. The picture
// that was on the screen at from is shown from the file's first instant, the
// one that was there at to ends with it.
//
// The file is a progressive MP4 with its index (moov) in front: it plays while
// it is being downloaded, in every player and editor, and its length is known
// before the first byte. That takes two passes over the timeline: the first
// reads times and sizes, the second copies the payload. What stays in memory is
// four bytes a unit and half a second of payload, so hours can be exported
// without a temporary file that would wear out a card. Were a unit deleted
// between the passes, writing ends with ErrChanged rather than with a broken file.
//
// Times. Every unit's time in the file is computed from its media time
// alone, rounded once: 1/90000 s for pictures, one sample for sound, so nothing
// adds up. Sound that follows on within half a millisecond is joined sample by
// sample. Gaps are closed; a chapter at each says the true time (chpl, the form
// that ffmpeg, mpv, VLC and MP4 tools read). Where only sound or only picture is missing
// the other keeps its timing: the last picture stands, or the sound pauses, and
// at the beginning an empty edit stands for it.
//
// Captions are tracks of timed text (tx3g), one a language, which players show when
// asked to. They are in the file as they were when it was planned.
//
// One file has one set of parameters for each track. Where a codec, an H.264
// parameter set or a picture size changes, the file ends, and Movie.Next says
// where the next one begins.
package export
