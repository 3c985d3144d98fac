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

// hardware is how PortAudio ends the name of a sound card. The numbers follow
// the order of plugging in, so they are no part of the name here.
var hardware = regexp.MustCompile(` ?\(hw:(\d+),(\d+)\)$`)

// plainName is a device's name without numbers: "CARD: PCM".
func plainName(name string) string { return hardware.ReplaceAllString(name, "") }

// choose finds the device that a name means: the same name, else one that
// contains it, in any case. Without one it says what there is, or who is busy.
func choose(inputs []input, want string) (input, error) {
	if want == auto || want == "" {
		return chooseAuto(inputs)
	}
	plain := strings.ToLower(plainName(want))
	var found []input
	for _, fits := range []func(input) bool{
		func(i input) bool { return strings.EqualFold(i.name, want) },
		func(i input) bool { return strings.EqualFold(plainName(i.name), plain) },
		func(i input) bool { return strings.Contains(strings.ToLower(plainName(i.name)), plain) },
	} {
		for _, i := range inputs {
			if fits(i) {
				found = append(found, i)
			}
		}
	}
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
	if len(found) > 0 {
		return input{}, fmt.Errorf("%s does not record, or is busy", plainName(found[0].name))
	}
	return input{}, fmt.Errorf("no microphone is named %q; there %s", want, names(inputs))
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
