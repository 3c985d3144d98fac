package appliance

import (
	"errors"
	"testing"
)

// What a camera answers is shown in one line and moves nothing on a terminal.
func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "",
		"plain":                        "plain",
		"two\nlines\tand  more":        "two lines and more",
		"\x1b[2Jclean\x07 \u202eright": "[2Jclean right",
		"카메라를 찾을 수 없음 \u00a0 \x00": "카메라를 찾을 수 없음",
	} {
		if got := oneLine(errors.New(in)); got != want {
			t.Errorf("oneLine(%q) = %q, want %q", in, got, want)
		}
	}
	if got := oneLine(nil); got != "" {
		t.Errorf("no error is %q", got)
	}
}
