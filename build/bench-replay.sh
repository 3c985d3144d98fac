#!/usr/bin/env bash
# Measures replay of histories of several lengths, which are made for it and
# deleted after: seeks in small pictures, with the page cache warm and, as root,
# dropped; then viewers of an hour of 2.5 Mbit/s. A week takes some 6 GB and two minutes to make.
#
#   HISTORY   lengths in which is sought; empty: none   (default "1h 24h 7d")
#   VIEWERS   how many at once; empty: none             (default "1,10,50,100,200")
#
# usage: build/bench-replay.sh PROGRAM [--dir DIR] [other flags of `hindsight bench`, which mean nothing here]
set -euo pipefail
program=$1
shift
dir=.
while [ $# -gt 0 ]; do
	case $1 in
	-dir | --dir) dir=${2:?--dir wants a directory} && shift ;;
	-dir=* | --dir=*) dir=${1#*=} ;;
	esac
	shift
done

work=$(mktemp -d "$dir/hindsight-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT

for length in ${HISTORY-1h 24h 7d}; do
	"$program" bench fill --data "$work/data" --for "$length"
	"$program" bench replay --data "$work/data" --viewers none
	if [ "$(id -u)" = 0 ]; then
		"$program" bench replay --data "$work/data" --viewers none --cold
	else
		echo "not measured with the page cache dropped: that takes root"
	fi
	rm -rf "$work/data"
done
if [ -n "${VIEWERS-1,10,50,100,200}" ]; then
	"$program" bench fill --data "$work/data" --for 1h --frame-bytes 10700
	"$program" bench replay --data "$work/data" --seeks 0 --viewers "${VIEWERS-1,10,50,100,200}"
fi
