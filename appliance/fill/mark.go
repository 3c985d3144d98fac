package fill

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"hindsight/appliance/encode"
)

// mark stands in every key frame before its moment: who looks for a moment can
// tell from the picture itself whether it is the right one.
const mark = "hindsight moment" // 16 bytes, as user data in H.264 begins with a UUID

// digits is how many hexadecimal digits a moment has, in nanoseconds.
const digits = 16

// marked puts a mark into a key frame, behind its parameter sets.
func marked(payload []byte) ([]byte, error) {
	nals, err := encode.SplitLengths(payload)
	if err != nil {
		return nil, err
	}
	last := len(nals) - 1 // the encoder makes one slice
	all := append(nals[:last:last], message(fmt.Appendf(nil, "%s%0*x", mark, digits, 0)), nals[last])
	return encode.JoinLengths(all...), nil
}

// stamped is a copy of a marked key frame with its moment.
func stamped(payload []byte, at time.Duration) []byte {
	b := bytes.Clone(payload)
	i := bytes.Index(b, []byte(mark)) + len(mark)
	copy(b[i:i+digits], fmt.Appendf(nil, "%0*x", digits, at.Nanoseconds()))
	return b
}

// Moment finds the moment of a key frame that Write has written in any bytes
// that hold the beginning of it, such as an RTP packet: the recorded time since
// the beginning of the recording. ok is false when they hold none.
func Moment(b []byte) (at time.Duration, ok bool) {
	i := bytes.Index(b, []byte(mark))
	if i < 0 || len(b) < i+len(mark)+digits {
		return 0, false
	}
	n, err := strconv.ParseInt(string(b[i+len(mark):i+len(mark)+digits]), 16, 64)
	return time.Duration(n), err == nil && n >= 0
}
