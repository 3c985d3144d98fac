package microphone

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// auto means the microphone that a person expects.
const auto = "auto"

// servers are the devices of ALSA behind which a sound server answers.
var servers = []string{"pulse", "pipewire"}

// hardware is how PortAudio ends the name of a sound card: the card's number,
// which follows the order of plugging in and is no part of the name here, and
// the number of the device on the card.
var hardware = regexp.MustCompile(` ?\(hw:(\d+),(\d+)\)$`)

// plainName is a device's name without numbers: "CARD: PCM".
func plainName(name string) string { return hardware.ReplaceAllString(name, "") }

// onCard is a device's name without the card's number: "CARD: PCM (hw:,0)".
func onCard(name string) string { return hardware.ReplaceAllString(name, " (hw:,$2)") }

// choose finds the device that a name means: the same name, else one that
// contains it, in any case. Without one it says what there is, or who is busy.
func choose(inputs []input, want string) (input, error) {
	if want == auto || want == "" {
		return chooseAuto(inputs)
	}
	ways := []func(input) bool{
		func(i input) bool { return strings.EqualFold(i.name, want) },
		func(i input) bool { return strings.EqualFold(onCard(i.name), onCard(want)) },
	}
	if !hardware.MatchString(want) {
		part := strings.ToLower(want)
		ways = append(ways,
			func(i input) bool { return strings.EqualFold(plainName(i.name), want) },
			func(i input) bool { return strings.Contains(strings.ToLower(plainName(i.name)), part) },
		)
	}
	for _, fits := range ways {
		if found := slices.DeleteFunc(slices.Clone(inputs), func(i input) bool { return !fits(i) }); len(found) > 0 {
			return thatRecords(found)
		}
	}
	return input{}, fmt.Errorf("no microphone is named %q; there %s", want, names(inputs))
}

// thatRecords is the first of some devices that records; else why none does.
func thatRecords(found []input) (input, error) {
	for _, i := range found {
		if i.channels > 0 {
			return i, nil
		}
	}
	for _, i := range found {
		if why := busy(i); why != "" {
			return input{}, fmt.Errorf("%s: %s", plainName(i.name), why)
		}
	}
	return input{}, fmt.Errorf("%s does not record, or is busy", plainName(found[0].name))
}

// chooseAuto takes the sound server, the default, or the first that records.
func chooseAuto(inputs []input) (input, error) {
	for _, fits := range []func(input) bool{
		func(i input) bool { return slices.Contains(servers, i.name) },
		func(i input) bool { return i.isDefault },
		func(i input) bool { return hardware.MatchString(i.name) },
		func(input) bool { return true },
	} {
		for _, i := range inputs {
			if i.channels > 0 && fits(i) {
				return i, nil
			}
		}
	}
	for _, i := range inputs {
		if why := busy(i); why != "" {
			return input{}, fmt.Errorf("%s: %s", plainName(i.name), why)
		}
	}
	return input{}, fmt.Errorf("no microphone is plugged in")
}

// names lists what records, for a message.
func names(inputs []input) string {
	var list []string
	for _, i := range inputs {
		if i.channels > 0 && !slices.Contains(list, plainName(i.name)) {
			list = append(list, plainName(i.name))
		}
	}
	if len(list) == 0 {
		return "is none"
	}
	return "are: " + strings.Join(list, ", ")
}
