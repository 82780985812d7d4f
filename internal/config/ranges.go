package config

import (
	"cmp"
	"fmt"
	"strconv"
	"time"
)

// An interval is the range of a setting, including both ends. It is declared once, for validation,
// mistakes and help texts.
type interval[T cmp.Ordered] struct {
	low, high T
	format    func(T) string
}

// Ranges of settings. A deadline is at most 100 seconds because the platform gives up on a call
// after two minutes.
var (
	limitCallsRange      = interval[int]{1, 10_000, strconv.Itoa}
	limitWindowRange     = interval[time.Duration]{time.Second, 5 * time.Minute, formatDuration}
	upstreamTimeoutRange = interval[time.Duration]{time.Second, 100 * time.Second, formatDuration}
	maxBodyRange         = interval[int64]{1 << 10, 256 << 20, formatSize}
	drainRange           = interval[time.Duration]{0, 5 * time.Minute, formatDuration}
	sandboxActivityRange = interval[time.Duration]{time.Second, time.Hour, formatDuration}
)

func (r interval[T]) contains(value T) bool { return r.low <= value && value <= r.high }

// String returns both ends in the usual notation, such as "1s to 5m".
func (r interval[T]) String() string { return r.format(r.low) + " to " + r.format(r.high) }

// formatDuration formats a duration in minutes if they are whole, else in seconds.
func formatDuration(d time.Duration) string {
	if d > 0 && d%time.Minute == 0 {
		return fmt.Sprintf("%dm", d/time.Minute)
	}
	return fmt.Sprintf("%gs", d.Seconds())
}

// units maps the units of a size, in upper case, to bytes.
var units = map[string]int64{"": 1, "B": 1, "KIB": 1 << 10, "MIB": 1 << 20}

// formatSize formats a number of bytes in MiB if they are whole, else in KiB.
func formatSize(bytes int64) string {
	if bytes%(1<<20) == 0 {
		return fmt.Sprintf("%dMiB", bytes>>20)
	}
	return fmt.Sprintf("%dKiB", bytes>>10)
}
