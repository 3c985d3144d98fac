package microphone

import (
	"strings"
	"testing"
)

const (
	twoCards = " 0 [PCH            ]: HDA-Intel - HDA Intel PCH\n" +
		"                      HDA Intel PCH at 0xf7e20000 irq 32\n" +
		" 1 [Mic            ]: USB-Audio - Yeti - Stereo Microphone\n" +
		"                      Blue Microphones Yeti at usb-0000:00:14.0-1, full speed\n"
	theirPCMs = "00-00: ALC257 Analog : ALC257 Analog : playback 1 : capture 1\n" +
		"00-03: HDMI 0 : HDMI 0 : playback 1\n" +
		"01-00: USB Audio : USB Audio : capture 1\n"
)

var cardLists = []struct{ name, cards, pcms, want string }{
	{"two cards", twoCards, theirPCMs, "HDA Intel PCH: ALC257 Analog (hw:0,0)|Yeti - Stereo Microphone: USB Audio (hw:1,0)"},
	{"none", "--- no soundcards ---\n", "", ""},
	{"nothing", "", "", ""},
	{"a card that went in between", "", theirPCMs, ""},
	{"ends early", twoCards[:40], theirPCMs[:30], ""},
	{"no line end", " 2 [A              ]: B - C", "02-11: x : y : capture 8", "C: y (hw:2,11)"},
}

func TestParseCaptures(t *testing.T) {
	for _, c := range cardLists {
		var names []string
		for _, i := range parseCaptures([]byte(c.cards), []byte(c.pcms)) {
			names = append(names, i.name)
		}
		if got := strings.Join(names, "|"); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func FuzzParseCaptures(f *testing.F) {
	for _, c := range cardLists {
		f.Add([]byte(c.cards), []byte(c.pcms))
	}
	f.Fuzz(func(t *testing.T, cards, pcms []byte) {
		for _, i := range parseCaptures(cards, pcms) {
			if !hardware.MatchString(i.name) || i.channels != 0 {
				t.Errorf("%+v", i)
			}
		}
	})
}
