package main

import (
	"context"

	"hindsight/appliance/capture/microphone"
)

// microphoneCommand is what the recorder starts to capture sound: PortAudio can
// hang for ever, so it lives in a process that can be ended.
const microphoneCommand = microphone.Command

func captureMicrophone(_ context.Context, args []string, s io3) error {
	if code := microphone.Child(args, s.out, s.err); code != exitDone {
		return exitError(code)
	}
	return nil
}
