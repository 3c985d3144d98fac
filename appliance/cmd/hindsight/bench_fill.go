package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"hindsight/appliance"
	"hindsight/appliance/timeline"
	"hindsight/media"
)

// mostFill is the longest history that bench fill makes.
const mostFill = 400 * 24 * time.Hour

func benchFill(ctx context.Context, args []string, s io3) error {
	f := flags("bench fill", "--data DIR --for 7d [--camera cam] [--frame-bytes N] [--end T]",
		"Makes a recording of any length much faster than real time: small pictures, 30\na second with a key frame in each, and Opus sound, in the files that the recorder\nmakes. Ctrl-C leaves what is there by then.\n\n"+timeHelp, s)
	data := f.String("data", "", "`directory` of the recording, in which the camera has none yet")
	span := f.String("for", "", "`length` of the recording, as in 90s, 24h or 7d")
	camera := f.String("camera", "cam", "`name` of the camera")
	frame := f.Int("frame-bytes", 0, "pad pictures that are no key frames to so many `bytes`; 10700 makes 2.5 Mbit/s")
	end := f.String("end", "", "`time` at which the recording ends (default: now)")
	if err := parse(f, args); err != nil {
		return err
	}
	o := appliance.FillOptions{Data: *data, Camera: *camera, FrameBytes: *frame, End: time.Now(), Log: slog.New(slog.DiscardHandler)}
	if err := fillArguments(&o, *span, *end); err != nil {
		return usageError{err.Error()}
	}
	began := time.Now()
	g := newGauge(s.err)
	var made time.Duration
	o.Progress = func(done time.Duration) {
		made = done
		speed := float64(done) / float64(max(time.Since(began), time.Millisecond))
		g.show("filling", float64(done)/float64(o.For), fmt.Sprintf("%v of %v, %.0f times real time", done.Truncate(time.Second), o.For, speed))
	}
	err := appliance.Fill(ctx, o)
	g.end()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return fmt.Errorf("interrupted; %s holds %v", o.Data, made.Truncate(time.Second))
	}
	if err == nil {
		fmt.Fprintf(s.err, "hindsight bench fill: %v in %v\n", o.For, time.Since(began).Round(100*time.Millisecond))
	}
	return err
}

// fillArguments checks what was typed and reads the times.
func fillArguments(o *appliance.FillOptions, span, end string) (err error) {
	switch {
	case o.Data == "":
		return errors.New("want --data, the directory to fill")
	case span == "":
		return errors.New("want --for, the length of the recording")
	}
	if err := media.CheckCamera(o.Camera); err != nil {
		return fmt.Errorf("--camera: %w", err)
	}
	if o.For, err = appliance.ParseSpan(span); err != nil || o.For < time.Second || o.For > mostFill || o.For%time.Second != 0 {
		return fmt.Errorf("--for %q: want whole seconds from 1s to 400d, as in 90s, 24h or 7d", span)
	}
	if o.FrameBytes < 0 || o.FrameBytes > appliance.MostFillFrame {
		return fmt.Errorf("--frame-bytes %d: want 0 to %d", o.FrameBytes, appliance.MostFillFrame)
	}
	if end == "" {
		return nil
	}
	now := o.End
	if o.End, err = timeline.ParseTime(end, now); err != nil {
		return fmt.Errorf("--end: %w", err)
	}
	if o.End.After(now) || o.End.Add(-o.For).Year() < 1970 {
		return fmt.Errorf("--end %s: want a time that is over, and no recording from before 1970", end)
	}
	return nil
}
