package model

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// Kaldi's binary files begin with a zero byte and a B.
const binaryMark = "\x00B"

// checkFramed checks an object that stands between a token and the same with a slash.
func checkFramed(token string) func(*source) error {
	end := []byte("</" + token[1:] + " ")
	return func(in *source) error {
		begin := in.next(min(len(binaryMark)+len(token)+1, int(in.left)))
		if string(begin) != binaryMark+token+" " {
			return fmt.Errorf("is no %s", strings.Trim(token, "<>"))
		}
		if in.left < int64(len(end)) {
			return errCut
		}
		in.skip(in.left - int64(len(end)))
		if tail := in.next(len(end)); in.err == nil && !bytes.Equal(tail, end) {
			return errCut
		}
		return in.err
	}
}

// checkAcoustic checks final.mdl: the phones' transitions, the network, and at
// the very end the priors, a vector that says its own length. It says whether
// the network takes an i-vector.
func checkAcoustic(in *source) (wantsIvector bool, err error) {
	const begin = binaryMark + "<TransitionModel> "
	if string(in.next(min(len(begin), int(in.left)))) != begin {
		return false, errors.New("is no acoustic model")
	}
	const size = 1 << 16 // of a step; a step sees the one before it too
	var window []byte
	config := true // until the network's description is over
	network := false
	for in.left > 0 && in.err == nil {
		if len(window) > 16*size {
			window = append(window[:0], window[len(window)-15*size:]...)
		}
		old := max(0, len(window)-64)
		window = append(window, in.next(int(min(size, in.left)))...)
		fresh := window[old:]
		network = network || bytes.Contains(fresh, []byte("<Nnet3> "))
		if config {
			part, _, over := bytes.Cut(fresh, []byte("<NumComponents> "))
			wantsIvector = wantsIvector || bytes.Contains(part, []byte("input-node name=ivector "))
			config = !over
		}
	}
	if in.err != nil {
		return false, in.err
	}
	if !network {
		return false, errors.New("is no network of the kind nnet3, or is cut off")
	}
	i := bytes.LastIndex(window, []byte("<Priors> "))
	if i < 0 {
		return false, errCut
	}
	tail := newSource(bytes.NewReader(window[i+9:]), int64(len(window)-i-9))
	if err := readArray(tail); err != nil {
		return false, errCut
	}
	return wantsIvector, nil
}

// checkMatrix checks a matrix or vector, binary or written out.
func checkMatrix(in *source) error {
	mark, err := in.in.Peek(2)
	if err != nil {
		return errCut
	}
	if string(mark) == binaryMark {
		in.next(2)
		return readArray(in)
	}
	text, err := readText(in)
	if err != nil {
		return err
	}
	text = bytes.TrimSpace(text)
	if !bytes.HasPrefix(text, []byte("[")) {
		return errors.New("is no matrix")
	}
	if !bytes.HasSuffix(text, []byte("]")) {
		return errCut
	}
	for _, n := range bytes.Fields(text[1 : len(text)-1]) {
		if _, err := strconv.ParseFloat(string(n), 64); err != nil {
			return fmt.Errorf("is damaged: %.20q is no number", n)
		}
	}
	return nil
}

// readArray reads a binary vector (FV, DV) or matrix (FM, DM) that fills the rest.
func readArray(in *source) error {
	if in.left < 3 {
		return errCut
	}
	kind := string(in.next(3))
	each := map[byte]int64{'F': 4, 'D': 8}[kind[0]]
	if each == 0 || kind[1] != 'V' && kind[1] != 'M' || kind[2] != ' ' {
		return fmt.Errorf("is no matrix: it is of the kind %q", kind)
	}
	n := int64(1)
	dims := 1
	if kind[1] == 'M' {
		dims = 2
	}
	for range dims {
		if size := in.next(1)[0]; in.err == nil && size != 4 {
			return errors.New("is damaged: a dimension in it is not of 4 bytes")
		}
		d := int64(in.int32())
		if in.err == nil && (d < 0 || d > 1<<28) {
			return fmt.Errorf("is damaged: it has a dimension of %d", d)
		}
		n *= d
	}
	switch {
	case in.err != nil:
		return in.err
	case n*each > in.left:
		return errCut
	case n*each < in.left:
		return fmt.Errorf("is damaged: %d bytes follow its end", in.left-n*each)
	}
	in.skip(in.left)
	return in.err
}

// maxText is how long a text file of a model may be; the largest, words.txt, has some 20 MB.
const maxText = 256 << 20

func readText(in *source) ([]byte, error) {
	if in.left > maxText {
		return nil, fmt.Errorf("has %d MB, which is too much for it", in.left>>20)
	}
	b := make([]byte, in.left)
	if _, err := io.ReadFull(in.in, b); err != nil {
		return nil, fmt.Errorf("cannot be read: %w", reason(err))
	}
	in.left = 0
	return b, nil
}

var option = regexp.MustCompile(`^--[a-z0-9][A-Za-z0-9.-]*(=\S+)?$`)

// checkConf checks a file of options, one a line, as Kaldi's ParseOptions
// reads it: --name=value, with # before remarks.
func checkConf(in *source) error {
	if in.left > 1<<20 {
		return errors.New("is too long for a file of options")
	}
	text, err := readText(in)
	if err != nil {
		return err
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if !option.MatchString(line) {
			return fmt.Errorf("is damaged: line %d is not --name=value", n)
		}
		if err := checkOption(line); err != nil {
			return fmt.Errorf("is damaged: line %d: %w", n, err)
		}
	}
	return nil
}

// numeric are the options that models set and that are numbers.
var numeric = regexp.MustCompile(`^--(beam|lattice-beam|acoustic-scale|(min|max)-active|frame-subsampling-factor|endpoint\.rule\d\.[a-z-]*(silence|cost|length)` +
	`|num-(mel-bins|ceps)|(low|high)-freq|sample-frequency|(left|right)-context)=`)

func checkOption(line string) error {
	if !numeric.MatchString(line) || strings.Contains(line, "must-contain-nonsilence") {
		return nil
	}
	name, value, _ := strings.Cut(line, "=")
	if _, err := strconv.ParseFloat(value, 64); err != nil {
		return fmt.Errorf("%s has to be a number", name)
	}
	return nil
}

// checkIntegers checks a file of whole numbers.
func checkIntegers(in *source) error {
	text, err := readText(in)
	if err != nil {
		return err
	}
	fields := strings.Fields(string(text))
	if len(fields) == 0 {
		return errors.New("has no number in it")
	}
	for _, n := range fields {
		if _, err := strconv.ParseInt(n, 10, 32); err != nil {
			return fmt.Errorf("is damaged: %.20q is no whole number", n)
		}
	}
	return nil
}

// checkWords checks a word list: a word and its number a line.
func checkWords(in *source) error {
	text, err := readText(in)
	if err != nil {
		return err
	}
	n := 0
	for line := range bytes.Lines(text) {
		n++
		f := bytes.Fields(line)
		if len(f) != 2 {
			return fmt.Errorf("is damaged: line %d is not a word and its number", n)
		}
		if _, err := strconv.ParseUint(string(f[1]), 10, 32); err != nil {
			return fmt.Errorf("is damaged: line %d is not a word and its number", n)
		}
	}
	return nil
}
