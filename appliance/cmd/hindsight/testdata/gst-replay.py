# gst-replay.py URL OUT ONVIF RATE LIVE STEP...: plays the picture of an RTSP
# address by GStreamer's rtspsrc and writes raw grey pictures to OUT. RATE and LIVE
# are 0 or 1: onvif-rate-control, is-live. ONVIF is 0, 1: onvif-mode, or 2: that, and
# the description asked for as ONVIF's replay, so that its range is one of the clock. A STEP is a
# number of pictures to play, @T to seek to T seconds (flushing, to the key frame
# before), =T to seek to the picture at T, =T-U that, but to play no further than U, or eos
# to play to the end. With ONVIF 2 seconds are those since 1900.
# Prints the version of rtspsrc and a line for each picture: its time stamp in nanoseconds.
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
from gi.repository import Gst, GstRtsp  # noqa: E402

Gst.init(None)
print("rtspsrc", Gst.ElementFactory.find("rtspsrc").get_plugin().get_version(), flush=True)
url, out, onvif, rate, live = sys.argv[1:6]
flags = "onvif-mode=true onvif-rate-control=%s" % ("true" if rate == "1" else "false") if onvif != "0" else ""
parse = "rtponvifparse !" if onvif != "0" else ""
pipe = Gst.parse_launch(
    "rtspsrc name=s location=%s protocols=tcp %s is-live=%s ! application/x-rtp,media=video ! %s rtph264depay ! h264parse ! avdec_h264 ! "
    "videoconvert ! video/x-raw,format=GRAY8 ! appsink name=out sync=false max-buffers=5"
    % (url, flags, "true" if live == "1" else "false", parse)
)


def before_send(_, msg):
    if msg.parse_request()[1] & GstRtsp.RTSPMethod.DESCRIBE:
        msg.add_header(GstRtsp.RTSPHeaderField.REQUIRE, "onvif-replay")
    return True


if onvif == "2":
    pipe.get_by_name("s").connect("before-send", before_send)
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


def nanoseconds(text):
    whole, _, part = text.partition(".")
    return int(whole) * Gst.SECOND + int((part + "000000000")[:9])


for step in sys.argv[6:]:
    if step == "eos":
        while picture():
            pass
        print("eos")
    elif step[0] in "@=":
        how = Gst.SeekFlags.KEY_UNIT if step[0] == "@" else Gst.SeekFlags.ACCURATE
        start, _, stop = step[1:].partition("-")
        start, stop = nanoseconds(start), nanoseconds(stop) if stop else -1
        to = Gst.SeekType.SET
        if not pipe.seek(1.0, Gst.Format.TIME, Gst.SeekFlags.FLUSH | how, to, start, to, stop):
            fail("seek refused")
        print("seek", start)
    else:
        for _ in range(int(step)):
            if not picture():
                fail("it ended early")
file.close()
pipe.set_state(Gst.State.NULL)
