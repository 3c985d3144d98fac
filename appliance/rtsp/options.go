package rtsp

import (
	"log/slog"
	"time"

	"hindsight/media"
)

// Options make a Server. Address, Clock, Log, Cameras and Names are needed.
type Options struct {
	Address string // host:port to listen on by TCP, as in ":8554"
	// UDPAddress is host:port to send RTP from; the port is even and RTCP uses
	// the next one. Empty: port 8000 beside Address, or a free pair when that is taken.
	UDPAddress string

	Clock media.Clock
	Log   *slog.Logger

	Cameras func(name string) (Timeline, bool) // the timeline of a camera
	Names   func() []string                    // of all cameras, for people to read

	// Captions are those of a camera; nil, or with ok false: it has none.
	Captions func(name string) (c Captions, ok bool)

	MaxConns          int // connections at once; 0: 2000, less where file descriptors are few
	MaxConnsPerHost   int // of them from one address (IPv6: one /64); 0: six tenths
	MaxReaders        int // sessions at once; 0: 500
	MaxReadersPerHost int // of them from one address; 0: six tenths

	// Patience is how long a request waits for a camera that has shown nothing
	// yet; 0: 4 s, which is below the time-outs of all known players.
	Patience time.Duration
}

// What the server keeps to. The numbers are not options: no installation was
// found that is helped by others.
const (
	// A message (request, or RTCP inside the TCP connection) may be this long and
	// take this long to arrive. Requests of real clients are below 2 KiB.
	mostMessage   = 16 << 10
	messagePeriod = 10 * time.Second
	// What a connection may send in the long run: 4 KiB a second is forty times
	// what a player sends in receiver reports.
	inboundRate  = 4 << 10
	inboundBurst = 64 << 10

	// A write queue of 256 packets holds three key frames of 120 kB, and with a
	// socket buffer of 256 KiB a reader that stopped holds at most 0.7 MB.
	writeQueue   = 256
	socketBuffer = 256 << 10
	udpBuffer    = 2 << 20 // shared by all UDP readers; fifty key frames at once

	writeTimeout = 10 * time.Second // a reader that took nothing for so long is closed
	idleTimeout  = 60 * time.Second // a client that said nothing for so long is closed

	reportPeriod = 5 * time.Second // between sender reports
	mostLag      = 3 * time.Second // a live reader further behind than this goes on at the newest key frame

	// UDP has no flow control, and receivers' buffers are small (212,992 bytes by
	// default, some 90 packets): the past second that a live start begins with is
	// sent at this many times real time, and a big frame in portions.
	catchUp      = 4
	headStart    = 100 * time.Millisecond
	portion      = 16
	portionPause = time.Millisecond
	udpDelay     = 20 * time.Millisecond // so that the answer to PLAY arrives before the first packet

	// Seeks a second in the long run and at once, of one session and of all. A
	// person who drags a slider makes about ten a second.
	seekRate, seekBurst       = 10, 20
	seekRateAll, seekBurstAll = 200, 200
	seeksAtOnce               = 4 // cursors being opened

	stalledTimeout = 10 * time.Minute // a reader of history that took nothing for so long is closed
	pausedTimeout  = time.Hour        // a paused client on TCP may be silent for so long

	acceptRate  = 200 // new connections a second in the long run; more wait in the kernel
	acceptBurst = 1500
)

// withDefaults fills in what was left 0. files is how many file descriptors the
// process may open; a quarter of a small number, at least 512 of a large one,
// stays for the recorder.
func (o Options) withDefaults(files int) Options {
	if o.MaxConns == 0 {
		o.MaxConns = min(2000, max(files-512, files/4*3))
	}
	if o.MaxConnsPerHost == 0 {
		o.MaxConnsPerHost = max(1, o.MaxConns*6/10)
	}
	if o.MaxReaders == 0 {
		o.MaxReaders = min(500, o.MaxConns)
	}
	if o.MaxReadersPerHost == 0 {
		o.MaxReadersPerHost = max(1, o.MaxReaders*6/10)
	}
	if o.Patience == 0 {
		o.Patience = 4 * time.Second
	}
	return o
}
