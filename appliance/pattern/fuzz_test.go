package pattern

import "testing"

func FuzzReadNumbers(f *testing.F) {
	luma := make([]byte, 80*60)
	DrawNumbers(luma, 80, 60, 0xdeadbeef, 42)
	f.Add(luma, 80, 2)
	f.Add(luma[:100], 80, 2)
	f.Add([]byte{}, 0, 0)
	f.Add(luma, -1, 7)
	f.Fuzz(func(t *testing.T, luma []byte, width, s int) {
		height := 0
		if width > 0 {
			height = len(luma) / width
		}
		ReadNumbers(luma, width, height+1, s) // one row too many
		ReadFlash(luma, width, height+1)
		frame, wall, ok := ReadNumbers(luma, width, height, s)
		again, wall2, ok2 := ReadNumbers(luma, width, height, s)
		if frame != again || wall != wall2 || ok != ok2 {
			t.Error("the same picture is read in two ways")
		}
		ReadFlash(luma, width, height)
	})
}
