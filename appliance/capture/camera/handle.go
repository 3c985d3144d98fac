package camera

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/blackjack/webcam"
	"github.com/blackjack/webcam/ioctl"
	"golang.org/x/sys/unix"
)

const (
	buffers      = 6                     // frames that the driver may be ahead
	retryWait    = 10 * time.Millisecond // after a wake-up without a frame
	deviceFolder = "/dev"
)

// v4l2 is the machine's cameras.
type v4l2 struct{}

// Paths are /dev/video0 and so on.
func (v4l2) Paths() []string {
	paths, _ := filepath.Glob(deviceFolder + "/video*") // the pattern is right
	paths = slices.DeleteFunc(paths, func(p string) bool { return number(p) < 0 })
	slices.SortFunc(paths, func(a, b string) int { return number(a) - number(b) })
	return paths
}

// Now reads CLOCK_MONOTONIC.
func (v4l2) Now() time.Duration {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // every kernel has it
	return time.Duration(now.Nano())
}

// number is the N of /dev/videoN; -1 for another path.
func number(path string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(path, deviceFolder+"/video"))
	if err != nil {
		return -1
	}
	return n
}

// handle is an opened node.
type handle struct {
	path string
	cam  *webcam.Webcam
	fd   int
}

// Open opens a node. Children that are started later do not inherit it: as long
// as one of them had it open, the camera would stay busy after Close. (One that
// is forked in the microsecond before this is known inherits it all the same.)
func (v4l2) Open(path string) (device, error) {
	cam, err := webcam.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	fd, err := descriptor(cam)
	if err != nil {
		cam.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	unix.CloseOnExec(fd)
	return &handle{path, cam, fd}, nil
}

// descriptor is the file descriptor, which webcam keeps to itself.
func descriptor(cam *webcam.Webcam) (int, error) {
	v := reflect.ValueOf(cam).Elem().FieldByName("fd")
	if !v.IsValid() || !v.CanUint() {
		return 0, errors.New("this version of the package webcam keeps its descriptor elsewhere")
	}
	return int(v.Uint()), nil
}

// Identity asks the driver, and udev's links.
func (h *handle) Identity() identity {
	name, _ := h.cam.GetName() // a driver without a name is known by its bus
	bus, _ := h.cam.GetBusInfo()
	return identity{path: h.path, name: strings.TrimSpace(name), bus: bus, byID: byID(h.path)}
}

// byID is udev's link to the node that holds maker, model and serial number; "" without one.
func byID(path string) string {
	links, _ := filepath.Glob("/dev/v4l/by-id/*") // the pattern is right
	for _, link := range links {
		if to, err := filepath.EvalSymlinks(link); err == nil && to == path {
			return link
		}
	}
	return ""
}

// Try sets a mode's format and size; the driver may change the size, not the format.
func (h *handle) Try(m mode) error {
	got, _, _, err := h.cam.SetImageFormat(webcam.PixelFormat(m.format), uint32(m.width), uint32(m.height))
	if err != nil {
		return fmt.Errorf("set %v %dx%d: %w", m.format, m.width, m.height, err)
	}
	if fourcc(got) != m.format {
		return fmt.Errorf("asked for %v the driver gives %v", m.format, fourcc(got))
	}
	return nil
}

// Start sets the mode and begins.
func (h *handle) Start(m mode) (layout, error) {
	if err := h.Try(m); err != nil {
		return layout{}, err
	}
	l, err := h.layout()
	if err != nil {
		return layout{}, err
	}
	// A driver that has one rate only refuses to set it.
	_ = h.cam.SetFramerate(float32(m.rate))
	if rate, err := h.cam.GetFramerate(); err == nil {
		l.rate = float64(rate)
	}
	if m.format == formatH264 {
		h.shape(max(1, int32(m.rate+0.5)))
	}
	if err := h.cam.SetBufferCount(buffers); err != nil {
		return layout{}, err
	}
	if err := h.cam.StartStreaming(); err != nil {
		h.unmap()
		return layout{}, fmt.Errorf("start: %w", errnoIn(err))
	}
	return l, nil
}

// shape asks an H.264 camera for a key frame each second, with its parameter
// sets. Most cameras have no such control.
func (h *handle) shape(period int32) {
	const (
		repeatHeaders = 0x009909e2 // V4L2_CID_MPEG_VIDEO_REPEAT_SEQ_HEADER
		intraPeriod   = 0x00990a66 // V4L2_CID_MPEG_VIDEO_H264_I_PERIOD
	)
	_ = h.cam.SetControl(repeatHeaders, 1)
	_ = h.cam.SetControl(intraPeriod, period)
}

// unmap frees the buffers of a start that failed. webcam forgets them, and as
// long as one is mapped the kernel keeps the camera busy, also after Close.
func (h *handle) unmap() {
	v := reflect.ValueOf(h.cam).Elem().FieldByName("buffers")
	if !v.IsValid() || v.Kind() != reflect.Slice {
		return
	}
	for i := range v.Len() {
		if b := v.Index(i).Bytes(); len(b) > 0 {
			_ = unix.Munmap(b)
		}
	}
}

// errnoIn finds the kernel's error again that webcam put into words.
func errnoIn(err error) error {
	for _, e := range []unix.Errno{unix.ENOSPC, unix.EBUSY, unix.EIO, unix.ENODEV, unix.EPROTO, unix.EINVAL, unix.ENOMEM} {
		if strings.HasSuffix(err.Error(), e.Error()) {
			return fmt.Errorf("%s: %w", strings.TrimSuffix(err.Error(), ": "+e.Error()), e)
		}
	}
	return err
}

// Next waits for a frame and copies it: the buffer goes back to the driver, and
// is unmapped by Close.
func (h *handle) Next() (f frame, err error) {
	defer func() {
		// webcam trusts the driver's numbers of buffers and bytes.
		if p := recover(); p != nil {
			err = fmt.Errorf("the driver gives nonsense: %v", p)
		}
	}()
	err = h.cam.WaitForFrame(1)
	var timeout *webcam.Timeout
	if errors.As(err, &timeout) {
		return frame{}, &idleError{time.Second}
	}
	if err != nil {
		return frame{}, fmt.Errorf("wait for a frame: %w", err)
	}
	raw, index, err := h.cam.GetFrame()
	if errors.Is(err, unix.EAGAIN) {
		time.Sleep(retryWait) // the driver wakes without a frame: do not turn in circles
		return frame{}, &idleError{retryWait}
	}
	if err != nil {
		return frame{}, fmt.Errorf("get a frame: %w", err)
	}
	f = h.facts(index)
	f.data = bytes.Clone(raw)
	if err := h.cam.ReleaseFrame(index); err != nil {
		return frame{}, fmt.Errorf("release a frame: %w", err)
	}
	return f, nil
}

// Close stops and closes; a camera that is gone has nothing to say any more.
func (h *handle) Close() { _ = h.cam.Close() }

// layout asks the driver what it really chose (VIDIOC_G_FMT); webcam returns
// the size that it was asked for.
func (h *handle) layout() (layout, error) {
	var format struct {
		kind uint32
		_    [unsafe.Sizeof(uintptr(0)) - 4]byte // the union is aligned to a pointer
		pix  [200]byte
	}
	const videoCapture = 1 // V4L2_BUF_TYPE_VIDEO_CAPTURE
	format.kind = videoCapture
	request := ioctl.IoRW('V', 4, unsafe.Sizeof(format))
	if err := ioctl.Ioctl(uintptr(h.fd), request, uintptr(unsafe.Pointer(&format))); err != nil {
		return layout{}, fmt.Errorf("ask for the format: %w", err)
	}
	word := func(i int) uint32 { return binary.NativeEndian.Uint32(format.pix[4*i:]) }
	l := layout{width: int(word(0)), height: int(word(1)), format: fourcc(word(2)), stride: int(word(4))}
	if l.width <= 0 || l.height <= 0 || l.width > 1<<14 || l.height > 1<<14 {
		return layout{}, fmt.Errorf("the driver says that its pictures are %dx%d", l.width, l.height)
	}
	return l, nil
}

// buffer is struct v4l2_buffer of linux/videodev2.h.
type buffer struct {
	index, kind, bytesUsed, flags, field uint32
	timestamp                            unix.Timeval
	timecode                             [4]uint32
	sequence, memory                     uint32
	offset                               uintptr
	length, reserved2, reserved          uint32
}

// facts asks the driver (VIDIOC_QUERYBUF) what it knows of a frame that was just
// taken from it; webcam drops all but the data.
func (h *handle) facts(index uint32) frame {
	const (
		videoCapture, memoryMmap         = 1, 1
		flagError                        = 0x40
		timestampMask, timestampMonotone = 0xe000, 0x2000
	)
	f := frame{arrived: v4l2{}.Now()}
	b := buffer{index: index, kind: videoCapture, memory: memoryMmap}
	request := ioctl.IoRW('V', 9, unsafe.Sizeof(b))
	if ioctl.Ioctl(uintptr(h.fd), request, uintptr(unsafe.Pointer(&b))) != nil {
		return f
	}
	f.broken, f.sequence = b.flags&flagError != 0, b.sequence
	f.known = b.flags&timestampMask == timestampMonotone
	f.stamp = time.Duration(b.timestamp.Nano())
	return f
}
