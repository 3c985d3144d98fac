package microphone

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"
)

// The test binary is also the child: with the fake sound library that
// MICROPHONE_STANDIN describes, or without one, with PortAudio.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 || os.Args[1] != Command {
		os.Exit(m.Run())
	}
	behaviour := os.Getenv("MICROPHONE_STANDIN")
	if behaviour == "" {
		os.Exit(Child(os.Args[2:], os.Stdout, os.Stderr))
	}
	go func() { // whatever happens, it does not stay
		<-time.After(10 * time.Minute)
		os.Exit(9)
	}()
	os.Exit(serve(os.Args[2:], os.Stdout, os.Stderr, func() (backend, error) { return newFake(behaviour) }))
}

// fakeLibrary is a sound library that behaves as a test wants.
type fakeLibrary struct{ behaviour string }

func newFake(behaviour string) (backend, error) {
	// Libraries write where they like; neither may reach the other side.
	fmt.Println("jack server is not running or cannot be started")
	os.Stdout.WriteString("HMIC\x00\x01e\x00\x00\x00\x03bad")
	fmt.Fprintln(os.Stderr, "ALSA lib pcm.c:2664: Unknown PCM cards.pcm.rear")
	switch behaviour {
	case "no library":
		return nil, errors.New("start PortAudio: it will not")
	case "crashes":
		fmt.Fprintln(os.Stderr, "fatal error: unexpected signal")
		os.Exit(2)
	case "hangs at once":
		<-make(chan int)
	}
	return fakeLibrary{behaviour}, nil
}

func (f fakeLibrary) Inputs() ([]input, error) {
	return []input{
		{index: 0, name: "HDA Intel: ALC257 (hw:90,0)", channels: 2, rate: 44100},
		{index: 1, name: "HDA Intel: HDMI 0 (hw:90,3)", rate: 44100},
		{index: 2, name: "USB Audio: Mic (hw:91,0)", channels: 1, rate: 16000},
		{index: 3, name: "default", channels: 32, rate: 44100, isDefault: true},
	}, nil
}

func (f fakeLibrary) Takes(in input, rate, _ int) bool { return in.index != 2 || rate == 16000 }

func (f fakeLibrary) Open(in input, rate, channels, block int, latency time.Duration) (stream, error) {
	if f.behaviour == "refuses" || in.index == 2 && (rate != 16000 || latency == wantLatency) {
		return nil, errors.New("Invalid sample rate")
	}
	return &fakeStream{behaviour: f.behaviour, rate: rate, channels: channels, block: block, next: time.Now()}, nil
}

// fakeStream gives blocks at the rate of the clock, each sample its number.
type fakeStream struct {
	behaviour             string
	rate, channels, block int
	n                     int
	next                  time.Time
}

func (s *fakeStream) Read() ([]int16, bool, error) {
	lost := false
	switch {
	case s.behaviour == "dies" && s.n == 5:
		return nil, false, errors.New("Input/output error")
	case s.behaviour == "dies without a word" && s.n == 5:
		return nil, false, errors.New("")
	case s.behaviour == "hangs" && s.n == 5:
		<-make(chan int)
	case s.behaviour == "loses" && s.n == 5:
		lost = true
		s.next = s.next.Add(200 * time.Millisecond)
	}
	s.n++
	s.next = s.next.Add(time.Second / blocks)
	time.Sleep(time.Until(s.next))
	data := make([]int16, s.block*s.channels)
	for i := range data {
		data[i] = int16(s.n)
	}
	return data, lost, nil
}

func (s *fakeStream) Behind() int { return 0 }
