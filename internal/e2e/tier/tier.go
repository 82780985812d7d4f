// Package tier divides tests into those that always run and those that go test -short leaves out.
//
// The short tier is for every change: it covers each feature once and takes seconds. The full tier
// adds crowds, long waits and the search of large tables. The tests with the race detector and the
// fuzzing of make check come on top.
package tier

import "testing"

// Full skips the test under -short.
func Full(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("not in the short tier")
	}
}
