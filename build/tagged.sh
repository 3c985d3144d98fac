#!/usr/bin/env bash
# Prints the arguments that make `go test` run exactly the tests behind a build
# tag: -run with their names, then their packages. Without this the everyday
# tests of those packages would run a second time.
#
# usage: build/tagged.sh TAG
set -euo pipefail
cd "$(dirname "$0")/.."
tag=$1

mapfile -t files < <(git ls-files -co --exclude-standard '*_test.go' |
	xargs -r grep -lE "^//go:build (.*[ (])?$tag\b" || true)
if [ ${#files[@]} = 0 ]; then
	echo "tagged: no test behind the build tag $tag" >&2
	exit 1
fi
names=$(sed -nE 's/^func (Test[A-Za-z0-9_]*)\(.*/\1/p' "${files[@]}" | grep -vx TestMain | sort -u | paste -sd '|')
printf "%s\n" -run "^($names)\$"
printf './%s\n' "${files[@]%/*}" | sort -u
