package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

func snapshotCommand(ctx context.Context, args []string, s io3) error {
	f := flags("snapshot", "[--data DIR|--url URL] [--camera cam] [--at T] [--width W] -o FILE.jpg",
		"Writes the picture that was shown at a moment, exactly that frame, to a JPEG file,\nand prints the frame's time and position. Where there is no picture, it is the last\none before.\n\n"+timeHelp, s)
	w := whereFlags(f)
	at := f.String("at", "now", "`time` of the picture; now: the newest")
	width := f.Int("width", 0, "`pixels` across, 16 or more, never larger than recorded (default: as recorded)")
	out := f.String("o", "", "`file` to write; - is standard output")
	if err := parse(f, args); err != nil {
		return err
	}
	if *out == "" {
		return usageError{"-o is needed"}
	}
	q := url.Values{"camera": {*w.camera}}
	if *at != "now" {
		if err := setTime(q, "at", *at); err != nil {
			return err
		}
	}
	if *width != 0 {
		if *width < 16 || *width > 16384 {
			return usageError{fmt.Sprintf("--width %d: want 16 to 16384", *width)}
		}
		q.Set("width", strconv.Itoa(*width))
	}
	if err := noDirectory(*out); err != nil {
		return err
	}
	a, err := w.open()
	if err != nil {
		return err
	}
	defer a.close()
	res, err := a.get(ctx, "/api/v1/snapshot.jpg", q)
	if err != nil {
		return err
	}
	m, err := frameOf(res)
	if err != nil {
		res.Body.Close()
		return err
	}
	if *out == "-" {
		defer res.Body.Close()
		if _, err := io.Copy(s.out, res.Body); err != nil {
			return err
		}
		fmt.Fprintf(s.err, "%s  %s\n", m, m.Position)
		return nil
	}
	n, err := save(*out, res)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s: %d bytes  %s  %s\n", *out, n, m, m.Position)
	return nil
}

// frameOf is which frame an answer holds.
func frameOf(res *http.Response) (m moment, err error) {
	if m.Time, err = time.Parse(time.RFC3339Nano, res.Header.Get("X-Frame-Time")); err != nil {
		return m, notUnderstood(err)
	}
	m.Position = visible(res.Header.Get("X-Frame-Position"))
	m.Trusted = res.Header.Get("X-Frame-Time-Trusted") == "true"
	return m, nil
}
