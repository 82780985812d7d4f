package partnercenter

import (
	"math"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/partner-center/connector/internal/fault"
)

const (
	minRetry = time.Second
	maxRetry = 600 * time.Second
)

var seconds = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// retryAfter parses a Retry-After header, in seconds or as a date, and returns whole seconds from 1
// to 600. It returns fault.DefaultRetry if the header is absent, malformed or in the past.
func retryAfter(header string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds.MatchString(header) {
		s, _ := strconv.ParseFloat(header, 64) // out of range is +Inf
		wait = time.Duration(math.Ceil(min(s, maxRetry.Seconds()))) * time.Second
	} else if date, err := http.ParseTime(header); err == nil && !date.Before(now.Truncate(time.Second)) {
		wait = min(date.Sub(now), maxRetry)
		wait = (wait + time.Second - 1).Truncate(time.Second)
	} else {
		return fault.DefaultRetry
	}
	return min(max(wait, minRetry), maxRetry)
}
