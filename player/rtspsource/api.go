package rtspsource

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/url"
	"time"

	"hindsight/media"
)

// mostAnswer bounds what an answer of the API may hold: gaps of years.
const mostAnswer = 64 << 20

// moment is one of the API's.
type moment struct {
	Run     media.Run `json:"run"`
	MediaMS float64   `json:"media_ms"`
	Time    time.Time `json:"time"`
	Trusted bool      `json:"trusted"`
}

func (m moment) position() media.Position { return media.Position{Run: m.Run, Time: millis(m.MediaMS)} }

// millis is a number of milliseconds, to the microsecond.
func millis(ms float64) time.Duration {
	return time.Duration(math.Round(ms*1000)) * time.Microsecond
}

// shape is where there is recording, and why not elsewhere.
type shape struct {
	Spans []struct {
		From       moment  `json:"from"`
		To         moment  `json:"to"`
		RecordedMS float64 `json:"recorded_ms"`
	} `json:"spans"`
	Gaps []struct {
		Kind   string       `json:"kind"`
		From   moment       `json:"from"`
		Until  *moment      `json:"until"`
		Reason media.Reason `json:"reason"`
		Detail string       `json:"detail"`
	} `json:"gaps"`
}

// camera is one as the status has it.
type camera struct {
	Name   string  `json:"name"`
	State  string  `json:"state"`
	Newest *moment `json:"newest"`
}

// ask asks the API.
func (s *Source) ask(ctx context.Context, path string, answer any) error {
	if s.o.Get == nil {
		return errors.New("the recorder's HTTP API is not there")
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	res, err := s.o.Get(ctx, path)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return json.NewDecoder(io.LimitReader(res.Body, mostAnswer)).Decode(answer)
}

// shape asks for the whole recording, or for what it has at a time.
func (s *Source) shape(ctx context.Context, at time.Time) (sh shape, err error) {
	q := url.Values{"camera": {s.camera}}
	if !at.IsZero() {
		q.Set("from", at.UTC().Format(time.RFC3339Nano))
		q.Set("to", at.Add(time.Second).UTC().Format(time.RFC3339Nano))
	}
	return sh, s.ask(ctx, "/api/v1/timeline?"+q.Encode(), &sh)
}

// state asks how the camera is.
func (s *Source) state(ctx context.Context) (camera, error) {
	var st struct {
		Cameras []camera `json:"cameras"`
	}
	if err := s.ask(ctx, "/api/v1/status", &st); err != nil {
		return camera{}, err
	}
	for _, c := range st.Cameras {
		if c.Name == s.camera {
			return c, nil
		}
	}
	return camera{}, errors.New("the recorder has no camera " + s.camera)
}
