#!/usr/bin/env bash
# Measures the page in Chromium: bytes, seek to picture in a long history, delay of
# live, sound against picture, dropped frames, memory. The recording is made for it and
# deleted after. Each line ends with the load of the machine when it was written.
#
#   PAGE      no: nothing of this                                       (default yes)
#   PAGE_HISTORY  how long the history is in which is sought            (default 24h)
#   SEEKS     how many                                                  (default 20)
#   DROPS     seconds in which dropped frames are counted               (default 300)
#   HOUR      seconds over which memory is watched                      (default 3600)
#   SIZE      of the picture                                            (default 1280x720)
#   ONLY      of seek,delay,low,sound,drops,memory those with a comma   (default all)
#   CHROMIUM  the browser                                               (default /usr/bin/chromium)
#
# usage: build/bench-page.sh PROGRAM [--dir DIR] [other flags of `hindsight bench`, which mean nothing here]
set -euo pipefail
program=$(realpath "$1")
shift
dir=.
while [ $# -gt 0 ]; do
	case $1 in
	-dir | --dir) dir=${2:?--dir wants a directory} && shift ;;
	-dir=* | --dir=*) dir=${1#*=} ;;
	esac
	shift
done
[ "${PAGE-yes}" = no ] && exit
chromium=${CHROMIUM-/usr/bin/chromium}
if ! [ -x "$chromium" ]; then
	echo "the page is not measured: there is no $chromium"
	exit
fi

work=$(mktemp -d "$(realpath "$dir")/hindsight-bench-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$(dirname "$0")/../frontend"

bytes=0
for file in dist/index.html dist/icon.svg dist/assets/*; do
	bytes=$((bytes + $(gzip -9c "$file" | wc -c)))
done
printf 'page/bytes-gzipped\t%d\n' "$bytes"
"$program" bench fill --data "$work/data" --for "${PAGE_HISTORY-24h}" --end -30s | tail -n 1
node bench/page.mjs "$program" "$work/data" "$chromium"
