package partnercenter

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// FuzzNextPage checks that a page has a token that can be sent in a header, or an offset of digits,
// or nothing.
func FuzzNextPage(f *testing.F) {
	f.Add(
		[]byte(
			`{"next":{"uri":"/invoices?size=2&amp;offset=2?x","headers":[{"key":"MS-ContinuationToken",` +
				`"value":"AQAAAA=="}]}}`))
	f.Add([]byte(`{"next":{"headers":[{"key":"ms-continuationtoken","value":" \u0000\r\n"}]}}`))
	f.Fuzz(func(t *testing.T, links []byte) {
		p, more := NextPage(links)
		if more != (p != Page{}) || (p.Offset != "" && !offsetForm.MatchString(p.Offset)) ||
			strings.ContainsAny(p.Token, "\r\n\x00") {
			t.Errorf("%q: %+v, %v", links, p, more)
		}
	})
}

// FuzzRetryAfter checks that the wait is a whole number of seconds from 1 to 600.
func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 500, time.UTC)
	for _, seed := range []string{"", "0", "17.5", "-1", "1e9", "Mon, 04 May 2026 03:02:18 GMT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if wait := retryAfter(header, now); wait%time.Second != 0 || wait < time.Second || wait > 600*time.Second {
			t.Errorf("%q: %v", header, wait)
		}
		if _, err := http.ParseTime(header); err != nil && !seconds.MatchString(header) &&
			retryAfter(header, now) != 10*time.Second {
			t.Errorf("%q is neither seconds nor a date, but used", header)
		}
	})
}
