package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"hindsight/appliance"
	"hindsight/appliance/capture"
)

func devices(ctx context.Context, args []string, s io3) error {
	f := flags("devices", "[--json]", "Lists cameras and microphones with what they can deliver. ADDRESS is what\n--video and --audio take; * marks what auto takes.", s)
	asJSON := f.Bool("json", false, "print JSON")
	if err := parse(f, args); err != nil {
		return err
	}
	list, err := appliance.Devices(ctx)
	if err != nil {
		fmt.Fprintf(s.err, "hindsight devices: %v\n", err)
	}
	if *asJSON {
		if list == nil {
			list = []capture.Device{}
		}
		e := json.NewEncoder(s.out)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(s.out, "no camera and no microphone found; `hindsight serve` would record the demo source")
		return err
	}
	return printDevices(s.out, list)
}

func printDevices(w io.Writer, list []capture.Device) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, d := range list {
		mark := " "
		if d.Default {
			mark = "*"
		}
		fmt.Fprintf(t, "%s %s\t%s\t%s\t%s\n", mark, d.Kind, d.Address, d.Name, d.Driver)
		if d.Stable != "" && d.Stable != d.Address {
			fmt.Fprintf(t, "  \talways\t%s\t\n", d.Stable)
		}
		if d.Problem != "" {
			fmt.Fprintf(t, "  \tproblem\t%s\t\n", d.Problem)
		}
		for _, m := range d.Modes {
			fmt.Fprintf(t, "  \t%s\t%s\t\n", m.Format, modeText(m))
		}
	}
	return t.Flush()
}

// modeText is 1280x720 at 30, 15 fps; or 48000 Hz, 2 channels.
func modeText(m capture.Mode) string {
	var rates []string
	for _, r := range m.Rates {
		rates = append(rates, strconv.FormatFloat(r, 'f', -1, 64))
	}
	if m.Channels > 0 {
		return fmt.Sprintf("%s Hz, %d channels", strings.Join(rates, ", "), m.Channels)
	}
	text := fmt.Sprintf("%dx%d", m.Width, m.Height)
	if len(rates) > 0 {
		text += " at " + strings.Join(rates, ", ") + " fps"
	}
	return text
}
