//go:build race

package redislimit_test

import "time"

func init() {
	raceDelay = 40 * time.Millisecond
	parallel = "4"
}
