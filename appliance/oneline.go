package appliance

import (
	"strings"
	"unicode"
)

// OneLine is text for a person's eyes: in one line, and without anything that
// would move about on a terminal, since part of it may be what a camera, a device
// or another server said.
func OneLine(text string) string {
	visible := strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return ' '
	}, text)
	return strings.Join(strings.Fields(visible), " ")
}

// oneLine is an error as OneLine; empty without one.
func oneLine(err error) string {
	if err == nil {
		return ""
	}
	return OneLine(err.Error())
}
