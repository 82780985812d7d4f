package sandbox_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/sandbox"
)

const bom = "\ufeff"

// paths are one good call of every kind for each of the customers worth a look.
func paths() []string {
	list := []string{
		"/v1/customers", "/v1/customers?size=7",
		"/v1/customers?filter=" + url.QueryEscape(`{"Field":"Domain","Value":"FAB","Operator":"starts_with"}`),
		"/v1/invoices", "/v1/invoices?size=20&offset=20",
		"/v1/customers/" + sandbox.ContosoID + "/products?targetView=MicrosoftAzure",
		"/v1/customers/" + sandbox.ContosoID + "/products?targetView=OnlineServices",
	}
	for _, c := range sandbox.Customers() {
		at := "/v1/customers/" + c.ID
		list = append(list, at, at+"/subscriptions", at+"/orders", at+"/orders?include_price=true&include_system_purchases=true")
	}
	return list
}

// caller calls a sandbox of its own with an app-only token.
type caller struct {
	*testing.T
	*sandbox.Sandbox
	client *http.Client
	token  string
}

func start(t *testing.T) *caller {
	t.Helper()
	s, err := sandbox.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return call(t, s)
}

// call makes a caller whose client reaches nothing but this host.
func call(t *testing.T, s *sandbox.Sandbox) *caller {
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

// form is a good request for an app-only token, with the given fields changed;
// an empty one is left out.
func (c *caller) form(changed map[string]string) url.Values {
	form := url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {c.ClientID},
		"client_secret": {c.ClientSecret},
		"scope":         {"https://api.partnercenter.microsoft.com/.default"},
	}
	for name, value := range changed {
		if form.Set(name, value); value == "" {
			form.Del(name)
		}
	}
	return form
}

// grant asks for a token, and gives the answer's members with "status" added.
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
		c.Fatal(err)
	}
	members["status"] = resp.StatusCode
	return members
}

func (c *caller) send(r *http.Request) (*http.Response, string) {
	c.Helper()
	if r.Header.Get("Authorization") == "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.client.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		c.Fatal(err)
	}
	return resp, string(body)
}

// get gives an answer and its body without the byte-order mark; header is
// name and value in turn.
func (c *caller) get(path string, header ...string) (*http.Response, string) {
	c.Helper()
	r, err := http.NewRequest("GET", c.UpstreamURL+path, nil)
	if err != nil {
		c.Fatal(err)
	}
	for n := 0; n < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	resp, body := c.send(r)
	return resp, strings.TrimPrefix(body, bom)
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

// list gets a collection, and holds what is true of all of them.
func (c *caller) list(path string, header ...string) list {
	c.Helper()
	resp, body := c.get(path, header...)
	var l list
	if err := json.Unmarshal([]byte(body), &l); resp.StatusCode != 200 || err != nil {
		c.Fatalf("GET %s: %s %v %.300s", path, resp.Status, err, body)
	}
	if l.TotalCount != len(l.Items) || l.Items == nil {
		c.Errorf("GET %s: totalCount is %d, items are %d", path, l.TotalCount, len(l.Items))
	}
	return l
}

func (l list) all(member string) []string {
	var values []string
	for _, i := range l.Items {
		value, _ := i[member].(string)
		values = append(values, value)
	}
	return values
}

func TestEveryStartAnswersTheSame(t *testing.T) {
	one, two := start(t), start(t)
	for _, path := range paths() {
		first, a := one.get(path)
		second, b := two.get(path)
		if a != b || first.StatusCode != 200 || second.StatusCode != 200 {
			t.Errorf("GET %s differs between two sandboxes, or is no 200", path)
		}
	}
}

func TestManyCallersAtOnce(t *testing.T) {
	c := start(t)
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for _, path := range paths() {
				r, _ := http.NewRequest("GET", c.UpstreamURL+path, nil)
				r.Header.Set("Authorization", "Bearer "+c.token)
				resp, err := c.client.Do(r)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != 200 {
					t.Errorf("GET %s: %s %v", path, resp.Status, err)
				}
				resp.Body.Close()
			}
		})
	}
	callers.Wait()
}

func TestCloseLeavesNothingBehind(t *testing.T) {
	s, err := sandbox.Start()
	if err != nil {
		t.Fatal(err)
	}
	c := call(t, s)
	c.get("/v1/customers") // leaves an idle connection

	wait := c.slow(t.Context())
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if wait() == nil {
		t.Error("a call that was not answered ended without an error")
	}
	// A connection that is done may still be on its way out.
	stacks := make([]byte, 1<<20)
	for deadline := time.Now().Add(2 * time.Second); ; runtime.Gosched() {
		all := string(stacks[:runtime.Stack(stacks, true)])
		if !strings.Contains(all, "net/http.(*conn)") && !strings.Contains(all, "net/http.(*Server)") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still running after Close:\n%s", all)
		}
	}
}
