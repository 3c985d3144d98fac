#!/bin/sh
# Makes the H.264 streams of the tests: 160x120, 25 pictures a second, a key frame
# every second, two seconds; and beside each the presentation time of every picture
# in decoding order, in pictures. Needs ffmpeg with libx264. The results are committed.
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -r "$tmp"' EXIT
make() {
	name=$1
	shift
	ffmpeg -v error -y -f lavfi -i testsrc2=size=160x120:rate=25:duration=2 -pix_fmt yuv420p \
		-c:v libx264 -b:v 60k -g 25 "$@" -video_track_timescale 25 "$tmp/$name.mp4"
	ffmpeg -v error -y -i "$tmp/$name.mp4" -c copy -bsf:v h264_mp4toannexb -f h264 "$name.h264"
	ffprobe -v error -ignore_editlist 1 -show_entries packet=pts -of csv=p=0 "$tmp/$name.mp4" | tr -d ', ' |
		awk 'NR == 1 { first = $1 } { printf "%s%d", (NR > 1 ? " " : ""), $1 - first } END { print "" }' >"$name.pts"
}
make plain -profile:v baseline -x264-params slices=3
make bframes -profile:v main -x264-params bframes=2:b-adapt=0:b-pyramid=none:scenecut=0
make pyramid -profile:v main -x264-params bframes=3:b-adapt=0:b-pyramid=normal:scenecut=0
