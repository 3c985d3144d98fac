package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A connection that is lost is taken up again, for as long as a recorder needs to start anew.
const (
	liveAgain    = 2 * time.Second
	livePatience = time.Minute
)

// eventLine is the longest line of a stream of events, in bytes.
const eventLine = 1 << 20

// event is one of /api/v1/captions/live.
type event struct {
	name string
	data string
}

// readEvents reads server-sent events (the HTML standard, section 9.2.6) until
// the stream or f ends; f's error is handed on.
func readEvents(r io.Reader, f func(event) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, eventLine)
	var e event
	for lines.Scan() {
		line := lines.Text()
		if line == "" {
			if e.data != "" {
				if err := f(e); err != nil {
					return err
				}
			}
			e = event{}
			continue
		}
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			e.name = value
		case "data":
			if e.data != "" {
				e.data += "\n"
			}
			if e.data += value; len(e.data) > eventLine {
				return fmt.Errorf("an event has more than %d bytes", eventLine)
			}
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("an event has more than %d bytes", eventLine)
	}
	return lines.Err()
}

// follower prints what comes.
type follower struct {
	flags   captionFlags
	s       io3
	printed map[uint64]bool // what was there, so that it is not told again
	last    uint64          // the highest number that came by the stream
	tongues tongues
}

// refusal is an error of printing: nothing more can be done.
type refusal struct{ error }

// followCaptions prints what is there from --from on, if that is given, and then what comes.
func (c captionFlags) followCaptions(ctx context.Context, a *api, q url.Values, s io3) error {
	if a.files {
		return errors.New("no recorder runs on this recording, so that nothing comes; start `hindsight serve` on it")
	}
	p := &follower{flags: c, s: s, printed: map[uint64]bool{}}
	live := url.Values{"camera": q["camera"]}
	if *c.language != "" {
		live.Set("language", *c.language)
	}
	res, err := a.get(ctx, "/api/v1/captions/live", live)
	if err == nil && *c.from != "" {
		if err = eachCaption(ctx, a, q, p.old); err != nil {
			res.Body.Close() //nolint:errcheck // it is given up
		}
	}
	var lost time.Time // since when there is no connection; zero: there is one
	for {
		if err == nil {
			lost = time.Time{}
			err = p.read(ctx, res)
		} else if lost.IsZero() {
			return quiet(ctx, err)
		}
		var no refusal
		if ctx.Err() != nil || errors.As(err, &no) {
			return quiet(ctx, err)
		}
		if lost.IsZero() {
			lost = time.Now()
			fmt.Fprintln(s.err, "hindsight captions: the connection is lost; trying again")
		} else if time.Since(lost) > livePatience {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(liveAgain):
		}
		if p.last > 0 {
			live.Set("since", strconv.FormatUint(p.last, 10))
		}
		res, err = a.get(ctx, "/api/v1/captions/live", live)
	}
}

// quiet has nothing to say about what a person ended.
func quiet(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// read prints a stream until it ends, which is an error, for none ends by itself.
func (p *follower) read(ctx context.Context, res *http.Response) error {
	defer res.Body.Close()                                      //nolint:errcheck // nothing was written
	defer context.AfterFunc(ctx, func() { res.Body.Close() })() //nolint:errcheck // likewise
	if err := readEvents(res.Body, p.show); err != nil {
		return err
	}
	return errors.New("the recorder has ended")
}

// old prints a caption that was there.
func (p *follower) old(raw json.RawMessage) error {
	var c caption
	if err := json.Unmarshal(raw, &c); err != nil {
		return refusal{notUnderstood(err)}
	}
	p.printed[c.ID] = true
	return p.print(event{"final", string(raw)}, &c)
}

// show prints an event.
func (p *follower) show(e event) error {
	switch e.name {
	case "missed":
		fmt.Fprintln(p.s.err, "hindsight captions: this reader is too slow; some events were left out")
		return nil
	case "deleted":
		if *p.flags.format == "json" {
			return p.print(e, nil)
		}
		return nil
	case "partial", "final", "edited":
	default:
		return nil // of a later version
	}
	var c caption
	if err := json.Unmarshal([]byte(e.data), &c); err != nil {
		return refusal{notUnderstood(err)}
	}
	if e.name == "final" {
		if p.last = max(p.last, c.ID); p.printed[c.ID] {
			return nil
		}
	}
	if e.name == "partial" && (!*p.flags.partials || c.Text == "" && *p.flags.format == "txt") || *p.flags.model != "" && string(c.Model.Name) != *p.flags.model {
		return nil
	}
	return p.print(e, &c)
}

func (p *follower) print(e event, c *caption) error {
	var err error
	if *p.flags.format == "json" {
		var raw json.RawMessage
		if err := json.Unmarshal([]byte(e.data), &raw); err != nil {
			return refusal{notUnderstood(err)}
		}
		err = json.NewEncoder(p.s.out).Encode(map[string]any{"event": e.name, "data": raw})
	} else {
		line := c.line(p.tongues.named(c.Language))
		switch e.name {
		case "partial":
			line += " ~"
		case "edited":
			line += fmt.Sprintf(" (edited, #%d)", c.ID)
		}
		_, err = fmt.Fprintln(p.s.out, line)
	}
	if err != nil {
		return refusal{err}
	}
	return nil
}
