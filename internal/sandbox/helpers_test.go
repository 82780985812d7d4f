package sandbox_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/sandbox"
)

const (
	bom          = "\ufeff"
	contosoPath  = "/v1/customers/" + sandbox.ContosoID
	silentPath   = "/v1/customers/" + failingPrefix + "504/orders"
	otherID      = "7d3f1c52-9b84-4e06-a2d7-6c58e0f4b914" // of no customer
	appOnlyScope = "https://api.partnercenter.microsoft.com/.default"
	userScope    = "https://api.partnercenter.microsoft.com/user_impersonation"

	failingPrefix = "00000000-0000-0000-0000-000000000"
)

// samplePaths returns valid requests of every kind for every customer with fixtures of its own.
func samplePaths() []string {
	list := []string{
		"/v1/customers", "/v1/customers?size=7",
		"/v1/customers?filter=" + url.QueryEscape(`{"Field":"Domain","Value":"FAB","Operator":"starts_with"}`),
		"/v1/invoices", "/v1/invoices?size=20&offset=20",
		contosoPath + "/products?targetView=MicrosoftAzure",
		contosoPath + "/products?targetView=OnlineServices",
	}
	for _, id := range sandbox.NamedIDs() {
		at := "/v1/customers/" + id
		list = append(list, at, at+"/subscriptions", at+"/orders",
			at+"/orders?include_price=true&include_system_purchases=true")
	}
	return list
}

// caller calls a sandbox with an app-only token.
type caller struct {
	*testing.T
	*sandbox.Sandbox
	client *http.Client
	token  string
}

// start starts a sandbox for one test.
func start(t *testing.T) *caller {
	t.Helper()
	s, err := sandbox.Start(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close the sandbox: %v", err)
		}
	})
	return newCaller(t, s)
}

// newCaller returns a caller whose client connects to 127.0.0.1 only.
func newCaller(t *testing.T, s *sandbox.Sandbox) *caller {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: s.RootCAs},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if !strings.HasPrefix(address, "127.0.0.1:") {
				t.Errorf("the client dials %s", address)
				return nil, errors.New("not the sandbox")
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	c := &caller{T: t, Sandbox: s, client: &http.Client{Transport: transport}}
	c.token = c.grant(nil)["access_token"].(string)
	return c
}

// sub returns a copy of c that reports to a subtest.
func (c *caller) sub(t *testing.T) *caller {
	s := *c
	s.T = t
	return &s
}

// form returns a valid request for an app-only token, with the given fields changed. An empty value
// removes its field.
func (c *caller) form(changed map[string]string) url.Values {
	form := url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {c.ClientID},
		"client_secret": {c.ClientSecret},
		"scope":         {appOnlyScope},
	}
	for name, value := range changed {
		if form.Set(name, value); value == "" {
			form.Del(name)
		}
	}
	return form
}

// grant sends a token request and returns the members of the answer, and its status as "status".
func (c *caller) grant(changed map[string]string) map[string]any {
	c.Helper()
	resp, err := c.client.PostForm(c.AuthorityURL+"/"+c.TenantID+"/oauth2/v2.0/token", c.form(changed))
	if err != nil {
		c.Fatal(err)
	}
	return c.members(resp)
}

func (c *caller) members(resp *http.Response) map[string]any {
	c.Helper()
	defer resp.Body.Close()
	members := map[string]any{}
	if err := json.NewDecoder(resp.Body).Decode(&members); err != nil {
		c.Fatalf("decode the answer: %v", err)
	}
	members["status"] = resp.StatusCode
	return members
}

// request returns a request for a path of Partner Center with the caller's token. header is names
// and values in turn.
func (c *caller) request(method, path string, header ...string) *http.Request {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), method, c.UpstreamURL+path, nil)
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	for n := 0; n < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	return r
}

func (c *caller) send(r *http.Request) (*http.Response, string) {
	c.Helper()
	resp, err := c.client.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.Fatalf("read the body: %v", err)
	}
	return resp, string(body)
}

// get returns an answer and its body without a byte-order mark.
func (c *caller) get(path string, header ...string) (*http.Response, string) {
	c.Helper()
	resp, body := c.send(c.request(http.MethodGet, path, header...))
	return resp, strings.TrimPrefix(body, bom)
}

// getSilent starts a request for the customer that is never answered and returns once it is sent.
// wait blocks until the request ends.
func (c *caller) getSilent(ctx context.Context) (wait func() error) {
	sent, ended := make(chan struct{}), make(chan error, 1)
	// The transport writes the request again if its connection turns out to be closed.
	once := sync.OnceFunc(func() { close(sent) })
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { once() },
	})
	r := c.request(http.MethodGet, silentPath).WithContext(ctx)
	go func() {
		resp, err := c.client.Do(r)
		if err == nil {
			resp.Body.Close()
		}
		ended <- err
	}()
	<-sent
	return func() error { return <-ended }
}

type link struct {
	URI     string
	Method  string
	Headers []struct{ Key, Value string }
}

type list struct {
	TotalCount int
	Items      []map[string]any
	Links      struct{ Self, Next *link }
}

// list returns a collection after it has checked what holds for all of them.
func (c *caller) list(path string, header ...string) list {
	c.Helper()
	resp, body := c.get(path, header...)
	var l list
	if err := json.Unmarshal([]byte(body), &l); resp.StatusCode != 200 || err != nil {
		c.Fatalf("GET %s: %s %v %.300s", path, resp.Status, err, body)
	}
	if l.TotalCount != len(l.Items) || l.Items == nil {
		c.Errorf("GET %s: totalCount is %d, the page has %d items", path, l.TotalCount, len(l.Items))
	}
	return l
}

// all returns one member of every item, or an empty string for an item without it.
func (l list) all(member string) []string {
	var values []string
	for _, i := range l.Items {
		value, _ := i[member].(string)
		values = append(values, value)
	}
	return values
}

// ofNamed returns what all customers with fixtures of their own have below a path: the items, and
// the bodies without the blanks of indented JSON.
func (c *caller) ofNamed(below string) (items []map[string]any, bodies string) {
	c.Helper()
	var all strings.Builder
	for _, id := range sandbox.NamedIDs() {
		items = append(items, c.list("/v1/customers/"+id+below).Items...)
		_, body := c.get("/v1/customers/" + id + below)
		all.WriteString(body + "\n")
	}
	return items, strings.ReplaceAll(all.String(), `": `, `":`)
}

// wantAll reports every text that is not in all.
func wantAll(t *testing.T, all, subject string, texts []string) {
	t.Helper()
	for _, want := range texts {
		if !strings.Contains(all, want) {
			t.Errorf("no %s has %s", subject, want)
		}
	}
}

// members returns the sorted names of an object's members, or of those in allowed.
func members(object map[string]any, allowed ...string) []string {
	var names []string
	for name := range object {
		if len(allowed) == 0 || slices.Contains(allowed, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// hasOnly reports whether an object has no members except allowed.
func hasOnly(object map[string]any, allowed ...string) bool {
	return slices.Equal(members(object), members(object, allowed...))
}

// collect adds the dotted paths of all members of a JSON value.
func collect(paths map[string]bool, at string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			path := strings.TrimPrefix(at+"."+name, ".")
			paths[path] = true
			collect(paths, path, member)
		}
	case []any:
		for _, element := range v {
			collect(paths, at, element)
		}
	}
}
