#!/usr/bin/env bash
# Runs one of the frontend's test scripts; leaves "NAME: N passed, N failed, N skipped" in FILE.
#
# usage: build/vitest.sh NAME SCRIPT FILE     SCRIPT: test or flows, of frontend/package.json
set -euo pipefail
cd "$(dirname "$0")/.."
name=$1 script=$2 out=$PWD/$3
rm -f "$out" "$out.json"

cd frontend
status=0
npm run --silent "$script" -- --reporter=default --reporter=json --outputFile.json="$out.json" || status=$?
[ -s "$out.json" ] || exit "$((status ? status : 1))"
# shellcheck disable=SC2016 # JavaScript's own ${}
node -e '
	const [file, name] = process.argv.slice(1);
	const r = JSON.parse(require("fs").readFileSync(file));
	const skipped = r.numPendingTests + r.numTodoTests;
	console.log(`${name}: ${r.numPassedTests} passed, ${r.numFailedTests} failed, ${skipped} skipped`);
' "$out.json" "$name" | tee "$out"
exit "$status"
