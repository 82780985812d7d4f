package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/reply"
)

// listTools is a request of tools/list, without a credential.
func listTools() mcpRequest { return legacy.request("tools/list", "") }

// TestMCPGuardsInOrder sends a request that breaks every rule, and repairs one rule after the
// other. Each time the next one is reported.
func TestMCPGuardsInOrder(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	r := mcpRequest{method: http.MethodPut, body: strings.Repeat("x", 64<<10+1), lines: []string{
		"Host: evil.example", "Origin: https://evil.example", "Content-Type: text/plain", "Accept: text/html"}}
	for _, step := range []struct {
		status int
		code   string
		repair func()
	}{
		{421, "MisdirectedRequest", func() { r.lines = r.lines[1:] }},
		{403, "OriginNotAllowed", func() { r.lines = r.lines[1:] }},
		{405, "MethodNotAllowed", func() { r.method = "" }},
		{401, "MissingCredentials", func() { r.lines = append(r.lines, apiKey(s.keys.key)) }},
		{415, "UnsupportedMediaType", func() { r.lines = r.lines[1:] }},
		{406, "NotAcceptable", func() { r.lines = r.lines[1:] }},
		{413, "BodyTooLarge", func() { r.body = "x" }},
	} {
		s.ask(t, r).expect(t, step.status, step.code)
		step.repair()
	}
	s.ask(t, r).expectError(t, 400, -32700)
	if calls := len(s.upstream.Calls()); calls != 0 {
		t.Errorf("%d calls of Partner Center", calls)
	}
}

func TestMCPHost(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for host, status := range map[string]int{
		publicHost: 200, publicHost + ":443": 200, strings.ToUpper(publicHost): 200,
		publicHost + ":8443": 421, "evil.example": 421, publicHost + ".evil.example": 421, "127.0.0.1": 421, "": 421,
	} {
		t.Run("host "+host, func(t *testing.T) {
			a := s.ask(t, listTools().with("Host: "+host, apiKey(s.keys.key)))
			if a.status != status {
				t.Errorf("got %d, want %d", a.status, status)
			}
		})
	}
}

// TestMCPOrigin accepts a browser's request only from the service's own site, or without a public
// URL from the same machine.
func TestMCPOrigin(t *testing.T) {
	t.Parallel()
	foreign := []string{"https://evil.example", "null", "https://" + publicHost + ".evil.example",
		"https://evil.example/https://" + publicHost, "http://localhost.evil.example", "https://127.0.0.1.evil.example",
		"https://" + publicHost + "@evil.example", "file://", "evil"}
	for name, c := range map[string]struct {
		settings      []string
		allow, refuse []string
	}{
		"public URL": {nil, []string{"https://" + publicHost}, append(slices.Clone(foreign), "http://"+publicHost,
			"https://"+publicHost+":8443", "http://localhost:6274", "http://127.0.0.1:6274", "http://[::1]:6274")},
		"no public URL": {[]string{"CONNECTOR_PUBLIC_URL="},
			[]string{"http://localhost:6274", "http://127.0.0.1:6274", "http://[::1]:6274", "http://localhost"},
			append(slices.Clone(foreign), "https://"+publicHost)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, c.settings...)
			for _, origin := range c.allow {
				if a := s.ask(t, listTools().with("Origin: "+origin, apiKey(s.keys.key))); a.status != 200 {
					t.Errorf("%s: got %d, want 200", origin, a.status)
				}
			}
			for _, origin := range c.refuse {
				a := s.ask(t, listTools().with("Origin: "+origin, apiKey(s.keys.key)))
				if (a.status != 403) || (a.problem(t).Error.Code != "OriginNotAllowed") {
					t.Errorf("%s: got %d %s, want 403 OriginNotAllowed", origin, a.status, a.body)
				}
			}
			if len(c.allow) > 0 {
				twice := listTools().with("Origin: "+c.allow[0], "Origin: https://evil.example", apiKey(s.keys.key))
				s.ask(t, twice).expect(t, 403, "OriginNotAllowed")
			}
		})
	}
}

// TestMCPKnowsPostAlone refuses every other method before the credential.
func TestMCPKnowsPostAlone(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "post", "QUERY"} {
		for _, key := range []string{"", s.keys.key} {
			r := mcpRequest{method: method, lines: []string{"Accept: text/event-stream", "Mcp-Session-Id: 1"}}
			if key != "" {
				r = r.with(apiKey(key))
			}
			a := s.ask(t, r)
			if method == http.MethodHead {
				if (a.status != 405) || (len(a.body) > 0) {
					t.Errorf("HEAD: got %d %s", a.status, a.body)
				}
				continue
			}
			a.expect(t, 405, "MethodNotAllowed")
		}
	}
}

// TestMCPCredentials refuses every request without a valid credential, whatever its message is.
func TestMCPCredentials(t *testing.T) {
	t.Parallel()
	s := newStack(t, acceptTokens()...)
	for _, c := range []struct {
		name   string
		lines  []string
		status int
		code   string
	}{
		{"none", nil, 401, "MissingCredentials"},
		{"an unknown key", []string{apiKey("wrong")}, 401, "InvalidApiKey"},
		{"a revoked key", []string{apiKey(s.keys.revoked)}, 401, "InvalidApiKey"},
		{"a key as a token", []string{bearer(s.keys.key)}, 401, "InvalidToken"},
		{"a raw key in Authorization", []string{"Authorization: " + s.keys.key}, 401, "InvalidAuthorizationHeader"},
		{"an expired token", []string{bearer(s.entra.Mint(t, "exp-over"))}, 401, "TokenExpired"},
		{"a token for another service", []string{bearer(s.entra.Mint(t, "aud-wrong"))}, 401, "TokenWrongAudience"},
		{"a token without the scope", []string{bearer(s.entra.Mint(t, "scp-other"))}, 403, "InsufficientScope"},
		{"a token of another tenant", []string{bearer(s.entra.Mint(t, "tid-other"))}, 403, "TenantNotAllowed"},
		{"a key and a token", []string{apiKey(s.keys.key), bearer(s.entra.Mint(t, ""))}, 400, "MultipleCredentials"},
		{"a key in the query", nil, 401, "MissingCredentials"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, r := range []mcpRequest{legacy.initialize(), listTools(), modern.request("server/discover", ""),
				legacy.call("csp_list_customers", "{}"), {body: "{"}, {body: ""}} {
				if c.name == "a key in the query" {
					r.target = "/mcp?X-Api-Key=wrong-but-as-long-as-one"
				}
				s.ask(t, r.with(c.lines...)).expect(t, c.status, c.code)
			}
		})
	}
	for _, line := range []string{apiKey(s.keys.key), apiKey(s.keys.other), bearer(s.entra.Mint(t, "")),
		bearer(s.entra.Mint(t, "v1"))} {
		if a := s.ask(t, listTools().with(line)); a.status != 200 {
			t.Errorf("a good credential got %d %s", a.status, a.body)
		}
	}
}

// TestMCPKeysAway cannot verify tokens while Entra ID's signing keys are away, and needs none for
// API keys.
func TestMCPKeysAway(t *testing.T) {
	t.Parallel()
	s := newStack(t, acceptTokens()...)
	s.entra.Answer(fakeentra.KeysPath, reply.With(503, "text/html", reply.Private))
	for _, r := range []mcpRequest{listTools(), legacy.call("csp_list_customers", "{}"), {body: "{"}} {
		a := s.ask(t, r.with(bearer(s.entra.Mint(t, ""))))
		if a.expect(t, 503, "IdentityUnavailable"); a.header.Get("Retry-After") != "10" {
			t.Errorf("Retry-After is %q, want 10", a.header.Get("Retry-After"))
		}
	}
	s.mcp().call(t, "csp_list_customers", "{}").text(t)
}

// TestMCPChallenge tells a client without a credential how to sign in. Only with Entra ID there is
// an authorization server to find.
func TestMCPChallenge(t *testing.T) {
	t.Parallel()
	const document = `resource_metadata="https://` + publicHost + `/.well-known/oauth-protected-resource/mcp"`
	tokensOnly := slices.Concat(acceptTokens(), []string{"CONNECTOR_SIGN_IN=entra", "CONNECTOR_API_KEYS_FILE="})
	for name, c := range map[string]struct {
		settings   []string
		challenges []string // prefixes
	}{
		"keys":            {nil, []string{"ApiKey "}},
		"keys and tokens": {acceptTokens(), []string{"ApiKey ", "Bearer "}},
		"tokens":          {tokensOnly, []string{"Bearer "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStack(t, c.settings...)
			for _, r := range []mcpRequest{listTools(), listTools().with(apiKey("wrong")),
				listTools().with(bearer("wrong"))} {
				got := s.ask(t, r).header.Values("WWW-Authenticate")
				if !slices.EqualFunc(got, c.challenges, strings.HasPrefix) {
					t.Errorf("the challenges are %q, want %q", got, c.challenges)
				}
				for _, challenge := range got {
					wantsMetadata := strings.HasPrefix(challenge, "Bearer ")
					if strings.Contains(challenge, document) != wantsMetadata ||
						strings.Contains(challenge, "/"+fakeentra.Scope+`"`) != wantsMetadata ||
						strings.Contains(challenge, "scope=") != wantsMetadata {
						t.Errorf("the challenge is %s", challenge)
					}
				}
			}
			if name != "keys" {
				a := s.ask(t, listTools().with(bearer(s.entra.Mint(t, "scp-other"))))
				a.expect(t, 403, "InsufficientScope")
				if got := a.header.Get("WWW-Authenticate"); !strings.Contains(got, document) ||
					!strings.Contains(got, `error="insufficient_scope"`) || !strings.Contains(got, "scope=") {
					t.Errorf("the challenge to a token without the scope is %s", got)
				}
			}
			for _, challenge := range s.get(t, "/v1/customers", "").header.Values("WWW-Authenticate") {
				if strings.Contains(challenge, "resource_metadata") {
					t.Errorf("the challenge of an action is %s", challenge)
				}
			}
		})
	}
}

func TestMCPContentType(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for kind, status := range map[string]int{
		"application/json": 200, "application/json; charset=utf-8": 200, "application/json;charset=UTF-8": 200,
		"Application/JSON": 200, "\tapplication/json ": 200,
		"text/json": 415, "text/plain": 415, "application/jsonp": 415, "application/json-rpc": 415,
		"application/x-www-form-urlencoded": 415, "multipart/form-data; boundary=x": 415, "application/*": 415,
		"text/plain; x=application/json": 415, "application": 415, "json": 415, ";": 415,
	} {
		t.Run(kind, func(t *testing.T) {
			a := s.ask(t, listTools().with("Content-Type: "+kind, apiKey(s.keys.key)))
			if status == 415 {
				a.expect(t, 415, "UnsupportedMediaType")
			} else if a.status != status {
				t.Errorf("got %d %s, want %d", a.status, a.body, status)
			}
		})
	}
	s.ask(t, listTools().with("-Content-Type", apiKey(s.keys.key))).expect(t, 415, "UnsupportedMediaType")
}

// TestMCPAccept requires that both types of answers are acceptable, and takes an absent header for
// everything.
func TestMCPAccept(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for _, c := range []struct {
		lines  []string
		status int
	}{
		{[]string{"-Accept"}, 200},
		{[]string{"Accept: */*"}, 200},
		{[]string{"Accept: application/json, text/event-stream"}, 200},
		{[]string{"Accept: application/json,text/event-stream"}, 200},
		{[]string{"Accept: text/event-stream;q=0.1 , application/json; q=0.5"}, 200},
		{[]string{"Accept: Application/Json, TEXT/Event-Stream"}, 200},
		{[]string{"Accept: application/*, text/*"}, 200},
		{[]string{"Accept: application/json", "Accept: text/event-stream"}, 200},
		{[]string{"Accept: text/html, */*;q=0.1"}, 200},
		{[]string{"Accept: application/json"}, 406},
		{[]string{"Accept: text/event-stream"}, 406},
		{[]string{"Accept: text/html"}, 406},
		{[]string{"Accept: application/*"}, 406},
		{[]string{"Accept: application/json, text/plain"}, 406},
		{[]string{"Accept: application/json, text/event-stream;q=0"}, 406},
		{[]string{"Accept: application/jsonx, text/event-stream"}, 406},
		{[]string{"Accept: json"}, 406},
	} {
		t.Run(fmt.Sprint(c.lines), func(t *testing.T) {
			a := s.ask(t, listTools().with(c.lines...).with(apiKey(s.keys.key)))
			if c.status == 406 {
				a.expect(t, 406, "NotAcceptable")
			} else if a.status != c.status {
				t.Errorf("got %d %s, want %d", a.status, a.body, c.status)
			}
			if kind := a.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
				t.Errorf("answered with %s", kind)
			}
		})
	}
}

// TestMCPBodySize accepts bodies of 64 KiB, and refuses larger ones without waiting for their end.
func TestMCPBodySize(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	sized := func(size int) mcpRequest {
		r := listTools().with(apiKey(s.keys.key))
		r.body += strings.Repeat(" ", size-len(r.body))
		return r
	}
	const most = 64 << 10
	for name, r := range map[string]mcpRequest{"announced": sized(most), "chunked": sized(most).chunked()} {
		t.Run(name+" 64 KiB are accepted", func(t *testing.T) {
			if a := s.ask(t, r); a.status != 200 {
				t.Errorf("got %d %s", a.status, a.body)
			}
		})
	}
	for name, r := range map[string]mcpRequest{
		"one byte more, announced": sized(most + 1), "one byte more, chunked": sized(most + 1).chunked(),
		"a megabyte": sized(1 << 20),
	} {
		t.Run(name+" is refused", func(t *testing.T) { s.ask(t, r).expect(t, 413, "BodyTooLarge") })
	}
	endless := sized(2 * most).chunked()
	endless.body = strings.TrimSuffix(endless.body, "0\r\n\r\n")
	announced := listTools().with(apiKey(s.keys.key), fmt.Sprint("Content-Length: ", most+1))
	gigabyte := announced.with("Content-Length: 1073741824")
	gigabyte.body = ""
	for name, r := range map[string]mcpRequest{
		"chunks without an end": endless, "one byte more, of which most do not come": announced,
		"a gigabyte that does not come": gigabyte,
	} {
		t.Run(name+" is refused at once", func(t *testing.T) {
			t.Parallel()
			c := s.send(t, r.wire())
			resp, err := http.ReadResponse(bufio.NewReader(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			answer{resp.StatusCode, resp.Header, body, resp.Close}.expect(t, 413, "BodyTooLarge")
		})
	}
	s.ask(t, sized(most+1).with("X-Api-Key: wrong")).expect(t, 401, "InvalidApiKey")
	for range 20 {
		c := s.send(t, sized(most-1).with("X-Api-Key: wrong").wire())
		if received, err := io.ReadAll(c); (err != nil) || !bytes.Contains(received, []byte("InvalidApiKey")) {
			t.Fatalf("a refused body resets the connection: %v, %.80q", err, received)
		}
	}
	expecting := listTools().with("Expect: 100-continue", apiKey(s.keys.key))
	received := bytes.TrimPrefix(s.send(t, expecting.wire()).all(t), []byte("HTTP/1.1 100 Continue\r\n\r\n"))
	if a := parse(t, received, http.MethodPost); a.status != 200 {
		t.Errorf("after Expect: 100-continue: %d %s", a.status, a.body)
	}
}

// TestMCPPaths finds the endpoint at exactly one path.
func TestMCPPaths(t *testing.T) {
	t.Parallel()
	s := newStack(t)
	for target, code := range map[string]string{
		"/mcp;x": "MalformedPath", "//mcp": "MalformedPath", "/%6dcp": "MalformedPath", "/x/../mcp": "MalformedPath",
		"/.well-known/oauth-protected-resource": "MalformedPath", "/mcp/.": "MalformedPath",
	} {
		t.Run(target, func(t *testing.T) { s.get(t, target, s.keys.key).expect(t, 400, code) })
	}
	for _, target := range []string{"/mcp/", "/MCP", "/mcp/x", "/v1/mcp", "/sse"} {
		s.get(t, target, s.keys.key).expect(t, 404, "NotFound")
	}
}

// TestMCPSwitchedOff hides the endpoint as if it did not exist.
func TestMCPSwitchedOff(t *testing.T) {
	t.Parallel()
	s := newStack(t, "CONNECTOR_MCP=false")
	for _, method := range []string{"", "GET", "PUT", "DELETE", "OPTIONS"} {
		r := listTools().with(apiKey(s.keys.key))
		if r.method = method; method == http.MethodGet {
			r.body = ""
		}
		a := parse(t, s.send(t, r.wire()).all(t), http.MethodPost)
		a.expect(t, 404, "NotFound")
	}
	s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
}
