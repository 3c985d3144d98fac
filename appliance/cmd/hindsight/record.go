package main

import (
	"context"
	"fmt"
	"net/http"
)

func recordCommand(ctx context.Context, args []string, s io3) error {
	f := flags("record", "[--name N] [--data DIR|--url URL] [--camera cam]",
		"Begins a session, to be found again under its name, and has recording go on where\nit was stopped. `hindsight stop` ends it.", s)
	w := whereFlags(f)
	name := f.String("name", "", "`name` of the session")
	if err := parse(f, args); err != nil {
		return err
	}
	var x listed
	if err := w.ask(ctx, http.MethodPost, "/api/v1/record", nil, map[string]string{"name": *name}, &x); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.out, "session %s: since %s\n", x.id(), x.From)
	return err
}

func stopCommand(ctx context.Context, args []string, s io3) error {
	f := flags("stop", "[--why W] [--data DIR|--url URL] [--camera cam]",
		"Ends the session and stops recording, until `hindsight record`. That holds when the\nrecorder is started again, too.", s)
	w := whereFlags(f)
	why := f.String("why", "", "`reason` to be shown in the gap")
	if err := parse(f, args); err != nil {
		return err
	}
	var x struct{ From moment }
	if err := w.ask(ctx, http.MethodPost, "/api/v1/stop", nil, map[string]string{"why": *why}, &x); err != nil {
		return err
	}
	_, err := fmt.Fprintf(s.out, "camera %s: stopped since %s\n", *w.camera, x.From)
	return err
}
