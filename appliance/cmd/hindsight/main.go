// Command hindsight records cameras and microphones onto a timeline and serves
// it, and reads what was recorded. See `hindsight help`.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"hindsight/appliance"
	"hindsight/asr"
)

// version is set by the build: -ldflags "-X main.version=…".
var version = "development"

// The exit codes of every command.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// io3 is what a command reads and writes.
type io3 struct {
	in       io.Reader
	out, err io.Writer
}

// command is one subcommand.
type command struct {
	name, summary string
	hidden        bool // started by hindsight itself
	run           func(ctx context.Context, args []string, s io3) error
}

// commands are all subcommands, in the order that help lists them.
func commands() []command {
	return []command{
		{name: "serve", summary: "record and serve", run: serve},
		{name: "devices", summary: "list cameras and microphones", run: devices},
		{name: "timeline", summary: "list what is recorded: spans, gaps with reasons, counts", run: timelineCommand},
		{name: "export", summary: "write a stretch of the recording to an MP4 file", run: exportCommand},
		{name: "snapshot", summary: "write the frame of a moment to a JPEG file", run: snapshotCommand},
		{name: "record", summary: "begin a session, and record again where it was stopped", run: recordCommand},
		{name: "stop", summary: "end the session and stop recording", run: stopCommand},
		{name: "sessions", summary: "list, name and delete sessions", run: sessionsCommand},
		{name: "bookmarks", summary: "list, add, change and delete noted moments", run: bookmarksCommand},
		{name: "pins", summary: "list, add, change and delete ranges that are kept", run: pinsCommand},
		{name: "captions", summary: "print, find, follow and make what was spoken", run: captionsCommand},
		{name: "model", summary: "list, add and choose speech models", run: modelCommand},
		{name: "check", summary: "verify every invariant and checksum of the recording", run: check},
		{name: "bench", summary: "measure what recording costs on this machine", run: benchCommand},
		{name: "version", summary: "print the version", run: printVersion},
		{name: microphoneCommand, hidden: true, run: captureMicrophone},
		{name: asr.Command, hidden: true, run: recognise},
	}
}

// usageError is wrong usage: exit code 2.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

// exitError ends the program with a code and nothing more to say.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit %d", int(e)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends what does not end by itself
	code := run(ctx, os.Args[1:], io3{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, s io3) int {
	if len(args) == 0 {
		help(s.err)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "--help", "-help":
		help(s.out)
		return exitDone
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return finish(c.run(ctx, args[1:], s), c.name, s)
		}
	}
	fmt.Fprintf(s.err, "hindsight: unknown command %q; `hindsight help` lists them\n", args[0])
	return exitUsage
}

func finish(err error, name string, s io3) int {
	var usage usageError
	var code exitError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitDone
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &usage):
		fmt.Fprintf(s.err, "hindsight %s: %s; see `hindsight %s --help`\n", name, appliance.OneLine(err.Error()), name)
		return exitUsage
	}
	fmt.Fprintf(s.err, "hindsight %s: %s\n", name, appliance.OneLine(err.Error()))
	return exitFailed
}

func help(w io.Writer) {
	fmt.Fprint(w, "Hindsight records a camera and a microphone and lets you go back to any moment.\n\nusage: hindsight COMMAND [FLAG]...\n\n")
	for _, c := range commands() {
		if !c.hidden {
			fmt.Fprintf(w, "  %-10s %s\n", c.name, c.summary)
		}
	}
	fmt.Fprint(w, "\n`hindsight COMMAND --help` lists a command's flags. Exit status: 0 done, 1 failed, 2 wrong usage.\n")
}

// flags makes a command's flag set. usage is the line after the command's name.
func flags(name, usage, about string, s io3) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard) // errors are printed once, by finish
	f.Usage = func() {
		fmt.Fprintf(s.out, "usage: hindsight %s %s\n\n%s\n\n", name, usage, about)
		f.SetOutput(s.out)
		f.PrintDefaults()
		f.SetOutput(io.Discard)
	}
	return f
}

// parse reads args and refuses what is left over.
func parse(f *flag.FlagSet, args []string) error {
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{err.Error()}
	}
	if f.NArg() > 0 {
		return usageError{fmt.Sprintf("unexpected %q", f.Arg(0))}
	}
	return nil
}

// recognise is the child process in which libvosk may fail.
func recognise(_ context.Context, args []string, s io3) error {
	if code := asr.Child(args, s.in, s.out, s.err); code != exitDone {
		return exitError(code)
	}
	return nil
}

// parseRest reads args with n words beside the flags, which may stand anywhere
// before a --; n below 0: any number.
func parseRest(f *flag.FlagSet, args []string, n int, what string) ([]string, error) {
	var rest, last []string
	if i := slices.Index(args, "--"); i >= 0 {
		args, last = args[:i], args[i+1:]
	}
	for {
		if err := f.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, usageError{err.Error()}
		}
		if f.NArg() == 0 {
			break
		}
		rest, args = append(rest, f.Arg(0)), f.Args()[1:]
	}
	rest = append(rest, last...)
	if n >= 0 && len(rest) != n {
		return nil, usageError{"want " + what}
	}
	return rest, nil
}

func printVersion(_ context.Context, args []string, s io3) error {
	if err := parse(flags("version", "", "Prints the version.", s), args); err != nil {
		return err
	}
	_, err := fmt.Fprintln(s.out, "hindsight", version)
	return err
}
