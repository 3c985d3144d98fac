//go:build cgo

package encode

/*
#cgo pkg-config: openh264
#include <stdlib.h>
#include <string.h>
#include <wels/codec_api.h>

typedef struct {
	ISVCEncoder *codec;
	SFrameBSInfo out;
} hs_encoder;

// hs_encoder_new makes a Constrained Baseline encoder: one slice, one thread,
// no frame is ever skipped, parameter sets keep their numbers and their bytes,
// and a key frame comes only when asked for.
static hs_encoder *hs_encoder_new(int width, int height, float rate, int bitrate, int full_range) {
	hs_encoder *e = calloc(1, sizeof *e);
	if (!e) return NULL;
	if (WelsCreateSVCEncoder(&e->codec) || !e->codec) {
		free(e);
		return NULL;
	}
	int quiet = WELS_LOG_QUIET;
	(*e->codec)->SetOption(e->codec, ENCODER_OPTION_TRACE_LEVEL, &quiet);
	SEncParamExt p;
	(*e->codec)->GetDefaultParams(e->codec, &p);
	p.iUsageType = CAMERA_VIDEO_REAL_TIME;
	p.iPicWidth = width;
	p.iPicHeight = height;
	p.iTargetBitrate = bitrate;
	p.iMaxBitrate = UNSPECIFIED_BIT_RATE;
	p.iRCMode = RC_BITRATE_MODE;
	p.fMaxFrameRate = rate;
	p.bEnableFrameSkip = false;
	p.iTemporalLayerNum = 1;
	p.iSpatialLayerNum = 1;
	p.iComplexityMode = LOW_COMPLEXITY;
	p.uiIntraPeriod = 0;
	p.iNumRefFrame = 1;
	p.eSpsPpsIdStrategy = CONSTANT_ID;
	p.iEntropyCodingModeFlag = 0;
	p.iMultipleThreadIdc = 1;
	p.bEnableSceneChangeDetect = false;
	SSpatialLayerConfig *l = &p.sSpatialLayers[0];
	l->iVideoWidth = width;
	l->iVideoHeight = height;
	l->fFrameRate = rate;
	l->iSpatialBitrate = bitrate;
	l->iMaxSpatialBitrate = UNSPECIFIED_BIT_RATE;
	l->uiProfileIdc = PRO_BASELINE;
	l->sSliceArgument.uiSliceMode = SM_SINGLE_SLICE;
	l->bVideoSignalTypePresent = true;
	l->uiVideoFormat = VF_UNDEF;
	l->bFullRange = full_range;
	l->bColorDescriptionPresent = true; // else players take 720p for BT.709, which cameras are not
	l->uiColorPrimaries = CP_BT709;
	l->uiTransferCharacteristics = TRC_BT709;
	l->uiColorMatrix = CM_SMPTE170M;
	if ((*e->codec)->InitializeExt(e->codec, &p) != cmResultSuccess) {
		WelsDestroySVCEncoder(e->codec);
		free(e);
		return NULL;
	}
	(*e->codec)->SetOption(e->codec, ENCODER_OPTION_TRACE_LEVEL, &quiet);
	return e;
}

static void hs_encoder_free(hs_encoder *e) {
	(*e->codec)->Uninitialize(e->codec);
	WelsDestroySVCEncoder(e->codec);
	free(e);
}

// The C view of the method lacks its last parameter, which the library reads all the same.
typedef int (*hs_force_intra)(ISVCEncoder *, bool, int);

static int hs_encode(hs_encoder *e, unsigned char *y, unsigned char *u, unsigned char *v,
		int width, int height, long long ms, int key, int *size) {
	SSourcePicture s;
	memset(&s, 0, sizeof s);
	s.iColorFormat = videoFormatI420;
	s.iPicWidth = width;
	s.iPicHeight = height;
	s.iStride[0] = width;
	s.iStride[1] = s.iStride[2] = width / 2;
	s.pData[0] = y;
	s.pData[1] = u;
	s.pData[2] = v;
	s.uiTimeStamp = ms;
	if (key) ((hs_force_intra)(*e->codec)->ForceIntraFrame)(e->codec, true, -1);
	memset(&e->out, 0, sizeof e->out);
	int rc = (*e->codec)->EncodeFrame(e->codec, &s, &e->out);
	*size = 0;
	if (rc != cmResultSuccess || e->out.eFrameType == videoFrameTypeSkip) return rc;
	for (int i = 0; i < e->out.iLayerNum; i++)
		for (int k = 0; k < e->out.sLayerInfo[i].iNalCount; k++)
			*size += e->out.sLayerInfo[i].pNalLengthInByte[k];
	return rc;
}

// hs_take copies what hs_encode made; the library's own buffer lives only until the next frame.
static void hs_take(hs_encoder *e, unsigned char *dst) {
	for (int i = 0; i < e->out.iLayerNum; i++) {
		SLayerBSInfo *l = &e->out.sLayerInfo[i];
		int n = 0;
		for (int k = 0; k < l->iNalCount; k++) n += l->pNalLengthInByte[k];
		memcpy(dst, l->pBsBuf, n);
		dst += n;
	}
}

static ISVCDecoder *hs_decoder_new(void) {
	ISVCDecoder *d = NULL;
	if (WelsCreateDecoder(&d) || !d) return NULL;
	int quiet = WELS_LOG_QUIET;
	(*d)->SetOption(d, DECODER_OPTION_TRACE_LEVEL, &quiet);
	SDecodingParam p;
	memset(&p, 0, sizeof p);
	p.uiTargetDqLayer = 255;
	p.eEcActiveIdc = ERROR_CON_DISABLE;
	p.sVideoProperty.size = sizeof p.sVideoProperty;
	p.sVideoProperty.eVideoBsType = VIDEO_BITSTREAM_AVC;
	if ((*d)->Initialize(d, &p)) {
		WelsDestroyDecoder(d);
		return NULL;
	}
	return d;
}

static void hs_decoder_free(ISVCDecoder *d) {
	(*d)->Uninitialize(d);
	WelsDestroyDecoder(d);
}

typedef struct {
	unsigned char *plane[3];
	int width, height, stride[2], ready;
} hs_frame;

static int hs_decode(ISVCDecoder *d, unsigned char *data, int size, hs_frame *f) {
	SBufferInfo info;
	memset(&info, 0, sizeof info);
	memset(f, 0, sizeof *f);
	int rc = (*d)->DecodeFrameNoDelay(d, data, size, f->plane, &info);
	if (!rc && info.iBufferStatus != 1) // kept back for pictures that may be shown before it
		rc = (*d)->FlushFrame(d, f->plane, &info);
	f->ready = info.iBufferStatus == 1;
	if (f->ready) {
		f->width = info.UsrData.sSystemBuffer.iWidth;
		f->height = info.UsrData.sSystemBuffer.iHeight;
		f->stride[0] = info.UsrData.sSystemBuffer.iStride[0];
		f->stride[1] = info.UsrData.sSystemBuffer.iStride[1];
		for (int i = 0; i < 3; i++) f->plane[i] = info.pDst[i];
	}
	return rc;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"time"
	"unsafe"
)

// h264Encoder is openh264's encoder for one size.
type h264Encoder struct{ c *C.hs_encoder }

// newH264Encoder begins an encoder of pictures of an even size. rate is the
// expected number of pictures a second, bitrate in bit/s. fullRange says how the pictures
// are to be shown; the encoder does not change them.
func newH264Encoder(width, height int, rate float64, bitrate int, fullRange bool) (*h264Encoder, error) {
	full := C.int(0)
	if fullRange {
		full = 1
	}
	c := C.hs_encoder_new(C.int(width), C.int(height), C.float(rate), C.int(bitrate), full)
	if c == nil {
		return nil, fmt.Errorf("openh264 takes no pictures of %dx%d at %.4g/s and %d bit/s", width, height, rate, bitrate)
	}
	return &h264Encoder{c}, nil
}

// encode makes one Annex B access unit of a picture; nil: the encoder left the picture out.
func (e *h264Encoder) encode(m Image, at time.Duration, key bool) ([]byte, error) {
	y, u, v := m.Planes()
	force, size := C.int(0), C.int(0)
	if key {
		force = 1
	}
	rc := C.hs_encode(e.c, (*C.uchar)(&y[0]), (*C.uchar)(&u[0]), (*C.uchar)(&v[0]),
		C.int(m.Width), C.int(m.Height), C.longlong(at.Milliseconds()), force, &size)
	if rc != 0 {
		return nil, fmt.Errorf("openh264: encoding a picture of %dx%d failed with code %d", m.Width, m.Height, int(rc))
	}
	if size == 0 {
		return nil, nil
	}
	out := make([]byte, size)
	C.hs_take(e.c, (*C.uchar)(&out[0]))
	return out, nil
}

func (e *h264Encoder) close() {
	if e.c != nil {
		C.hs_encoder_free(e.c)
		e.c = nil
	}
}

// H264Decoder decodes what is stored as media.H264, one picture for each unit in
// the order of the units: with B frames that is not the order in which they are shown. It must
// be closed; one goroutine uses it at a time.
type H264Decoder struct {
	c      *C.ISVCDecoder
	stream *H264Stream
}

// NewH264Decoder makes a decoder. It fails only without memory.
func NewH264Decoder() (*H264Decoder, error) {
	stream, err := NewH264Stream(nil)
	if err != nil {
		return nil, err
	}
	c := C.hs_decoder_new()
	if c == nil {
		return nil, errors.New("openh264: no decoder could be made")
	}
	return &H264Decoder{c, stream}, nil
}

// Decode decodes one unit's payload. Before the first key frame it returns
// ErrWaiting; a payload that cannot be decoded is an error, after which decoding goes on
// at the next key frame. Nothing is ever concealed: where a picture that it refers to is
// missing, that is an error, too.
func (d *H264Decoder) Decode(payload []byte) (Image, error) {
	f, err := d.decode(payload)
	if err != nil {
		return Image{}, err
	}
	return d.image(&f), nil
}

// Follow is Decode for a picture that is only needed to decode those after it.
func (d *H264Decoder) Follow(payload []byte) error {
	_, err := d.decode(payload)
	return err
}

func (d *H264Decoder) decode(payload []byte) (f C.hs_frame, err error) {
	if d.c == nil {
		return f, errors.New("openh264: the decoder is closed")
	}
	nals, err := SplitLengths(payload)
	if err != nil {
		return f, err
	}
	au, err := d.stream.Add(nals)
	if err != nil {
		return f, err
	}
	if au.Payload == nil {
		return f, errors.New("h264: no picture in the unit")
	}
	if nals, err = SplitLengths(au.Payload); err != nil {
		return f, err
	}
	data := JoinAnnexB(nals...)
	if rc := C.hs_decode(d.c, (*C.uchar)(&data[0]), C.int(len(data)), &f); rc != 0 || f.ready == 0 {
		d.stream.begun = false
		return f, fmt.Errorf("openh264: decoding failed with code %#x", int(rc))
	}
	return f, nil
}

// image copies a decoded frame, whose memory belongs to the library.
func (d *H264Decoder) image(f *C.hs_frame) Image {
	m := NewImage(int(f.width), int(f.height))
	m.FullRange, m.BT709 = d.stream.FullRange(), d.stream.BT709()
	y, u, v := m.Planes()
	take := func(dst []byte, width int, src *C.uchar, stride C.int, rows int) {
		copyPlane(dst, width, unsafe.Slice((*byte)(src), int(stride)*(rows-1)+width), int(stride), rows)
	}
	take(y, m.Width, f.plane[0], f.stride[0], m.Height)
	take(u, m.Width/2, f.plane[1], f.stride[1], m.Height/2)
	take(v, m.Width/2, f.plane[2], f.stride[1], m.Height/2)
	return m
}

// Close frees the decoder.
func (d *H264Decoder) Close() {
	if d.c != nil {
		C.hs_decoder_free(d.c)
		d.c = nil
	}
}
