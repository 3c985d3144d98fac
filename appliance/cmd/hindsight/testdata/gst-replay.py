# gst-replay.py URL OUT ONVIF RATE LIVE STEP...: plays the picture of an RTSP
# address by GStreamer's rtspsrc and writes raw grey pictures to OUT. ONVIF, RATE
# and LIVE are 0 or 1: onvif-mode, onvif-rate-control, is-live. A STEP is a number
# of pictures to play, @T to seek to T seconds (flushing), or eos to play to the end.
# Prints a line for each picture: its time stamp in nanoseconds.
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

Gst.init(None)
url, out, onvif, rate, live = sys.argv[1:6]
flags = "onvif-mode=true onvif-rate-control=%s" % ("true" if rate == "1" else "false") if onvif == "1" else ""
parse = "rtponvifparse !" if onvif == "1" else ""
pipe = Gst.parse_launch(
    "rtspsrc name=s location=%s protocols=tcp %s is-live=%s ! application/x-rtp,media=video ! %s rtph264depay ! h264parse ! avdec_h264 ! "
    "videoconvert ! video/x-raw,format=GRAY8 ! appsink name=out sync=false max-buffers=5"
    % (url, flags, "true" if live == "1" else "false", parse)
)
sink = pipe.get_by_name("out")
bus = pipe.get_bus()
pipe.set_state(Gst.State.PLAYING)
file = open(out, "wb")
LIMIT = 120 * Gst.SECOND


def fail(why):
    msg = bus.pop_filtered(Gst.MessageType.ERROR)
    print("failed: %s: %s" % (why, msg.parse_error() if msg else "no error message"))
    sys.exit(1)


def picture():
    """plays one picture; False at the end"""
    sample = sink.emit("try-pull-sample", LIMIT)
    if sample is None:
        if sink.get_property("eos"):
            return False
        fail("no picture for two minutes")
    buf = sample.get_buffer()
    ok, m = buf.map(Gst.MapFlags.READ)
    file.write(m.data)
    buf.unmap(m)
    print("picture", buf.pts)
    return True


for step in sys.argv[6:]:
    if step == "eos":
        while picture():
            pass
        print("eos")
    elif step.startswith("@"):
        at = int(float(step[1:]) * Gst.SECOND)
        if not pipe.seek_simple(Gst.Format.TIME, Gst.SeekFlags.FLUSH | Gst.SeekFlags.KEY_UNIT, at):
            fail("seek refused")
        print("seek", at)
    else:
        for _ in range(int(step)):
            if not picture():
                fail("it ended early")
file.close()
pipe.set_state(Gst.State.NULL)
