#!/usr/bin/env bash
# Runs a command in a throw-away guest with virtual devices: Debian's stock
# kernel under QEMU, the host's /usr read-only, nothing installed. See README.md.
# shellcheck source=build/guest/lib.sh
. "$(dirname "$0")/lib.sh"
export PATH=$PATH:/usr/sbin:/sbin # modprobe

usage() {
	cat >&2 <<-'END'
		usage: build/guest/run.sh [option]... FOLDER COMMAND
		  FOLDER is copied into the guest; COMMAND (for sh) runs in the copy. Its output
		  comes out here and its exit status is handed on (125: it had no time to give one).
		  -m 'MODULE [NAME=VALUE]...'   load a kernel module, with those it depends on (repeatable)
		  -k 'FILE.ko [NAME=VALUE]...'  load a module built elsewhere, after the others (repeatable)
		  -d IMAGE                      attach a raw disk image: /dev/vda, /dev/vdb ... (repeatable)
		  -o FOLDER                     appears writable as /out
		  -p FILE                       QEMU's process id is written there, for who wants to cut the power
		  -t SECONDS                    the guest is ended after so long (600)
		  -r MIB                        memory (1024)
		  -c N                          processors (2)
	END
	exit 2
}

modules=() files=() disks=() out='' pidfile='' limit=600 memory=1024 cpus=2
while getopts m:k:d:o:p:t:r:c: option; do
	case $option in
	m) modules+=("$OPTARG") ;;
	k) files+=("$OPTARG") ;;
	d) disks+=("$OPTARG") ;;
	o) out=$OPTARG ;;
	p) pidfile=$OPTARG ;;
	t) limit=$OPTARG ;;
	r) memory=$OPTARG ;;
	c) cpus=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# = 2 ] || usage
folder=$(cd "$1" && pwd)
command=$2

[ "$(dpkg --print-architecture)" = amd64 ] || fail "the guest runs on amd64 machines only: it borrows the host's programs"
need qemu-system-x86_64 qemu-system-x86
need busybox busybox-static
need cpio cpio
need modprobe kmod

kernel=$("$(dirname "$0")/kernel.sh")
release=$(cat "$kernel/release")
tmp=$(mktemp -d "${TMPDIR:-/tmp}/hindsight-guest.XXXXXX")
qemu=
# shellcheck disable=SC2317 # the trap calls it
cleanup() {
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true
	rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
root=$tmp/root
mkdir -p "$root/bb" "$root/modules" "$root/etc" "$tmp/control"

# add_module NAME [PARAMETER]...: into the initramfs, with its dependencies in front.
add_module() {
	local verb path ko params
	while read -r verb path _; do
		ko=${path##*/}
		# crc32c-intel refuses to load on the emulated processor; crc32c_generic is there.
		if [ "$verb" != insmod ] || [ -e "$root/modules/$ko" ] || [ "$ko" = crc32c-intel.ko ]; then
			continue
		fi
		cp "$path" "$root/modules/"
		params=
		[ "$(tr - _ <<<"${ko%.ko}")" != "$(tr - _ <<<"$1")" ] || params=${*:2}
		echo "$ko $params" >>"$root/modules/order"
	done < <(modprobe -d "$kernel" -S "$release" --show-depends "$1" || echo "unknown $1")
	grep -q . "$root/modules/order" || fail "no module $1"
}

# add_file FILE.ko [PARAMETER]...
add_file() {
	[ -s "$1" ] || fail "no module file $1"
	cp "$1" "$root/modules/"
	echo "${1##*/} ${*:2}" >>"$root/modules/order"
}

initramfs() {
	local entry
	cp "$(command -v busybox)" "$root/bb/busybox"
	# Some of /usr is found only through these (ffmpeg's libblas, for one).
	cp -a /etc/alternatives /etc/ld.so.cache "$root/etc/"
	[ ! -d /etc/alsa ] || cp -aL /etc/alsa "$root/etc/"
	for entry in virtio_pci virtio_blk 9pnet_virtio 9p ext4 crc32c_generic "${modules[@]}"; do
		# shellcheck disable=SC2086 # a name and its parameters
		add_module $entry
	done
	for entry in "${files[@]}"; do
		# shellcheck disable=SC2086
		add_file $entry
	done
	cp "$(dirname "$0")/init.sh" "$root/init"
	chmod +x "$root/init"
	(cd "$root" && find . | cpio -o -H newc --quiet) >"$tmp/initrd"
	rm -rf "$root"
}

initramfs
printf '%s\n' "$command" >"$tmp/control/command"
out=${out:-$tmp/out}
mkdir -p "$out"
rm -f "$out/.status"

# KVM would need rights that few machines give, and hung on one: emulation is the same everywhere.
# shellcheck disable=SC2054 # commas are QEMU's
arguments=(-machine pc,accel=tcg -cpu qemu64 -m "$memory" -smp "$cpus" -nodefaults -display none
	-serial stdio -no-reboot -kernel "$kernel/vmlinux" -initrd "$tmp/initrd"
	-append 'console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off nokaslr random.trust_cpu=on')
share() { # TAG FOLDER [,readonly=on]
	arguments+=(-virtfs "local,path=$2,mount_tag=$1,security_model=none,multidevs=remap${3:-}")
}
share usr /usr ,readonly=on
share control "$tmp/control" ,readonly=on
share input "$folder" ,readonly=on
share out "$out"
for image in "${disks[@]}"; do
	arguments+=(-drive "file=$image,format=raw,if=virtio,cache=writeback")
done
[ -z "$pidfile" ] || arguments+=(-pidfile "$pidfile")

timeout -k 5 "$limit" qemu-system-x86_64 "${arguments[@]}" </dev/null &
qemu=$!
wait "$qemu" || true
qemu=
status=$(cat "$out/.status" 2>/dev/null) || status=125
rm -f "$out/.status"
exit "$status"
