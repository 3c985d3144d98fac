// Command measure says what is in a recording of the demo source: whether
// pictures are missing, doubled or out of order, whether the sound has holes, how
// far flash and beep are apart, and when the words are spoken. It is for
// development and is not installed.
//
//	measure [-json] [-t 60] [-max-offset 20ms] [-frames 18000] [-no-gaps] [-words 100ms] FILE.mp4|rtsp://…
//
// It decodes with ffmpeg, which must be installed, and holds nothing of the file
// but the times of flashes, beeps and words. It exits 0 when every limit given is
// kept, 1 when one is broken or the recording cannot be read, 2 for wrong usage.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process around it; it returns the exit code.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	var l limits
	var in input
	flags := flag.NewFlagSet("measure", flag.ContinueOnError)
	flags.SetOutput(errs)
	asJSON := flags.Bool("json", false, "write the report as JSON")
	flags.Float64Var(&in.seconds, "t", 0, "measure so many seconds only; needed for a live address")
	flags.StringVar(&in.transport, "transport", "tcp", "transport of an rtsp:// address: tcp or udp")
	flags.DurationVar(&l.offset, "max-offset", 0, "limit: flash and beep are no further apart than this")
	flags.Int64Var(&l.frames, "frames", 0, "limit: exactly so many frames")
	flags.BoolVar(&l.noGaps, "no-gaps", false, "limit: no frame missing, doubled, out of order or unreadable; no hole in the sound")
	flags.DurationVar(&l.words, "words", 0, "limit: every word is there, and begins no further from its time than this")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if flags.NArg() != 1 {
		fmt.Fprintln(errs, "measure: give one file or rtsp:// address")
		return 2
	}
	in.name = flags.Arg(0)
	report, err := measure(ctx, in)
	if err != nil {
		fmt.Fprintln(errs, "measure:", err)
		return 1
	}
	if err := write(out, report, *asJSON); err != nil {
		fmt.Fprintln(errs, "measure:", err)
		return 1
	}
	broken := l.check(report)
	for _, b := range broken {
		fmt.Fprintln(errs, "measure: limit broken:", b)
	}
	if len(broken) > 0 {
		return 1
	}
	return 0
}

func write(out io.Writer, r *Report, asJSON bool) error {
	if !asJSON {
		_, err := io.WriteString(out, r.text())
		return err
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
