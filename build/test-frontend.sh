#!/usr/bin/env bash
# Checks and tests the frontend; leaves "frontend: N passed, N failed, N skipped" in FILE.
#
# usage: build/test-frontend.sh FILE
set -euo pipefail
cd "$(dirname "$0")/.."
out=$PWD/$1
rm -f "$out" "$out.json"

cd frontend
npm run --silent check
status=0
npm test --silent -- --reporter=default --reporter=json --outputFile.json="$out.json" || status=$?
[ -s "$out.json" ] || exit "$((status ? status : 1))"
# shellcheck disable=SC2016 # JavaScript's own ${}
node -e '
	const r = JSON.parse(require("fs").readFileSync(process.argv[1]));
	const skipped = r.numPendingTests + r.numTodoTests;
	console.log(`frontend: ${r.numPassedTests} passed, ${r.numFailedTests} failed, ${skipped} skipped`);
' "$out.json" | tee "$out"
exit "$status"
