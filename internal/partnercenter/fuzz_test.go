package partnercenter

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// FuzzNextPage shows that whatever Partner Center links to, a page is a token that can be a header or an offset
// that is one, or nothing.
func FuzzNextPage(f *testing.F) {
	f.Add([]byte(`{"next":{"uri":"/invoices?size=2&amp;offset=2?x","headers":[{"key":"MS-ContinuationToken","value":"AQAAAA=="}]}}`))
	f.Add([]byte(`{"next":{"headers":[{"key":"ms-continuationtoken","value":" \u0000\r\n"}]}}`))
	f.Fuzz(func(t *testing.T, links []byte) {
		p, more := NextPage(links)
		if more != (p != Page{}) || p.Offset != "" && !offsetForm.MatchString(p.Offset) || strings.ContainsAny(p.Token, "\r\n\x00") {
			t.Errorf("%q: %+v, %v", links, p, more)
		}
	})
}

// FuzzRetryAfter shows that whatever Partner Center says, the caller is told a whole number of seconds from 1 to 600.
func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 500, time.UTC)
	for _, seed := range []string{"", "0", "17.5", "-1", "1e9", "Mon, 04 May 2026 03:02:18 GMT"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		if wait := retryAfter(header, now); wait%time.Second != 0 || wait < time.Second || wait > 600*time.Second {
			t.Errorf("%q: %v", header, wait)
		}
		if _, err := http.ParseTime(header); err != nil && !seconds.MatchString(header) && retryAfter(header, now) != 10*time.Second {
			t.Errorf("%q is of use", header)
		}
	})
}
