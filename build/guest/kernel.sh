#!/usr/bin/env bash
# Prints a folder with a kernel for the guest: vmlinux, lib/modules and a file
# "release" with the kernel's version. The first call fetches Debian's stock
# kernel, the later ones find it in the cache.
#
# usage: build/guest/kernel.sh
# shellcheck source=build/guest/lib.sh
. "$(dirname "$0")/lib.sh"
export PATH=$PATH:/usr/sbin:/sbin # depmod
need depmod kmod
need xz xz-utils

# current: the package that Debian's linux-image-amd64 stands for now.
current() { apt-cache depends --important linux-image-amd64 2>/dev/null | awk '$1 == "Depends:" {print $2; exit}'; }

# vmlinux IMAGE: the kernel without its wrapping. QEMU starts it by the PVH
# entry, which saves unpacking it under emulation: 20 s.
vmlinux() {
	local at
	at=$(LC_ALL=C grep -aboP -m1 '\xFD7zXZ\x00' "$1" | head -n 1 | cut -d: -f1)
	[ -n "$at" ] || fail "$1 is not packed with xz"
	# The image goes on behind the packed part: xz ends with a warning.
	tail -c +$((at + 1)) "$1" | xz -dc --single-stream 2>/dev/null || true
}

fill() {
	local package release new=$cache/kernel.new
	package=$(current)
	if [ -z "$package" ]; then # apt's lists are not there: an older kernel will do
		[ -s "$cache/kernel/release" ] || fail "apt knows no kernel; run apt-get update"
		return
	fi
	release=${package#linux-image-}
	if [ "$(cat "$cache/kernel/release" 2>/dev/null)" = "$release" ]; then
		return
	fi
	rm -rf "$new"
	mkdir -p "$new"
	(cd "$new" && fetch "$package" && unpack .)
	vmlinux "$new/boot/vmlinuz-$release" >"$new/vmlinux"
	[ -s "$new/vmlinux" ] || fail "no kernel found in $package"
	rm -r "${new:?}/boot" "${new:?}/usr"
	depmod -b "$new" "$release" 2>/dev/null
	echo "$release" >"$new/release"
	rm -rf "$cache/kernel"
	mv "$new" "$cache/kernel"
}

locked kernel fill
echo "$cache/kernel"
