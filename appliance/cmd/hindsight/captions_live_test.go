package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// streams are streams of events and what is read of them; nil: an error.
var streams = []struct {
	name, text string
	want       []event
}{
	{"nothing", "", []event{}},
	{"a comment", ": still here\n\nretry: 2000\n\n", []event{}},
	{"an event", "event: final\nid: 3\ndata: {}\n\n", []event{{"final", "{}"}}},
	{"no blank behind the colon", "event:final\ndata:{}\n\n", []event{{"final", "{}"}}},
	{"line ends of others", "event: final\r\ndata: {}\r\n\r\n", []event{{"final", "{}"}}},
	{"two lines of data", "data: a\ndata: b\n\n", []event{{"", "a\nb"}}},
	{"a name does not stay", "event: final\n\ndata: a\n\n", []event{{"", "a"}}},
	{"cut off", "event: final\ndata: {}\n", []event{}},
	{"a colon in the data", "data: {\"a\":1}\n\n", []event{{"", `{"a":1}`}}},
	{"too long a line", "data: " + strings.Repeat("x", eventLine) + "\n\n", nil},
	{"too long in all", strings.Repeat("data: "+strings.Repeat("x", eventLine/2)+"\n", 3) + "\n", nil},
}

func TestReadEvents(t *testing.T) {
	for _, c := range streams {
		got := []event{}
		err := readEvents(strings.NewReader(c.text), func(e event) error { got = append(got, e); return nil })
		if (err != nil) != (c.want == nil) || c.want != nil && !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
}

func FuzzReadEvents(f *testing.F) {
	for _, c := range streams {
		if len(c.text) < 1000 {
			f.Add(c.text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		readEvents(strings.NewReader(text), func(e event) error { //nolint:errcheck // any answer but a crash
			if e.data == "" || !strings.Contains(text, e.name) {
				t.Fatalf("event %q of %q", e, text)
			}
			return nil
		})
	})
}

// A connection that breaks is taken up behind what was printed last.
func TestFollowAgain(t *testing.T) {
	const final = "event: final\nid: %d\ndata: {\"id\":%d,\"start\":{\"time\":\"2026-11-24T10:15:00Z\",\"trusted\":true},\"text\":\"text %d\",\"language\":\"ko\"}\n\n"
	since := make(chan string, 9)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := r.URL.Query().Get("since")
		since <- from
		if from == "" {
			fmt.Fprintf(w, final, 1, 1, 1)
			return
		}
		fmt.Fprintf(w, final, 2, 2, 2)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	out, done := &syncBuffer{}, make(chan int, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		done <- run(ctx, []string{"captions", "-f", "--url", server.URL}, io3{nil, out, &syncBuffer{}})
	}()
	until(t, "the second caption", func() bool { return strings.Contains(out.String(), "text 2\n") })
	cancel()
	if code := <-done; code != exitDone {
		t.Errorf("Ctrl-C: code %d", code)
	}
	if a, b := <-since, <-since; a != "" || b != "1" || strings.Count(out.String(), "text 1") != 1 {
		t.Errorf("since %q, then %q: %s", a, b, out)
	}
}

// The offset is that of the day that is printed.
func TestZoneAt(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	winter := time.Date(2026, 1, 10, 12, 0, 0, 0, time.UTC)
	for from, want := range map[string]string{"": "+01:00", "1.2000": "+01:00", "2026-07-01T10:00:00Z": "+02:00"} {
		if got := zoneAt(from, winter, berlin); got != want {
			t.Errorf("from %q: %s, want %s", from, got, want)
		}
	}
}
