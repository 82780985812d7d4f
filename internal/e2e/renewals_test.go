package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestRenewals reads the renewals of all customers of the sandbox, with the action and with the tool,
// and compares them. Every call of Partner Center counts. With the race detector, which makes the calls
// ten times as slow, it reads the first pages only.
func TestRenewals(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	p := start(t, "connector-leakcheck", new(secret.Set), "CONNECTOR_SANDBOX=true", manyCalls)
	most := 120
	if raced {
		most = 8
	}
	const filter = "EndsFrom=2025-01-01&EndsBefore=2026-01-01&AutoRenew=on"
	var byAction []string
	calls, pages := 0, 0
	for target := "/v1/renewals?" + filter; (target != "") && (pages < most); pages++ {
		request := "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Api-Key: sandbox\r\n\r\n"
		a := parse(t, p.send(t, request).all(t), http.MethodGet)
		var page struct {
			Items    []struct{ ID string }
			NextLink string
		}
		if err := json.Unmarshal(a.body, &page); (err != nil) || (a.status != http.StatusOK) {
			t.Fatalf("page %d: %d %s", pages, a.status, a.body)
		}
		for _, item := range page.Items {
			byAction = append(byAction, item.ID)
		}
		n, err := strconv.Atoi(a.header.Get("X-Connector-Calls"))
		if err != nil {
			t.Fatal(err)
		}
		calls += n
		next, err := url.Parse(page.NextLink)
		if err != nil {
			t.Fatal(err)
		}
		if target = ""; page.NextLink != "" {
			target = next.RequestURI()
		}
		if pages == 0 && !strings.HasPrefix(a.header.Get("RateLimit"), `"connection";r=`+strconv.Itoa(10_000-n)) {
			t.Errorf("%d calls, RateLimit %s", n, a.header.Get("RateLimit"))
		}
	}
	once := slices.Compact(slices.Sorted(slices.Values(byAction)))
	if (len(once) != len(byAction)) || (len(once) < 9*most) {
		t.Errorf("%d renewals, %d of them different", len(byAction), len(once))
	}
	if (pages != most) || (calls != 11*most) {
		t.Errorf("%d pages with %d calls", pages, calls)
	}

	session, err := connectMCP(t, p.mcpURL(), "sandbox", modernMCP)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	c := &sdkClient{session, p, modernMCP}
	var byTool []string
	pages = 0
	for arguments := map[string]any{"EndsFrom": "2025-01-01", "EndsBefore": "2026-01-01", "AutoRenew": "on",
		"Fields": "id", "Size": 200}; (arguments != nil) && (pages < most); pages++ {
		text := c.text(t, "csp_list_renewals", arguments)
		summary, rows, _ := strings.Cut(text, "\n\n")
		if rows != "" {
			byTool = append(byTool, strings.Split(strings.TrimSpace(rows), "\n")[1:]...)
		}
		_, cursor, more := strings.Cut(summary, "Cursor: ")
		if arguments["Cursor"] = cursor; !more {
			arguments = nil
		}
	}
	if !slices.Equal(byTool, byAction) {
		t.Errorf("the tool has %d renewals, the action %d", len(byTool), len(byAction))
	}
}
