package encode

import (
	"testing"
	"time"

	"hindsight/media"
)

// One picture of 1280x720 from the camera's format to the unit that is stored.
func BenchmarkVideo720p(b *testing.B) {
	for name, f := range map[string]media.Format{"MJPEG": media.FormatMJPEG, "YUYV": media.FormatYUYV, "I420": media.FormatI420} {
		b.Run(name, func(b *testing.B) {
			pictures, err := testPictures(1280, 720, f)
			if err != nil {
				b.Fatal(err)
			}
			benchmarkVideo(b, newVideo(b, VideoOptions{Rate: 30}), pictures)
		})
	}
	b.Run("MJPEG untouched", func(b *testing.B) {
		pictures, err := testPictures(1280, 720, media.FormatMJPEG)
		if err != nil {
			b.Fatal(err)
		}
		benchmarkVideo(b, newVideo(b, VideoOptions{Rate: 30, Untouched: true}), pictures)
	})
	b.Run("H264 passed through", func(b *testing.B) {
		raw, err := testPictures(1280, 720, media.FormatI420)
		if err != nil {
			b.Fatal(err)
		}
		v := newVideo(b, VideoOptions{Rate: 30})
		var pictures []media.Picture
		for i := range 30 {
			p := raw[i%len(raw)]
			p.At = hour + time.Duration(i)*time.Second/30
			_, unit := encodeOne(b, v, p)
			split, err := SplitLengths(unit.Payload)
			if err != nil {
				b.Fatal(err)
			}
			pictures = append(pictures, media.Picture{Format: media.FormatH264, Width: 1280, Height: 720, Data: JoinAnnexB(split...)})
		}
		benchmarkVideo(b, newVideo(b, VideoOptions{Rate: 30}), pictures)
	})
}

func benchmarkVideo(b *testing.B, v *Video, pictures []media.Picture) {
	b.Helper()
	b.ReportAllocs()
	bytes, n := 0, 0
	for b.Loop() {
		p := pictures[n%len(pictures)]
		p.At = hour + time.Duration(n)*time.Second/30
		_, unit := encodeOne(b, v, p)
		bytes += len(unit.Payload)
		n++
	}
	b.ReportMetric(float64(bytes)/float64(n), "B/picture")
}

// 20 ms of sound from the microphone's rate to the unit that is stored.
func BenchmarkAudio20ms(b *testing.B) {
	for _, c := range []struct {
		name           string
		rate, channels int
	}{{"48k mono", 48000, 1}, {"48k stereo", 48000, 2}, {"44.1k stereo", 44100, 2}, {"16k mono", 16000, 1}} {
		b.Run(c.name, func(b *testing.B) {
			m := &microphone{rate: c.rate, channels: c.channels, piece: c.rate / 50, sound: clicks}
			var pieces []media.Sound
			for range 100 {
				pieces = append(pieces, m.next())
			}
			a, err := NewAudio(AudioOptions{})
			if err != nil {
				b.Fatal(err)
			}
			defer a.Close()
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				s := pieces[n%len(pieces)]
				s.At = hour + time.Duration(n)*20*time.Millisecond
				if _, err := a.Write(s); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
}
