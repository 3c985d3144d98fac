package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"hindsight/appliance"
	"hindsight/appliance/bench"
)

// benchCommands are the words that may follow `hindsight bench`.
func benchCommands() []command {
	return []command{
		{name: "fill", summary: "make a long recording, to measure with", run: benchFill},
		{name: "replay", summary: "measure how fast a recording is found and what viewers cost", run: benchReplay},
	}
}

func benchCommand(ctx context.Context, args []string, s io3) error {
	if known, err := subcommand(ctx, benchCommands(), args, s); known {
		return err
	}
	f := flags("bench", "[--cameras 1,4,8] [--seconds 60] [--dir DIR]",
		"Pulls a 720p30 stream of 2.5 Mbit/s with Opus from this process into a recorder\nof its own, one or several times, and prints what the kernel counts of it. More\nis measured with:\n\n"+
			subcommandHelp("bench", benchCommands()), s)
	list := f.String("cameras", "1,4,8", "how many cameras, one row for each `number`")
	seconds := f.Int("seconds", 60, "how long each is measured")
	dir := f.String("dir", ".", "`directory` on the disk to measure; the recording is deleted again")
	if err := parse(f, args); err != nil {
		return err
	}
	if *seconds < 1 {
		return usageError{fmt.Sprintf("--seconds %d: want at least 1", *seconds)}
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	o := bench.Options{Program: exe, Warm: 15 * time.Second, For: time.Duration(*seconds) * time.Second, Dir: *dir, Out: s.out, Commits: commits}
	if o.Cameras, err = numbers("cameras", *list, 64); err != nil {
		return usageError{err.Error()}
	}
	_, err = bench.Run(ctx, o)
	return err
}

// commits adds up the commits of all cameras of the server that records to dir.
func commits(ctx context.Context, dir string) (int64, error) {
	t := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return appliance.DialServer(ctx, dir) }}
	defer t.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://hindsight/api/v1/status", nil)
	if err != nil {
		return 0, err
	}
	res, err := (&http.Client{Transport: t}).Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	var st struct {
		Cameras []struct{ Commits struct{ Count int64 } }
	}
	if err := json.NewDecoder(res.Body).Decode(&st); err != nil {
		return 0, err
	}
	var n int64
	for _, c := range st.Cameras {
		n += c.Commits.Count
	}
	return n, nil
}
