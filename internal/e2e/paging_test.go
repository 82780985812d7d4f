package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/reply"
	"github.com/partner-center/connector/internal/e2e/secret"
)

// TestNextPage follows a list to its second page. Partner Center gets its own token back, and the
// caller never sees it.
func TestNextPage(t *testing.T) {
	t.Parallel()
	s := newStack(t, manyCalls)
	token := secret.New("page")
	s.secrets.Add("continuation token", token)
	s.upstream.Answer(func(w http.ResponseWriter, r *http.Request) {
		page := `{"items":[{"id":"2"}]}`
		if r.Header.Get("MS-ContinuationToken") == "" {
			page = fmt.Sprintf(
				`{"items":[{"id":"1"}],"links":{"next":{"uri":"%s/customers?seekOperation=Next",`+
					`"headers":[{"key":"MS-ContinuationToken","value":"%s"}]}}}`, reply.Private, secret.InJSON(token))
		} else if r.Header.Get("MS-ContinuationToken") != token {
			s.upstream.Fault("another continuation token than its own")
		}
		reply.JSON(page)(w, r)
	})
	next := func(lines ...string) *url.URL {
		t.Helper()
		a := s.get(t, "/v1/customers?Size=1", s.keys.key, lines...)
		a.expect(t, 200, "")
		var page struct{ NextLink string }
		if err := json.Unmarshal(a.body, &page); err != nil {
			t.Fatalf("%v: %s", err, a.body)
		}
		link, err := url.Parse(page.NextLink)
		if (err != nil) || !link.IsAbs() {
			t.Fatalf("nextLink is %q: %v", page.NextLink, err)
		}
		return link
	}
	link := next()
	if (link.Scheme != "https") || (link.Host != publicHost) || (link.Path != "/v1/customers") ||
		(link.Query().Get("Size") != "1") {
		t.Errorf("nextLink is %s", link)
	}
	a := s.get(t, link.RequestURI(), s.keys.other)
	a.expect(t, 200, "")
	a.expectJSON(t, `{"items":[{"id":"2"}],"totalCount":1}`)
	s.expectTampered(t, link)

	const gateway = "https://europe-001.azure-apihub.net/apim/shared-connector/0f8fad5bd9cb"
	for _, line := range []string{
		"X-MS-APIM-Referrer-Prefix: " + gateway,
		"X-MS-APIM-Referrer: " + gateway + "/v1/customers?Size=1",
	} {
		if link := next(line); !strings.HasPrefix(link.String(), gateway+"/v1/customers?") {
			t.Errorf("with %s nextLink is %s", line, link)
		}
	}
	for _, forged := range []string{
		"https://evil.example/apim/a/b", "http://x.azure-apihub.net/apim/a/b",
		"https://x.azure-apihub.net.evil.example/apim/a/b",
		"https://evil.example#.azure-apihub.net/apim/a/b", "https://u:p@x.azure-apihub.net/apim/a/b",
		"https://x.azure-apihub.net/apim/a/..",
		"https://evilazure-apihub.net/apim/a/b", "//x.azure-apihub.net/apim/a/b",
		"https://x.azure-apihub.net:8443/apim/a/b",
	} {
		for _, header := range []string{"X-MS-APIM-Referrer-Prefix: ", "X-MS-APIM-Referrer: "} {
			if link := next(header + forged); link.Host != publicHost {
				t.Errorf("the forged %s%s makes the link %s", header, forged, link)
			}
		}
	}
	// These characters end a text in JSON, and net/url accepts them in a host.
	next(`X-MS-APIM-Referrer-Prefix: https://a"b<c>.azure-apihub.net/apim/a/b`)
}

// expectTampered changes a link's token in ways that could lead to another page. Each is refused.
func (s *stack) expectTampered(t *testing.T, link *url.URL) {
	t.Helper()
	sealed := link.Query().Get("ContinuationToken")
	tampered := []string{sealed[1:], sealed[:len(sealed)-1], sealed + "A", sealed + "=", "B" + sealed[1:],
		strings.ToLower(sealed), sealed + sealed}
	// some of them decode to the same bytes
	for _, last := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		tampered = append(tampered, sealed[:len(sealed)-1]+string(last))
	}
	for _, forged := range tampered {
		if forged == sealed {
			continue
		}
		s.get(t, "/v1/customers?"+url.Values{"ContinuationToken": {forged}}.Encode(), s.keys.key).expect(t, 400,
			"InvalidContinuationToken")
	}
}
