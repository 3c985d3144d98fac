package main

import (
	"bytes"
	"os/exec"
	"testing"
)

// fullScript records three runs onto a file system of 8 MiB of its own, has
// something else fill it to the last byte, and starts a fourth.
const fullScript = `
set -e
mount -t tmpfs -o size=8m tmpfs "$2" || { echo no mount; exit 0; }
cd "$2"
printf 'store: {min_free: 1MiB, min_free_percent: 0, tail: 4MiB}\ncameras: {cam: {video: demo, audio: demo, size: 320x240, rate: 10}}\n' >conf.yml
for run in 1 2 3 4; do
	if [ $run = 4 ]; then
		cat /dev/zero >fill 2>/dev/null || true
	fi
	"$1" serve --config conf.yml --data d --rtsp-address none --http-address none 2>log &
	until "$1" timeline --data d 2>/dev/null | grep -q "^span .* $run\.[0-9]* *$"; do
		kill -0 $! || { cat log; exit 1; }
	done
	kill $!
	wait $! || { cat log; exit 1; }
done
"$1" check --data d
`

// A disk that is full to the last byte does not keep the recorder from
// starting: the oldest goes.
func TestStartOnAFullDisk(t *testing.T) {
	unshare := tool(t, "unshare", "util-linux")
	cmd := exec.CommandContext(t.Context(), unshare, "-rm", "sh", "-c", fullScript, "sh", programPath(t), t.TempDir())
	out, err := cmd.CombinedOutput()
	if bytes.Contains(out, []byte("no mount")) || bytes.Contains(out, []byte("unshare failed")) {
		t.Logf("this machine lets nobody mount in a name space of his own: %s", out)
		return
	}
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
