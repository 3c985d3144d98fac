package microphone

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The kernel's lists of sound cards and of what they play and record.
const (
	cardsFile = "/proc/asound/cards"
	pcmFile   = "/proc/asound/pcm"
)

// hidden are the microphones that the kernel knows and PortAudio does not: it
// leaves out a device that it cannot open because another program has it open.
func hidden(inputs []input) []input {
	cards, err := os.ReadFile(cardsFile)
	if err != nil {
		return nil // no sound card at all
	}
	pcms, err := os.ReadFile(pcmFile)
	if err != nil {
		return nil
	}
	list := parseCaptures(cards, pcms)
	return slices.DeleteFunc(list, func(h input) bool {
		return slices.ContainsFunc(inputs, func(i input) bool {
			return hardware.FindString(i.name) == hardware.FindString(h.name)
		})
	})
}

var (
	// " 1 [Audio          ]: USB-Audio - USB Audio"
	cardLine = regexp.MustCompile(`^\s*(\d{1,3}) \[[^\]]*\]: .*? - (.+?)\s*$`)
	// "01-00: USB Audio : USB Audio : capture 1"
	pcmLine = regexp.MustCompile(`^(\d{2,3})-(\d{2,3}): (.*?) : (.*?) :(.*)$`)
)

// parseCaptures reads both lists and names what records as PortAudio would.
func parseCaptures(cards, pcms []byte) []input {
	names := map[int]string{}
	for line := range bytes.Lines(cards) {
		if m := cardLine.FindSubmatch(bytes.TrimRight(line, "\n")); m != nil {
			names[atoi(m[1])] = string(m[2])
		}
	}
	var list []input
	for line := range bytes.Lines(pcms) {
		m := pcmLine.FindSubmatch(bytes.TrimRight(line, "\n"))
		if m == nil || !bytes.Contains(m[5], []byte(" capture ")) {
			continue
		}
		card, device := atoi(m[1]), atoi(m[2])
		if name, ok := names[card]; ok {
			list = append(list, input{
				index: -1, name: fmt.Sprintf("%s: %s (hw:%d,%d)", name, strings.TrimSpace(string(m[4])), card, device),
			})
		}
	}
	return list
}

// atoi reads up to three digits.
func atoi(b []byte) int {
	n, _ := strconv.Atoi(string(b)) // digits by the pattern
	return n
}
