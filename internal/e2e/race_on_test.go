//go:build race

package e2e

// raced says that the service runs with the race detector, whose own memory is many times the service's.
const raced = true
