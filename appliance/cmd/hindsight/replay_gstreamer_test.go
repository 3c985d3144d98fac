package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// rtspsrc is how GStreamer's client is set.
type rtspsrc struct {
	onvif string // onvif-mode: nothing, 1, or 2 with a description that has a range of the clock
	rate  bool   // onvif-rate-control
	live  bool   // is-live
}

// errCrashed is what a client ends with that is broken in itself.
var errCrashed = errors.New("rtspsrc before 1.22.5 ended with a segmentation fault")

// gstreamer plays an address by rtspsrc; see testdata/gst-replay.py.
func (r *reel) gstreamer(t *testing.T, address string, src rtspsrc, steps ...string) []uint32 {
	t.Helper()
	pictures, err := r.tryGStreamer(t, address, src, steps...)
	if err != nil {
		t.Fatal(err)
	}
	return pictures
}

func (r *reel) tryGStreamer(t *testing.T, address string, src rtspsrc, steps ...string) ([]uint32, error) {
	t.Helper()
	flag := map[bool]string{false: "0", true: "1"}
	file := filepath.Join(t.TempDir(), "pictures")
	args := append([]string{"testdata/gst-replay.py", r.rtsp + address, file, cmp.Or(src.onvif, "0"), flag[src.rate], flag[src.live]}, steps...)
	ctx, cancel := context.WithTimeout(t.Context(), hangLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool(t, "/usr/bin/python3", "python3-gi"), args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGSEGV && before1225(string(out)) {
		return nil, errCrashed
	}
	if err != nil {
		return nil, fmt.Errorf("gst-replay.py %v: %w\n%s%s", args, err, out, said.String())
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return painted(t, b), nil
}

// before1225 reports whether a script said that its rtspsrc is older than 1.22.5.
func before1225(out string) bool {
	var major, minor, micro int
	_, err := fmt.Sscanf(out, "rtspsrc %d.%d.%d", &major, &minor, &micro)
	return err == nil && (major*1000+minor)*1000+micro < 1022005
}

// since1900 is a moment as rtspsrc counts with ONVIF: seconds since 1900.
func since1900(at time.Time) string {
	return fmt.Sprintf("%d.%09d", at.Unix()+2208988800, at.Nanosecond())
}

// GStreamer's ONVIF mode finds moments by the clock in each of its four kinds: with the
// key frame before or at the picture itself, whole from the first picture on, and it
// hears of the end of what it asked for.
//
// With is-live=false rtspsrc before 1.22.5 ends with a segmentation fault at the first packet of any
// server. There is-live=true is the way, which has to work.
func TestReplayByONVIF(t *testing.T) {
	r := film(t, 25*30)
	const slack = 10 * time.Millisecond // behind the beginning of the picture that is meant
	at := func(i int) string { return since1900(r.wall[i].Add(slack)) }
	const jump, exact, from, to = 417, 222, 310, 371
	var want []uint32
	for _, x := range []struct {
		first uint32
		n     int
	}{{r.first, 3}, {r.key(jump), 40}, {r.first + exact, 40}, {r.first + from, to - from}} {
		for i := range x.n {
			want = append(want, x.first+uint32(i))
		}
	}
	for _, live := range []bool{true, false} {
		for _, rate := range []bool{true, false} {
			t.Run(fmt.Sprintf("is-live=%v onvif-rate-control=%v", live, rate), func(t *testing.T) {
				src := rtspsrc{onvif: "2", rate: rate, live: live}
				got, err := r.tryGStreamer(t, "/cam/timeline", src,
					"3", "@"+at(jump), "40", "="+at(exact), "40", "="+at(from)+"-"+since1900(r.wall[to].Add(-slack)), "eos")
				if errors.Is(err, errCrashed) && !live {
					t.Log(err)
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("pictures %s, want %s", stretches(got), stretches(want))
				}
			})
		}
	}
	t.Run("a moment in the address", func(t *testing.T) {
		got := r.gstreamer(t, "/cam/at/"+r.wall[jump].Add(slack).UTC().Format("20060102T150405.000Z"), rtspsrc{onvif: "1", rate: true, live: true}, "10", "@3", "10")
		if len(got) != 20 || got[0] != r.key(jump) {
			t.Fatalf("pictures %s, want those from %d on", stretches(got), r.key(jump))
		}
		checkRow(t, got[:10])
		checkRow(t, got[10:])
	})
}

// stretches tells numbers that go up by one shortly.
func stretches(all []uint32) string {
	var b strings.Builder
	for i := 0; i < len(all); {
		j := i + 1
		for j < len(all) && all[j] == all[j-1]+1 {
			j++
		}
		fmt.Fprintf(&b, " %d-%d", all[i], all[j-1])
		i = j
	}
	return b.String()
}
