package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/secret"
)

// page makes a request without a credential. Files of the console have other headers than calls.
func (p *process) page(t *testing.T, target string) answer {
	t.Helper()
	return parse(t, p.send(t, call(target, "")).all(t), http.MethodGet)
}

// TestConsoleIsOff checks that there is no console outside the sandbox unless it is switched on, and none in the
// sandbox if it is switched off.
func TestConsoleIsOff(t *testing.T) {
	t.Parallel()
	off := map[string]*process{
		"by default": newStack(t).process,
		"in the sandbox": start(t, "connector", new(secret.Set), "CONNECTOR_SANDBOX=true",
			"CONNECTOR_CONSOLE=false"),
	}
	for name, p := range off {
		for _, target := range []string{"/", "/console", "/console/", "/console/service.json", "/console/main.js"} {
			if a := p.page(t, target); a.status != 401 {
				t.Errorf("%s: %s: got %d", name, target, a.status)
			}
		}
	}
}

// TestConsole checks what the served binary has below /console/, and that the rules for requests hold there.
func TestConsole(t *testing.T) {
	t.Parallel()
	s := newStack(t, "CONNECTOR_CONSOLE=true")
	t.Run("redirects the root", func(t *testing.T) {
		if a := s.page(t, "/"); a.status != 302 || a.header.Get("Location") != "/console/" {
			t.Errorf("got %d, %v", a.status, a.header)
		}
	})
	t.Run("serves a file without a credential and without a call", func(t *testing.T) {
		a := s.page(t, "/console/")
		if a.status != 200 || !strings.Contains(string(a.body), `src="begin.js"`) {
			t.Fatalf("got %d: %s", a.status, a.body)
		}
		for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s is %q", name, got)
			}
		}
		id := a.header.Get("MS-RequestId")
		if !guidForm.MatchString(id) {
			t.Errorf("MS-RequestId is %q", id)
		}
		s.get(t, "/v1/customers", s.keys.key).expect(t, 200, "")
		waitFor(t, "the log has the call", func() bool { return len(s.out.lines("msg", "call")) > 0 })
		if found := s.out.lines("request_id", id); len(found) > 0 {
			t.Errorf("a file is logged: %v", found)
		}
	})
	t.Run("tells nothing that is secret", func(t *testing.T) {
		a := s.page(t, "/console/service.json")
		text := strings.ToLower(string(a.body))
		tenant := ""
		for _, variable := range s.entra.Env(t) {
			name, value, _ := strings.Cut(variable, "=")
			if name == "CONNECTOR_TENANT_ID" || name == "CONNECTOR_CLIENT_ID" {
				tenant += value
				if value != "" && strings.Contains(text, strings.ToLower(value)) {
					t.Errorf("it has %s", name)
				}
			}
		}
		if tenant == "" {
			t.Error("the service has no tenant")
		}
		if found := s.secrets.Find(a.body); found != "" {
			t.Errorf("it has a credential: %s", found)
		}
		var service struct {
			BaseURL string
			Public  bool
			Sandbox any
		}
		if err := json.Unmarshal(a.body, &service); err != nil {
			t.Fatal(err)
		}
		if service.BaseURL != "https://"+publicHost || !service.Public || service.Sandbox != nil {
			t.Errorf("got %+v", service)
		}
	})
	t.Run("has downloads for the public host", func(t *testing.T) {
		a := s.page(t, "/console/register/api-key/apiDefinition.swagger.json")
		if a.status != 200 || !strings.Contains(string(a.body), `"host": "`+publicHost+`"`) {
			t.Errorf("got %d: %.300s", a.status, a.body)
		}
	})
	for name, c := range map[string]struct {
		request string
		status  int
		code    string
	}{
		"another host": {strings.ReplaceAll(call("/console/", ""), publicHost, "evil.test"), 421, "MisdirectedRequest"},
		"the root of another host": {strings.ReplaceAll(call("/", ""), publicHost, "evil.test"), 421,
			"MisdirectedRequest"},
		"another method": {strings.Replace(call("/console/", ""), "GET", "POST", 1), 405, "MethodNotAllowed"},
		"a body": {strings.TrimSuffix(call("/console/", "", "Content-Length: 1"), "\r\n") + "\r\nx", 400,
			"BodyNotAllowed"},
		"an unknown file": {call("/console/missing.js", ""), 401, "MissingCredentials"},
		"an odd path":     {call("/console/%6dain.js", ""), 400, "MalformedPath"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			parse(t, s.send(t, c.request).all(t), http.MethodGet).expect(t, c.status, c.code)
		})
	}
	t.Run("needs a key for everything else", func(t *testing.T) {
		s.get(t, "/v1/customers", "").expect(t, 401, "MissingCredentials")
	})
}

// TestConsoleWithoutPublicURL checks that a host that no definition can have gets no download, and that the
// service goes on.
func TestConsoleWithoutPublicURL(t *testing.T) {
	t.Parallel()
	p := start(t, "connector", new(secret.Set), "CONNECTOR_SANDBOX=true")
	const target = "/console/register/api-key/apiDefinition.swagger.json"
	for _, host := range []string{`a"b`, "a/b", "a b"} {
		request := strings.ReplaceAll(call(target, ""), "Host: "+publicHost, "Host: "+host)
		a := parse(t, p.send(t, request).all(t), http.MethodGet)
		if a.status != 400 && a.status != 401 {
			t.Errorf("host %q: got %d: %.200s", host, a.status, a.body)
		}
	}
	if a := p.page(t, target); a.status != 200 {
		t.Errorf("got %d: %s", a.status, a.body)
	}
}
