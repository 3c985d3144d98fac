#!/usr/bin/python3
"""A camera by GStreamer's RTSP server: python3 gst-camera.py PORT VIDEO AUDIO [USER PASSWORD]

VIDEO is h264 or mjpeg, AUDIO is opus, aac, pcma, pcmu or none. Port 0 takes a free one.
Prints "ready PORT" and serves rtsp://127.0.0.1:PORT/cam until its standard input ends.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

VIDEO = {
    "h264": "openh264enc gop-size=15 ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=0",
    "mjpeg": "jpegenc ! rtpjpegpay name=pay0 pt=26",
}
AUDIO = {
    "opus": "audioconvert ! opusenc ! rtpopuspay name=pay1 pt=97",
    "aac": "audioconvert ! avenc_aac ! aacparse ! rtpmp4gpay name=pay1 pt=97",
    "pcma": "audioconvert ! audioresample ! alawenc ! rtppcmapay name=pay1 pt=8",
    "pcmu": "audioconvert ! audioresample ! mulawenc ! rtppcmupay name=pay1 pt=0",
}

port, video, audio = sys.argv[1:4]
Gst.init(None)
launch = f"videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=15/1 ! {VIDEO[video]}"
if audio != "none":
    rate = 8000 if audio.startswith("pcm") else 48000
    channels = 1 if audio.startswith("pcm") else 2
    launch += f" audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate={rate},channels={channels} ! {AUDIO[audio]}"
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(port)
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch("( " + launch + " )")
factory.set_shared(True)
if len(sys.argv) > 5:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    auth.set_supported_methods(2)  # digest
    auth.add_digest(sys.argv[4], sys.argv[5], token)
    server.set_auth(auth)
    factory.add_role_from_structure(Gst.Structure.from_string(
        "user, media.factory.access=(boolean)true, media.factory.construct=(boolean)true")[0])
server.get_mount_points().add_factory("/cam", factory)
if server.attach(None) == 0:
    sys.exit(f"cannot listen on port {port}")
print("ready", server.get_bound_port(), flush=True)
loop = GLib.MainLoop()
GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT, GLib.IOCondition.HUP | GLib.IOCondition.IN,
                  lambda *_: loop.quit())
loop.run()
