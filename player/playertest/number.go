package playertest

import (
	"errors"
	"io"
)

// sequence is from, from+1, ..., until-1.
func sequence(from, until int) []int {
	s := make([]int, 0, until-from)
	for n := from; n < until; n++ {
		s = append(s, n)
	}
	return s
}

func isEnd(err error) bool { return errors.Is(err, io.EOF) }
