//go:build race

package e2e

// raced reports whether the service runs with the race detector, which takes many times its memory
// and time.
const raced = true
