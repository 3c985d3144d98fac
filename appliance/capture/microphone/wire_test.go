package microphone

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"
	"testing/iotest"
	"time"

	"hindsight/appliance/capture"
	"hindsight/media"
)

var messages = []message{
	format{48000, 2, "USB Mic: Audio"},
	format{8000, 1, ""},
	samples{90 * time.Minute, 0, false, []int16{1, -1, 32767, -32768}},
	samples{1<<63 - 1, 1 << 24, true, []int16{}},
	capture.Device{Kind: media.Audio, Name: "Ünicode", Address: "x", Driver: "portaudio", Modes: []capture.Mode{{Format: "S16", Rates: []float64{44100}, Channels: 2}}},
	failure("no microphone is plugged in"),
	failure(""),
	end{},
}

func written(t testing.TB, list ...message) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := newWireWriter(&b)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if err := w.write(m); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestWireGivesBackWhatWasWritten(t *testing.T) {
	r, err := newWireReader(iotest.OneByteReader(bytes.NewReader(written(t, messages...))))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range messages {
		got, err := r.read()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("message %d: %+v, %v; want %+v", i, got, err, want)
		}
	}
	if _, err := r.read(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

func TestWireIsAsDescribed(t *testing.T) {
	want := "HMIC\x00\x01" +
		"f\x00\x00\x00\x07" + "\x00\x00\xbb\x80" + "\x02" + "ab" +
		"s\x00\x00\x00\x11" + "\x00\x00\x00\x00\x00\x00\x01\x00" + "\x00\x00\x00\x07" + "\x01" + "\x01\x00\xfe\xff" +
		".\x00\x00\x00\x00"
	got := written(t, format{48000, 2, "ab"}, samples{256, 7, true, []int16{1, -2}}, end{})
	if string(got) != want {
		t.Errorf("%q\nwant %q", got, want)
	}
}

func TestWireWriteOfNoMessage(t *testing.T) {
	w, err := newWireWriter(io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.write("text"); err == nil {
		t.Error("a string is no message")
	}
}

var broken = []struct {
	name string
	data string
	err  error
}{
	{"nothing", "", io.EOF},
	{"other program", "usage: hindsight", errWire},
	{"next version", "HMIC\x00\x02", errWire},
	{"cut head", "HMIC", io.ErrUnexpectedEOF},
	{"cut message head", "HMIC\x00\x01f\x00", io.ErrUnexpectedEOF},
	{"cut payload", "HMIC\x00\x01e\x00\x00\x00\x05ab", io.ErrUnexpectedEOF},
	{"no payload", "HMIC\x00\x01e\x00\x00\x00\x05", io.ErrUnexpectedEOF},
	{"too long", "HMIC\x00\x01e\x00\x10\x00\x01", errWire},
	{"endless", "HMIC\x00\x01e\xff\xff\xff\xff", errWire},
	{"unknown type", "HMIC\x00\x01?\x00\x00\x00\x00", errWire},
	{"format cut", "HMIC\x00\x01f\x00\x00\x00\x04\x00\x00\xbb\x80", errWire},
	{"rate 0", "HMIC\x00\x01f\x00\x00\x00\x05\x00\x00\x00\x00\x02", errWire},
	{"rate beyond", "HMIC\x00\x01f\x00\x00\x00\x05\xff\xff\xff\xff\x02", errWire},
	{"no channel", "HMIC\x00\x01f\x00\x00\x00\x05\x00\x00\xbb\x80\x00", errWire},
	{"many channels", "HMIC\x00\x01f\x00\x00\x00\x05\x00\x00\xbb\x80\x03", errWire},
	{"samples cut", "HMIC\x00\x01s\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", errWire},
	{"half a sample", "HMIC\x00\x01s\x00\x00\x00\x0e\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01", errWire},
	{"time before the start", "HMIC\x00\x01s\x00\x00\x00\x0d\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", errWire},
	{"far behind", "HMIC\x00\x01s\x00\x00\x00\x0d\x00\x00\x00\x00\x00\x00\x00\x00\xff\x00\x00\x00\x00", errWire},
	{"odd flag", "HMIC\x00\x01s\x00\x00\x00\x0d\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02", errWire},
	{"device that is no JSON", "HMIC\x00\x01d\x00\x00\x00\x01{", errWire},
}

// first reads up to the first error.
func first(data []byte) (n int, err error) {
	r, err := newWireReader(bytes.NewReader(data))
	for ; err == nil; n++ {
		_, err = r.read()
	}
	return n, err
}

func TestWireRefusesWhatIsNone(t *testing.T) {
	for _, c := range broken {
		if _, err := first([]byte(c.data)); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
		}
	}
}

func FuzzWire(f *testing.F) {
	f.Add(written(f, messages...))
	for _, c := range broken {
		f.Add([]byte(c.data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := newWireReader(bytes.NewReader(data))
		for err == nil {
			var m message
			if m, err = r.read(); err != nil {
				return
			}
			// What was understood says the same when it is written again.
			again, err := newWireReader(bytes.NewReader(written(t, m)))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := again.read(); err != nil || !reflect.DeepEqual(got, m) {
				t.Fatalf("%+v became %+v, %v", m, got, err)
			}
		}
	})
}
