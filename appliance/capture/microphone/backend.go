package microphone

import "time"

// backend is a sound library, as the child needs it; PortAudio, or a fake.
type backend interface {
	// Inputs are all devices, also those that do not record.
	Inputs() ([]input, error)
	// Takes reports whether a device can be opened so.
	Takes(in input, rate, channels int) bool
	// Open begins to record. Each Read gives block frames.
	Open(in input, rate, channels, block int, latency time.Duration) (stream, error)
}

// input is a device.
type input struct {
	index     int // the backend's own
	name      string
	channels  int // that it can record; 0: none, or it is busy
	rate      int // Hz, its default
	isDefault bool
	latency   time.Duration // the longest that it suggests
}

// stream is an opened device.
type stream interface {
	// Read waits for the next block. The data is valid until the next Read.
	// lost: the driver says that samples are missing before it. It may hang for ever.
	Read() (data []int16, lost bool, err error)
	// Behind is how many frames have come in that were not read yet.
	Behind() int
}
