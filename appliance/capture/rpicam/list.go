package rpicam

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"time"

	"hindsight/appliance/capture"
	"hindsight/appliance/capture/child"
	"hindsight/media"
)

const (
	listPatience = 10 * time.Second
	listLongest  = 1 << 20 // bytes of the list
)

// module is a camera as the program lists it.
type module struct {
	index         int
	name          string // the sensor, as in imx708_wide
	path          string // where it is connected, as in /base/soc/i2c0mux/i2c@1/imx708@1a
	width, height int    // pixels of the sensor
	modes         []sensorMode
}

// sensorMode is one way in which a sensor is read out.
type sensorMode struct {
	width, height int
	rate          float64 // frames a second, at most
}

// List names the camera modules. Where the program is not installed there are none.
func List(ctx context.Context) ([]capture.Device, error) {
	devices := []capture.Device{}
	if _, err := program(); err != nil {
		return devices, nil
	}
	modules, err := ask(ctx)
	for i, m := range modules {
		d := capture.Device{
			Kind: media.Video, Name: m.name, Address: Address, Stable: Address + ":" + m.path,
			Driver: "rpicam", Default: i == 0, Modes: m.offered(),
		}
		if m.index > 0 {
			d.Address = fmt.Sprintf("%s:%d", Address, m.index)
		}
		devices = append(devices, d)
	}
	return devices, err
}

// ask runs the program for its list.
func ask(ctx context.Context) ([]module, error) {
	path, err := program()
	if err != nil {
		return nil, err
	}
	p, err := child.Start(path, []string{"--list-cameras"}, nil)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	defer context.AfterFunc(ctx, p.Kill)()
	p.Within(listPatience)
	text, err := io.ReadAll(io.LimitReader(p, listLongest))
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, fmt.Errorf("%s --list-cameras did not end within %v", path, listPatience)
	case err != nil:
		return nil, fmt.Errorf("%s --list-cameras: %w", path, err)
	}
	return parseList(text), nil
}

var (
	// 0 : imx708_wide [4608x2592 10-bit RGGB] (/base/soc/i2c0mux/i2c@1/imx708@1a)
	moduleLine = regexp.MustCompile(`^\s*(\d{1,3}) : (.+?) \[(\d{1,5})x(\d{1,5})[^\]]*\] \((/[^)\s]+)\)`)
	// 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]
	modeText = regexp.MustCompile(`(\d{1,5})x(\d{1,5}) \[(\d{1,4}(?:\.\d+)?) fps`)
)

// parseList reads what --list-cameras prints. Lines that mean nothing are passed over.
func parseList(text []byte) []module {
	var modules []module
	for line := range bytes.Lines(text) {
		if m := moduleLine.FindSubmatch(line); m != nil {
			modules = append(modules, module{
				index: atoi(m[1]), name: string(m[2]), path: string(m[5]), width: atoi(m[3]), height: atoi(m[4]),
			})
			continue
		}
		if len(modules) == 0 {
			continue
		}
		last := &modules[len(modules)-1]
		for _, m := range modeText.FindAllSubmatch(line, -1) {
			rate, err := strconv.ParseFloat(string(m[3]), 64)
			if mode := (sensorMode{atoi(m[1]), atoi(m[2]), rate}); err == nil && mode.width > 0 && mode.height > 0 && rate > 0 {
				last.modes = append(last.modes, mode)
			}
		}
	}
	return modules
}

// atoi reads up to five digits.
func atoi(b []byte) int {
	n, _ := strconv.Atoi(string(b)) // digits by the pattern
	return n
}

// offered are common sizes that the encoder makes of the sensor's modes, with
// the highest rate at which a mode holds as many pixels.
func (m module) offered() []capture.Mode {
	modes := []capture.Mode{}
	for _, size := range [][2]int{{640, 480}, {1280, 720}, {1920, 1080}} {
		var rate float64
		for _, s := range m.modes {
			if s.width >= size[0] && s.height >= size[1] {
				rate = max(rate, s.rate)
			}
		}
		if rate > 0 {
			modes = append(modes, capture.Mode{Format: "H264", Width: size[0], Height: size[1], Rates: []float64{rate}})
		}
	}
	return modes
}
