package partnercenter

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 500, time.UTC)
	for _, c := range []struct {
		header string
		want   int
	}{
		{"", 10}, {"soon", 10}, {"-5", 10}, {"+5", 10}, {"0x10", 10}, {"1e2", 10}, {"NaN", 10}, {" ", 10},
		{"0", 1}, {"1", 1}, {"17", 17}, {"1.2", 2}, {"600", 600}, {"601", 600}, {"99999999999999999999999", 600},
		{strings.Repeat("9", 400), 600},
		{now.Add(17 * time.Second).Format(http.TimeFormat), 17},
		{now.Add(time.Hour).Format(http.TimeFormat), 600},
		{"Fri, 31 Dec 9999 23:59:59 GMT", 600},
		{now.Format(http.TimeFormat), 1},
		{now.Add(-time.Hour).Format(http.TimeFormat), 10},
	} {
		t.Run(fmt.Sprintf("%.30s", c.header), func(t *testing.T) {
			if got := retryAfter(c.header, now); got != time.Duration(c.want)*time.Second {
				t.Errorf("got %v, want %d s", got, c.want)
			}
		})
	}
}
