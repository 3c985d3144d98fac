#!/usr/bin/env bash
# Installs what the tiers named need and this machine lacks; a moment, and no
# word, when there is nothing to do. What is needed stands in packages.txt.
#
# usage: build/setup.sh [build|captions|test|hardware|lint]...
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
	echo "setup: $*" >&2
	exit 1
}

# at_least HAVE WANT: HAVE is version WANT or a later one.
at_least() { [ "$(printf '%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

check_go() {
	local want have get="get it from https://go.dev/dl/ (unpack into /usr/local, put /usr/local/go/bin into PATH)"
	want=$(awk '$1 == "go" {print $2}' go.mod)
	command -v go >/dev/null || fail "Go $want or newer is needed and there is none: $get"
	# In this folder a Go that may fetch a newer toolchain has done so; elsewhere it tells its own version.
	have=$(go env GOVERSION 2>/dev/null) || have=$(cd / && go env GOVERSION)
	at_least "${have#go}" "${want%.0}" || fail "Go $want or newer is needed, this is ${have#go}: $get"
}

check_node() {
	local want=20.19 have get="get it from https://nodejs.org/en/download (Debian 13 has it: apt-get install nodejs npm)"
	command -v node >/dev/null || fail "Node.js $want or newer is needed and there is none: $get"
	have=$(node --version)
	at_least "${have#v}" "$want" || fail "Node.js $want or newer is needed, this is ${have#v}: $get"
	command -v npm >/dev/null || fail "npm is needed beside Node.js and there is none: $get"
}

# wanted TIER...: the packages of these tiers on this architecture.
wanted() {
	awk -v tiers=" $* " -v arch="$(dpkg --print-architecture)" '
		/^#/ || NF < 2 {next}
		{split($1, t, "/")}
		index(tiers, " " t[1] " ") && (t[2] == "" || t[2] == arch) {print $2}' build/packages.txt
}

# missing PACKAGE...: those that are not installed.
missing() {
	comm -23 <(printf '%s\n' "$@" | sort -u) \
		<(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | awk '$1 == "ii" {print $2}' | sort -u)
}

log=.cache/setup.log

# may_install: whether this user may, by now or by sudo without a password.
may_install() { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }

apt() { # ARGUMENT...
	local as=(env)
	mkdir -p .cache
	[ "$(id -u)" = 0 ] || as=(sudo -n env)
	"${as[@]}" DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" </dev/null >>"$log" 2>&1
}

install() { # PACKAGE...
	local command=(install --no-install-recommends "$@")
	may_install || fail "Debian packages are missing; run: sudo apt-get update && sudo apt-get ${command[*]}"
	echo "setup: installing $# Debian packages (log: $log): $*" >&2
	local try
	for try in 1 2 3; do
		# A source that does not answer may have nothing that is needed here: the install decides.
		apt update || true
		if apt "${command[@]}"; then
			return
		fi
		[ "$try" = 3 ] || sleep $((try * 5))
	done
	grep '^E:' "$log" | tail -n 3 >&2
	fail "apt-get could not install what is missing; run: sudo apt-get update && sudo apt-get ${command[*]}"
}

tiers=build
for tier in "$@"; do
	case $tier in
	build | captions | test | hardware | lint) tiers+=" $tier" ;;
	*) fail "no tier \"$tier\"; usage: build/setup.sh [build|captions|test|hardware|lint]..." ;;
	esac
done
[ "${tiers/hardware/}" = "$tiers" ] || tiers+=" test"
[ "${tiers/test/}" = "$tiers" ] || tiers+=" captions"

check_go
check_node
if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
	fail "this system has no apt-get: install what build/packages.txt names by hand, then add SETUP=true to the make command"
fi
# shellcheck disable=SC2086 # a list of words
mapfile -t need < <(wanted $tiers)
mapfile -t lack < <(missing "${need[@]}")
if [ ${#lack[@]} != 0 ]; then
	install "${lack[@]}"
elif [ "${tiers/hardware/}" != "$tiers" ] && [ ! -s "${XDG_CACHE_HOME:-$HOME/.cache}/hindsight-guest/kernel/release" ] && may_install; then
	# The guest's kernel is fetched through apt, which must know today's.
	apt update || true
fi
