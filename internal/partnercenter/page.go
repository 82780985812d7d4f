package partnercenter

import (
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strings"
)

// A Page names the next page of a list, by a token or by an offset, whichever the resource uses.
type Page struct {
	Token  string // for Request.Continuation; empty: none
	Offset string // digits; empty: none
}

var offsetForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})$`)

// NextPage parses the links of a list, which must be valid JSON, and returns the next page, or
// false if there is none. Links are parsed but never followed: Partner Center has sent them with a
// second question mark, escaped as HTML, and with and without /v1.
// https://learn.microsoft.com/partner-center/developer/get-invoiceline-items shows some.
func NextPage(links []byte) (Page, bool) {
	var l struct {
		Next struct {
			URI     string
			Headers []struct{ Key, Value string }
		}
	}
	if err := json.Unmarshal(links, &l); err != nil {
		return Page{}, false
	}
	var p Page
	for _, h := range l.Next.Headers {
		if strings.EqualFold(h.Key, "MS-ContinuationToken") && headerValue(h.Value) {
			p.Token = h.Value
		}
	}
	_, query, _ := strings.Cut(html.UnescapeString(l.Next.URI), "?")
	if values, err := url.ParseQuery(strings.ReplaceAll(query, "?", "&")); err == nil &&
		offsetForm.MatchString(values.Get("offset")) {
		p.Offset = values.Get("offset")
	}
	return p, p != Page{}
}

// headerValue reports whether text can be sent unchanged in a header.
func headerValue(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] == 0x7f {
			return false
		}
	}
	return strings.TrimSpace(text) == text
}
