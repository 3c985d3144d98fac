package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"hindsight/appliance"
)

// serveFlags are the flags that set a key of the configuration.
var serveFlags = []struct{ name, key, about string }{
	{"data", "data", "`directory` of the recording (default \"data\")"},
	{"video", "video", "auto, none, demo, /dev/videoN, rpicam or an rtsp:// `address` (default \"auto\")"},
	{"audio", "audio", "auto, none, demo or a microphone's `name` (default \"auto\")"},
	{"size", "size", "`WIDTHxHEIGHT` in pixels (default \"1280x720\")"},
	{"rate", "rate", "frames a `second` (default 30)"},
	{"rtsp-address", "rtsp.address", "`address` to serve RTSP at, or none (default \":8554\")"},
	{"http-address", "http.address", "`address` to serve HTTP at, or none (default \":8080\")"},
}

func serve(ctx context.Context, args []string, s io3) error {
	f := flags("serve", "[FLAG]...", "Records and serves until it is interrupted. Everything else that can be\nset is in hindsight.yml.", s)
	file := f.String("config", os.Getenv("HINDSIGHT_CONFIG"), "configuration `file` (default \"hindsight.yml\", if there)")
	var set []appliance.Flag
	for _, fl := range serveFlags {
		f.Func(fl.name, fl.about, func(v string) error {
			set = append(set, appliance.Flag{Key: fl.key, Value: v})
			return nil
		})
	}
	if err := parse(f, args); err != nil {
		return err
	}
	// Who reads the log may end before the recorder does: then only the log ends.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	conf, err := appliance.Load(*file, os.Environ(), set)
	if err != nil {
		return usageError{err.Error()}
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(conf.LogLevel)); err != nil {
		return fmt.Errorf("log.level: %w", err)
	}
	log := slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: level}))
	a, err := appliance.New(appliance.Options{Config: conf, Log: log, Version: version})
	if err != nil {
		return err
	}
	for _, line := range a.Welcome() {
		fmt.Fprintln(s.out, line)
	}
	return a.Run(ctx)
}
