package camera

import (
	"fmt"

	"hindsight/appliance/capture/annexb"
	"hindsight/media"
)

// layout is how a stream's frames lie in memory, as the driver chose it.
type layout struct {
	format        fourcc
	width, height int     // pixels
	stride        int     // bytes from one row to the next, raw formats; 0: no padding
	rate          float64 // frames a second by the driver's word; 0: it does not say
}

// picture turns a frame into a picture (without its time), or says in a few
// words why it is none.
func (l *layout) picture(f frame) (p media.Picture, why string) {
	p = media.Picture{Width: l.width, Height: l.height, Data: f.data}
	if f.broken {
		return p, "the driver marked it as damaged"
	}
	if len(f.data) == 0 {
		return p, "empty frame"
	}
	switch l.format {
	case formatH264:
		p.Format = media.FormatH264
		if w, h, ok := annexb.Size(f.data); ok {
			l.width, l.height = w, h
		}
		p.Width, p.Height = l.width, l.height
	case formatMJPG, formatJPEG:
		p.Format = media.FormatMJPEG
		w, h, err := jpegSize(f.data)
		if err != nil {
			return p, "broken JPEG: " + err.Error()
		}
		p.Width, p.Height = w, h
	case formatYUYV:
		p.Format = media.FormatYUYV
		p.Data, why = tighten(f.data, plane{2 * l.width, l.height, l.stride})
	case formatYU12:
		p.Format = media.FormatI420
		w, h := (l.width+1)/2, (l.height+1)/2
		half := l.stride / 2
		p.Data, why = tighten(f.data, plane{l.width, l.height, l.stride}, plane{w, h, half}, plane{w, h, half})
	default:
		why = "unknown format " + l.format.String()
	}
	return p, why
}

// plane is a rectangle of bytes in a frame.
type plane struct {
	row, rows int // bytes that count in a row, and rows
	stride    int // bytes from row to row; less than row: no padding
}

// tighten returns the planes without the padding behind their rows.
func tighten(data []byte, planes ...plane) ([]byte, string) {
	var tight, padded int
	for i, p := range planes {
		planes[i].stride = max(p.stride, p.row)
		tight += p.row * p.rows
		padded += planes[i].stride*(p.rows-1) + p.row
	}
	switch {
	case len(data) < tight:
		return nil, fmt.Sprintf("short frame: %d of %d bytes", len(data), tight)
	case len(data) < padded && len(data) == tight, padded == tight:
		return data[:tight:tight], "" // some drivers name a stride that they do not use
	case len(data) < padded:
		return nil, fmt.Sprintf("short frame: %d of %d bytes", len(data), padded)
	}
	out := make([]byte, 0, tight)
	for _, p := range planes {
		for range p.rows {
			out = append(out, data[:p.row]...)
			data = data[min(p.stride, len(data)):]
		}
	}
	return out, ""
}
