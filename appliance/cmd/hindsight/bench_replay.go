package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"hindsight/appliance/bench"
	"hindsight/media"
)

// mostViewers is less than the sessions that the server gives to one address.
const mostViewers = 300

func benchReplay(ctx context.Context, args []string, s io3) error {
	f := flags("bench replay", "--data DIR [--seeks 200] [--cold] [--viewers 1,10,50,100,200] [--seconds 20] [--json]",
		"Measures replay of a recording over RTSP and TCP, such as `hindsight bench fill`\nmakes, on a recorder of its own whose camera does not answer: how long it takes\nfrom PLAY to the first packet of the right picture, and what viewers cost, each\nof which plays from a random moment.", s)
	data := f.String("data", "", "`directory` of the recording; nobody may be recording to it")
	camera := f.String("camera", "cam", "`name` of the camera")
	n := f.Int("seeks", 200, "how many random moments; `0`: none")
	cold := f.Bool("cold", false, "drop the page cache before each seek, which needs root")
	list := f.String("viewers", "1,10,50,100,200", "how many at once, one row for each `number`; none: no viewers")
	seconds := f.Int("seconds", 20, "how long each row is measured")
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	o := bench.ReplayOptions{Data: *data, Camera: *camera, Seeks: *n, Cold: *cold, Warm: 5 * time.Second,
		For: time.Duration(*seconds) * time.Second, JSON: *asJSON, Out: s.out}
	if err := replayArguments(&o, *list); err != nil {
		return usageError{err.Error()}
	}
	var err error
	if o.Program, err = os.Executable(); err != nil {
		return err
	}
	_, err = bench.RunReplay(ctx, o)
	return err
}

// replayArguments checks what was typed.
func replayArguments(o *bench.ReplayOptions, list string) (err error) {
	if o.Data == "" {
		return fmt.Errorf("want --data, the directory of a recording")
	}
	if err := media.CheckCamera(o.Camera); err != nil {
		return fmt.Errorf("--camera: %w", err)
	}
	if o.Seeks < 0 || o.Seeks > 100_000 {
		return fmt.Errorf("--seeks %d: want 0 to 100000", o.Seeks)
	}
	if o.For < time.Second || o.For > time.Hour {
		return fmt.Errorf("--seconds %.0f: want 1 to 3600", o.For.Seconds())
	}
	if list != "none" {
		o.Viewers, err = numbers("viewers", list, mostViewers)
	}
	if err == nil && o.Seeks == 0 && len(o.Viewers) == 0 {
		err = fmt.Errorf("--seeks 0 and --viewers none leave nothing to measure")
	}
	return err
}

// numbers reads a list of numbers from 1 to most, separated by commas.
func numbers(flag, list string, most int) (ns []int, err error) {
	for _, n := range strings.Split(list, ",") {
		k, err := strconv.Atoi(strings.TrimSpace(n))
		if err != nil || k < 1 || k > most {
			return nil, fmt.Errorf("--%s %q: want numbers from 1 to %d", flag, list, most)
		}
		ns = append(ns, k)
	}
	return ns, nil
}
