# What the guest's scripts share; sourced, never run.
# shellcheck shell=bash
set -euo pipefail

# Everything that is fetched or built once lies here; deleting it costs a minute.
cache=${XDG_CACHE_HOME:-$HOME/.cache}/hindsight-guest

fail() {
	echo "guest: $*" >&2
	exit 125
}

# need PROGRAM PACKAGE: one clear line instead of "command not found".
need() {
	command -v "$1" >/dev/null || fail "$1 is missing; install the Debian package $2"
}

# fetch PACKAGE: downloads a Debian package into the current folder, without installing it.
fetch() {
	echo "guest: fetching $1" >&2
	# The sandbox user of apt may not write here, and needs not to: no other user's files are touched.
	apt-get download -qq -o APT::Sandbox::User="$(id -un)" "$1" >&2 ||
		fail "cannot download $1; run apt-get update, and look whether there is a network"
}

# unpack INTO: unpacks the packages of the current folder and deletes them.
unpack() {
	local deb
	for deb in *.deb; do
		dpkg-deb -x "$deb" "$1"
	done
	rm -- *.deb
}

# locked NAME COMMAND...: runs the command while nobody else runs one under the same name.
locked() {
	mkdir -p "$cache"
	(
		flock 9
		"${@:2}"
	) 9>"$cache/$1.lock"
}
