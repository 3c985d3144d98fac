// Package asr makes captions from sound: it knows engines that recognise
// speech, keeps the one in use in a child process that may hang, crash, grow or
// be killed without a lost or doubled word, and cuts what was said into captions.
//
// Sound flows one way:
//
//	Sound ─► channel, resampler ─► 100 ms pieces ─► child process ─► words ─► captions ─► Sink
//	                                    │  tape: kept until its words are final, fed again to the next child
//
// An Engine is a library with a model loaded, a Recognizer one hearing of a
// stretch of sound. A further engine is one file with a function of type Opener
// and a line in Engines. Child is the program that the child process runs,
// Process speaks to it and is an Engine itself, and Listener supervises it.
//
// Times of a Recognizer count from its first sample; Listener adds the media
// time of that sample, so an engine that counts in single precision is never
// asked to count for longer than Config.RenewAt.
package asr

import "time"

// The sound that every engine hears: 16 kHz, mono, signed 16 bit.
const (
	Rate       = 16000                  // Hz
	PieceTime  = 100 * time.Millisecond // fed at once; longer ones make an engine find fewer ends of utterances
	PieceLen   = int(Rate * PieceTime / time.Second)
	sampleTime = time.Second / Rate // 62.5 µs, exact
)

// Command is the hidden subcommand under which the program runs Child.
const Command = "recognise"
