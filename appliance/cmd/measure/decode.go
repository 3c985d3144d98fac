package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"hindsight/appliance/pattern"
)

// input is what is measured.
type input struct {
	name      string
	seconds   float64 // 0: all
	transport string
}

func (in input) live() bool {
	return strings.HasPrefix(in.name, "rtsp://") || strings.HasPrefix(in.name, "rtsps://")
}

// open are the arguments of ffmpeg and ffprobe that open it.
func (in input) open() []string {
	if in.live() {
		return []string{"-rtsp_transport", in.transport}
	}
	return nil
}

// streams is what ffprobe says about it.
type streams struct {
	width, height   int
	video, audio    bool
	scale           int // the picture is made smaller by this for reading
	square          int // edge of a square in the smaller picture
	smallW, smallH  int
	croppedW, cropH int // what is left of the picture so that scale divides it
}

func probe(ctx context.Context, in input) (streams, error) {
	args := append([]string{"-v", "error"}, in.open()...)
	args = append(args, "-show_entries", "stream=codec_type,width,height", "-of", "json", in.name)
	cmd := exec.CommandContext(ctx, "ffprobe", args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return streams{}, errors.New("ffprobe is not installed; the package is called ffmpeg")
	}
	if err != nil {
		return streams{}, fmt.Errorf("%s cannot be opened: %s", in.name, lastLine(stderr.String()))
	}
	var doc struct {
		Streams []struct {
			Type          string `json:"codec_type"`
			Width, Height int
		}
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		return streams{}, fmt.Errorf("ffprobe's answer: %w", err)
	}
	var s streams
	for _, st := range doc.Streams {
		switch {
		case st.Type == "video" && !s.video:
			s.video, s.width, s.height = true, st.Width, st.Height
		case st.Type == "audio":
			s.audio = true
		}
	}
	if !s.video && !s.audio {
		return streams{}, fmt.Errorf("%s has neither pictures nor sound", in.name)
	}
	return s, s.fit()
}

// fit finds how small the picture may be made for its squares to be read well.
func (s *streams) fit() error {
	if !s.video {
		return nil
	}
	edge := pattern.Square(s.width)
	if edge < 2 {
		return fmt.Errorf("a picture of %dx%d is too small to have squares", s.width, s.height)
	}
	s.scale = 1
	for k := 2; edge/k >= 8; k++ {
		if edge%k == 0 {
			s.scale = k
		}
	}
	s.square = edge / s.scale
	s.smallW, s.smallH = s.width/s.scale, s.height/s.scale
	s.croppedW, s.cropH = s.smallW*s.scale, s.smallH*s.scale
	return nil
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// sink takes what is decoded, each kind in order; both may be called at the same time.
type sink interface {
	frame(at time.Duration, luma []byte)
	sound(at int64, left, right []int16) // at: in samples of 48 kHz
}

// decode runs ffmpeg over the input. Pictures come as small grey ones over its
// standard output, sound as PCM over a pipe, the times of both as lines of its log.
func decode(ctx context.Context, in input, s streams, to sink) error {
	pcm, pcmWriter, err := os.Pipe()
	if err != nil {
		return err
	}
	defer pcm.Close()
	cmd := exec.CommandContext(ctx, "ffmpeg", arguments(in, s)...)
	cmd.ExtraFiles = []*os.File{pcmWriter}
	pictures, err := cmd.StdoutPipe()
	if err == nil {
		var log io.ReadCloser
		if log, err = cmd.StderrPipe(); err == nil {
			err = cmd.Start()
			pcmWriter.Close()
			if err == nil {
				return follow(cmd, s, to, pictures, pcm, log)
			}
		}
	}
	pcmWriter.Close()
	return fmt.Errorf("ffmpeg cannot be run (is the package ffmpeg installed?): %w", err)
}

func arguments(in input, s streams) []string {
	args := append([]string{"-hide_banner", "-nostdin", "-nostats", "-loglevel", "info"}, in.open()...)
	if in.seconds > 0 {
		args = append(args, "-t", fmt.Sprint(in.seconds))
	}
	args = append(args, "-i", in.name)
	if s.video {
		chain := fmt.Sprintf("settb=1/1000000,crop=%d:%d:0:%d,scale=%d:%d:flags=area,format=gray,showinfo=checksum=0",
			s.croppedW, s.cropH, s.height-s.cropH, s.smallW, s.smallH)
		args = append(args, "-map", "0:v:0", "-vf", chain, "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1")
	}
	if s.audio {
		args = append(args, "-map", "0:a:0", "-af", "aresample=48000,aformat=sample_fmts=s16:channel_layouts=stereo,asettb=1/48000,ashowinfo",
			"-c:a", "pcm_s16le", "-f", "s16le", "pipe:3")
	}
	return args
}

// follow reads all that the running ffmpeg gives.
func follow(cmd *exec.Cmd, s streams, to sink, pictures, pcm, log io.Reader) error {
	times := newTimes()
	var wg sync.WaitGroup
	var last string
	wg.Go(func() { last = times.read(log) })
	var errV, errA error
	if s.video {
		wg.Go(func() { errV = readPictures(pictures, s, times, to) })
	}
	if s.audio {
		wg.Go(func() { errA = readSound(pcm, times, to) })
	}
	wg.Wait()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("ffmpeg: %s", last)
	}
	return errors.Join(errV, errA)
}

func readPictures(from io.Reader, s streams, times *times, to sink) error {
	br := bufio.NewReaderSize(from, 1<<20)
	luma := make([]byte, s.smallW*s.smallH)
	for {
		_, err := io.ReadFull(br, luma)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("picture: %w", err)
		}
		at, ok := times.frame()
		if !ok {
			return errors.New("ffmpeg gave a picture without its time")
		}
		to.frame(at, luma)
	}
}

func readSound(from io.Reader, times *times, to sink) error {
	br := bufio.NewReaderSize(from, 1<<18)
	var raw []byte
	for {
		if _, err := br.Peek(1); err == io.EOF {
			return nil
		}
		at, n, ok := times.piece()
		if !ok {
			return errors.New("ffmpeg gave sound without its time")
		}
		if cap(raw) < 4*n {
			raw = make([]byte, 4*n)
		}
		raw = raw[:4*n]
		if _, err := io.ReadFull(br, raw); err != nil {
			return fmt.Errorf("sound: %w", err)
		}
		left, right := make([]int16, n), make([]int16, n)
		for i := range n {
			left[i] = int16(uint16(raw[4*i]) | uint16(raw[4*i+1])<<8)
			right[i] = int16(uint16(raw[4*i+2]) | uint16(raw[4*i+3])<<8)
		}
		to.sound(at, left, right)
	}
}
