package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/pion/rtp"
)

// reader is a live reader that notices every packet that is missing.
type reader struct {
	client   gortsplib.Client
	packets  atomic.Int64
	pictures atomic.Int64
	missing  atomic.Int64
}

func (r *reader) open(address string) error {
	u, err := base.ParseURL(address)
	if err != nil {
		return err
	}
	tcp := gortsplib.ProtocolTCP
	r.client = gortsplib.Client{Scheme: u.Scheme, Host: u.Host, Protocol: &tcp}
	if err := r.client.Start(); err != nil {
		return err
	}
	desc, _, err := r.client.Describe(u)
	if err != nil {
		return err
	}
	if err := r.client.SetupAll(desc.BaseURL, desc.Medias); err != nil {
		return err
	}
	var mu sync.Mutex
	last := map[*description.Media]uint16{}
	r.client.OnPacketRTPAny(func(m *description.Media, _ format.Format, p *rtp.Packet) {
		mu.Lock()
		defer mu.Unlock()
		if n, ok := last[m]; ok {
			r.missing.Add(int64(p.SequenceNumber - n - 1))
		}
		last[m] = p.SequenceNumber
		r.packets.Add(1)
		if m.Type == description.MediaTypeVideo && p.Marker {
			r.pictures.Add(1)
		}
	})
	_, err = r.client.Play(nil)
	return err
}

// neverReads asks for the stream and takes nothing of it.
func neverReads(t *testing.T, host string) {
	t.Helper()
	c, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() }) //nolint:errcheck // the server may have closed it
	url := "rtsp://" + host + "/cam"
	fmt.Fprintf(c, "DESCRIBE %s RTSP/1.0\r\nCSeq: 1\r\n\r\n", url)
	fmt.Fprintf(c, "SETUP %s/trackID=0 RTSP/1.0\r\nCSeq: 2\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n", url)
	b := make([]byte, 4096)
	n, err := c.Read(b)
	if err != nil {
		t.Fatalf("%v after %q", err, b[:n])
	}
	fmt.Fprintf(c, "PLAY %s RTSP/1.0\r\nCSeq: 3\r\n\r\n", url)
}

// garbage sends random bytes, again and again, until the test ends.
func garbage(t *testing.T, host string, stop <-chan struct{}, wg *sync.WaitGroup) {
	t.Helper()
	wg.Go(func() {
		noise := rand.NewChaCha8([32]byte{1})
		b := make([]byte, 4096)
		for {
			select {
			case <-stop:
				return
			default:
			}
			c, err := net.Dial("tcp", host)
			if err != nil {
				continue
			}
			for err == nil {
				noise.Read(b)                              //nolint:errcheck // it never fails
				c.SetDeadline(time.Now().Add(time.Second)) //nolint:errcheck // the write tells
				_, err = c.Write(b)                        // until the server has had enough
				if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
					break
				}
			}
			c.Close() //nolint:errcheck // the server may have closed it
		}
	})
}

// Fifty live readers, one that never reads and one that sends random bytes: no
// reader misses a packet, and nothing is missing in the recording.
func TestManyReaders(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	s := serveIn(t, data, "--video", "demo", "--audio", "demo", "--size", "320x240", "--rate", "25")
	s.more("video", 25)
	host := s.rtsp[len("rtsp://"):]
	stop := make(chan struct{})
	var wg sync.WaitGroup
	garbage(t, host, stop, &wg)
	neverReads(t, host)
	readers := make([]reader, 50)
	for i := range readers {
		if err := readers[i].open(s.rtsp + "/cam"); err != nil {
			t.Fatalf("reader %d: %v", i, err)
		}
		defer readers[i].client.Close()
	}
	const pictures = 15 * 25
	for i := range readers {
		until(t, fmt.Sprintf("%d pictures of reader %d", pictures, i), func() bool { return readers[i].pictures.Load() >= pictures })
	}
	for i := range readers {
		if n := readers[i].missing.Load(); n != 0 {
			t.Errorf("reader %d misses %d of %d packets", i, n, readers[i].packets.Load())
		}
	}
	close(stop)
	wg.Wait()
	var st struct {
		Cameras []struct {
			Drops []struct {
				Reason string
				Count  int
			}
		}
	}
	s.get("/api/v1/status", &st)
	if len(st.Cameras) != 1 || len(st.Cameras[0].Drops) != 0 {
		t.Errorf("the recorder dropped: %+v", st)
	}
	file := filepath.Join(t.TempDir(), "x.mp4")
	if r := runProgram(t, "export", "--data", data, "--from", "-14s", "--to", "-1s", "-o", file); r.code != 0 {
		t.Fatalf("export: %s", r.err)
	}
	s.stop()
	if m := measure(t, "-frames", fmt.Sprint(13*25), "-max-offset", "20ms", "-no-gaps", file); m.code != 0 {
		t.Errorf("the recording is not in order: %s%s", m.out, m.err)
	}
	checkClean(t, data)
}
