package microphone

import (
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	card := func(name string, channels int) input { return input{name: name, channels: channels} }
	desktop := []input{
		card("HDA Intel: ALC257 (hw:0,0)", 2), card("HDA Intel: HDMI 0 (hw:0,3)", 0), card("USB Mic: Audio (hw:2,0)", 1),
		card("pulse", 32), {name: "default", channels: 32, isDefault: true},
	}
	kiosk := []input{card("HDMI: out (hw:0,0)", 0), card("sysdefault", 2), card("USB Mic: Audio (hw:1,0)", 1)}
	twins := []input{card("Loop: PCM (hw:0,0)", 0), card("Loop: PCM (hw:0,1)", 2)}
	for _, c := range []struct {
		name   string
		inputs []input
		want   string
		got    string // a device's name, or a part of the error
	}{
		{"a sound server first", desktop, "auto", "pulse"},
		{"the default", []input{card("USB Mic: Audio (hw:1,0)", 1), {name: "default", channels: 2, isDefault: true}}, "", "default"},
		{"else a card", kiosk, "auto", "USB Mic: Audio (hw:1,0)"},
		{"else anything", kiosk[:2], "auto", "sysdefault"},
		{"nothing", kiosk[:1], "auto", "no microphone is plugged in"},
		{"no device at all", nil, "auto", "no microphone is plugged in"},
		{"a part, in any case", desktop, "usb mic", "USB Mic: Audio (hw:2,0)"},
		{"under another number", desktop, "USB Mic: Audio (hw:1,0)", "USB Mic: Audio (hw:2,0)"},
		{"the same device of the card under another number", twins, "Loop: PCM (hw:3,1)", "Loop: PCM (hw:0,1)"},
		{"not another device of the card", twins, "Loop: PCM (hw:0,0)", "does not record, or is busy"},
		{"not another card's device", desktop, "USB Mic: Audio (hw:2,1)", "no microphone is named"},
		{"the one that records, where the name leaves it open", twins, "loop: pcm", "Loop: PCM (hw:0,1)"},
		{"the whole name before a part", []input{card("Mic", 1), card("mic", 1)}, "mic", "Mic"},
		{"one that is the name before one that holds it", []input{card("USB Mic Pro (hw:0,0)", 1), card("USB Mic (hw:1,0)", 1)}, "usb mic", "USB Mic (hw:1,0)"},
		{"one that records before one that does not", []input{card("Thing: out (hw:0,0)", 0), card("Thing: in (hw:0,1)", 1)}, "thing", "Thing: in (hw:0,1)"},
		{"by server", desktop, "PULSE", "pulse"},
		{"only plays", desktop, "hdmi", "does not record, or is busy"},
		{"unknown", desktop, "nothing", "there are: HDA Intel: ALC257, USB Mic: Audio, pulse, default"},
		{"unknown among none", nil, "nothing", "there is none"},
	} {
		got, err := choose(c.inputs, c.want)
		if err != nil && strings.Contains(err.Error(), c.got) || err == nil && got.name == c.got {
			continue
		}
		t.Errorf("%s: %q, %v; want %q", c.name, got.name, err, c.got)
	}
}
