// Package asrtest holds a speech engine for tests, which recognises tones by a
// script and fails when told to, and the suite that every engine must pass.
package asrtest
