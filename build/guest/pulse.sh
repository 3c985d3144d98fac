#!/usr/bin/env bash
# A private PulseAudio server in the foreground, for tests on the host: nothing
# of the person's own sound server or settings is touched. What is played into
# the sink "test" is heard by the default source. It becomes the server itself
# (exec), so that the caller may stop, continue and kill it by its process id.
#
# usage: build/guest/pulse.sh FOLDER [RATE]
#   FOLDER is made; clients use PULSE_SERVER=unix:FOLDER/socket and, to be
#   independent of a person's settings, HOME=FOLDER.
# shellcheck source=build/guest/lib.sh
. "$(dirname "$0")/lib.sh"
[ $# -ge 1 ] || fail "usage: build/guest/pulse.sh FOLDER [RATE]"
need pulseaudio pulseaudio
mkdir -p "$1/run"
folder=$(cd "$1" && pwd)
chmod 700 "$folder/run"
export HOME=$folder XDG_RUNTIME_DIR=$folder/run PULSE_RUNTIME_PATH=$folder/run
rm -f "$folder/socket" "$folder/run/pid" # what a killed one left
cat >"$folder/server.pa" <<END
load-module module-native-protocol-unix socket=$folder/socket auth-anonymous=1
load-module module-null-sink sink_name=test norewinds=1 rate=${2:-48000} channels=2 format=s16le
set-default-source test.monitor
END
exec pulseaudio -n -F "$folder/server.pa" --daemonize=no --exit-idle-time=-1 \
	--disable-shm=yes --use-pid-file=no --log-target="file:$folder/log"
