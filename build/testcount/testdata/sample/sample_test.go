// Package sample has tests whose outcome is known: 3 pass, 1 fails, 1 is skipped.
package sample

import "testing"

func TestPasses(*testing.T) {}

func TestFails(t *testing.T) { t.Error("known to fail") }

func TestSkips(t *testing.T) { t.Skip("known to be skipped") }

func TestParent(t *testing.T) {
	t.Run("one", func(*testing.T) {})
	t.Run("two", func(*testing.T) {})
}
