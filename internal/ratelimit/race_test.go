//go:build race

package ratelimit_test

import "time"

func init() { detector = 40 * time.Millisecond }
