package asr

import "fmt"

// Channel is what of a stereo sound is listened to. A mono sound is the same in all.
type Channel string

// The channels.
const (
	Mix   Channel = "mix" // the mean of both; the zero value "" means it too
	Left  Channel = "left"
	Right Channel = "right"
)

// ParseChannel reads one of mix, left and right.
func ParseChannel(s string) (Channel, error) {
	switch c := Channel(s); c {
	case Mix, Left, Right:
		return c, nil
	case "":
		return Mix, nil
	}
	return "", fmt.Errorf("channel %q: use mix, left or right", s)
}

// pick appends the chosen channel of interleaved samples to dst. Of more than
// two channels, left and right are the first two and the mix is that of all.
func (c Channel) pick(dst []float32, samples []int16, channels int) []float32 {
	for ; len(samples) >= channels; samples = samples[channels:] {
		switch {
		case channels == 1 || c == Left:
			dst = append(dst, float32(samples[0]))
		case c == Right:
			dst = append(dst, float32(samples[1]))
		default:
			sum := 0
			for _, v := range samples[:channels] {
				sum += int(v)
			}
			dst = append(dst, float32(sum)/float32(channels))
		}
	}
	return dst
}
