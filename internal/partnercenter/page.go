package partnercenter

import (
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strings"
)

// A Page identifies the next page of a list by a token or an offset, depending on the resource.
type Page struct {
	Token  string // for Request.Continuation; empty: none
	Offset string // digits; empty: none
}

// offsetForm matches a canonical number that fits an int32.
var offsetForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})$`)

// NextPage returns the next page according to the links of a list, which must be valid JSON. It
// returns false on the last page. Links are parsed but never followed: Partner Center has sent them
// with a second question mark, escaped as HTML, and with and without /v1. See
// https://learn.microsoft.com/partner-center/developer/get-invoiceline-items for examples.
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

// headerValue reports whether text can be sent unchanged as the value of a header.
func headerValue(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] == 0x7f {
			return false
		}
	}
	return strings.TrimSpace(text) == text
}
