#!/usr/bin/env bash
# Prints the path of v4l2loopback.ko, built for the guest's kernel: a camera
# that a program feeds, for formats that vivid lacks (MJPEG, H.264). Neither
# the kernel's headers nor dkms are installed: they are unpacked into the cache.
#
# usage: build/guest/loopback.sh
# shellcheck source=build/guest/lib.sh
. "$(dirname "$0")/lib.sh"
need make make
libraries=$(PATH=$PATH:/usr/sbin:/sbin ldconfig -p)
[[ $libraries == *libelf.so.1* ]] || fail "libelf.so.1 is missing; install the Debian package libelf1"

kernel=$("$(dirname "$0")/kernel.sh")
release=$(cat "$kernel/release")
module=$cache/v4l2loopback-$release.ko

build() {
	local tmp=$cache/loopback.new headers
	[ ! -s "$module" ] || return 0
	rm -rf "$tmp"
	mkdir -p "$tmp"
	headers=$tmp/usr/src/linux-headers-$release
	cd "$tmp"
	fetch "linux-headers-$release"
	fetch "linux-headers-${release%-*}-common"
	fetch "linux-kbuild-$(cut -d. -f1,2 <<<"$release")"
	fetch v4l2loopback-dkms
	unpack .
	# The headers' Makefile names the place where they would be installed.
	sed -i "s|/usr/src|$tmp/usr/src|" "$headers/Makefile"
	# It must be the compiler that the kernel was built with.
	need "$(grep -o 'gcc-[0-9]*' "$headers/.kernelvariables" | head -n 1)" gcc
	make -s -C "$headers" M="$(echo "$tmp"/usr/src/v4l2loopback-*)" modules >"$cache/loopback.log" 2>&1 ||
		fail "v4l2loopback does not build; see $cache/loopback.log"
	rm -f "$cache"/v4l2loopback-*.ko
	mv "$tmp"/usr/src/v4l2loopback-*/v4l2loopback.ko "$module"
	cd "$cache"
	rm -rf "$tmp"
}

locked loopback build
echo "$module"
