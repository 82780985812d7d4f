package diagnose

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// service answers as the service does to callers without a valid credential.
func service(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/healthz", r.URL.Path == "/readyz":
		io.WriteString(w, "ok\n")
	case r.Header.Get("X-Api-Key") != "":
		refuse(w, 401, "InvalidApiKey")
	case r.Header.Get("Authorization") != "":
		refuse(w, 401, "InvalidToken")
	default:
		refuse(w, 401, "MissingCredentials")
	}
}

// refuse answers with an error as the service does.
func refuse(w http.ResponseWriter, status int, code string) {
	id := uuid.NewString()
	w.Header().Set("MS-RequestId", id)
	w.Header().Set("MS-CorrelationId", uuid.NewString())
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"statusCode": status, "error": map[string]string{"code": code},
		"requestId": id})
}

// A proxy is what stands in front of the service.
type proxy func(w http.ResponseWriter, r *http.Request)

// at answers one path by itself and passes others on.
func at(path string, answer http.HandlerFunc) proxy {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			answer(w, r)
			return
		}
		service(w, r)
	}
}

// answer returns a status, a body and headers, which are pairs of a name and a value.
func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// instead answers in place of the service.
func instead(status int, body string, headers ...string) proxy {
	return proxy(answer(status, body, headers...))
}

// onlyCalls passes on calls alone and answers other paths by itself.
func onlyCalls(status int, body string) proxy {
	return func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			service(w, r)
			return
		}
		answer(status, body)(w, r)
	}
}

// withCredential answers calls that have a header by itself.
func withCredential(name string, answer http.HandlerFunc) proxy {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(name) != "" {
			answer(w, r)
			return
		}
		service(w, r)
	}
}

// call answers calls by itself.
func call(status int, body string, headers ...string) proxy {
	return at(callPath, answer(status, body, headers...))
}

// refusing refuses calls as the service does.
func refusing(status int, code string) proxy {
	return at(callPath, func(w http.ResponseWriter, _ *http.Request) { refuse(w, status, code) })
}

// changed changes requests on their way to the service.
func changed(change func(*http.Request)) proxy {
	return func(w http.ResponseWriter, r *http.Request) {
		change(r)
		service(w, r)
	}
}

// marked adds a header to the service's answers, or removes it if the value is empty.
func marked(name, value string) proxy {
	return func(w http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		service(recorder, r)
		for key := range recorder.Header() {
			w.Header().Set(key, recorder.Header().Get(key))
		}
		w.Header().Set(name, value)
		if value == "" {
			w.Header().Del(name)
		}
		w.WriteHeader(recorder.Code)
		w.Write(recorder.Body.Bytes())
	}
}

// caching answers calls with its first answer.
func caching() proxy {
	first := httptest.NewRecorder()
	service(first, httptest.NewRequest(http.MethodGet, callPath, nil))
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != callPath {
			service(w, r)
			return
		}
		for key := range first.Header() {
			w.Header().Set(key, first.Header().Get(key))
		}
		w.WriteHeader(first.Code)
		w.Write(first.Body.Bytes())
	}
}

// noRedirects is a client as outbound makes them.
func noRedirects(s *httptest.Server) *http.Client {
	return &http.Client{Transport: s.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
}

// signingKeys is that of a service that accepts tokens.
func signingKeys(context.Context) (int, error) { return 1, nil }

func TestPublicURL(t *testing.T) {
	const private = "PRIVATE-TEXT"
	for name, c := range map[string]struct {
		proxy   proxy
		sandbox bool // of the settings
		result  Result
		says    []string
	}{
		"leads to the service": {service, false, OK, []string{"leads to the service"}},

		"idle proxy": {instead(502, private), false, Warn,
			[]string{"502", "Start the service, which this command does not", "CONNECTOR_LISTEN"}},
		"gateway timeout": {instead(504, ""), false, Warn, []string{"504", "does not reach the service"}},
		"wrong target port": {instead(503, "upstream connect error or disconnect"), false, Warn,
			[]string{"target port"}},
		"stopped Container App": {instead(404, "<p>This Container App is stopped or does not exist."), false, Warn,
			[]string{"Start the app", "Container Apps"}},
		"stopped App Service": {instead(403, "<h1>Error 403 - This web app is stopped."), false, Warn,
			[]string{"App Service", "Start the app"}},
		"unknown App Service": {instead(404, "<title>404 Web Site not found"), false, Fail,
			[]string{"Custom domains"}},
		"Cloudflare 520": {instead(520, private), false, Warn, []string{"520", "Cloudflare"}},
		"Cloudflare 521": {instead(521, private), false, Warn, []string{"521", "refuses connections"}},
		"Cloudflare 522": {instead(522, private), false, Warn, []string{"522", "in time"}},
		"Cloudflare 523": {instead(523, private), false, Warn, []string{"523", "DNS record of the origin"}},
		"Cloudflare 524": {instead(524, private), false, Warn, []string{"524", "in time"}},
		"Cloudflare 525": {instead(525, private), false, Fail, []string{"525", "TLS to the origin"}},
		"Cloudflare 526": {instead(526, private), false, Fail, []string{"526", "certificate"}},
		"Cloudflare 530": {instead(530, private), false, Warn, []string{"530", "tunnel"}},
		"ngrok": {instead(404, private, "Ngrok-Error-Code", "ERR_NGROK_3200"), false, Warn,
			[]string{"404", "ngrok", "tunnel"}},
		"Traefik": {instead(404, "404 page not found\n"), false, Warn, []string{"404", "Traefik", "route"}},
		"nginx with client certificates": {
			instead(400, "<center>No required SSL certificate was sent</center>"), false, Fail,
			[]string{"400", "requires a client certificate", "Switch client certificates off"}},
		"App Service with client certificates": {
			instead(403, "Error 403: Forbidden: Client Certificate Required"), false, Fail,
			[]string{"403", "requires a client certificate", "Switch client certificates off"}},
		"restricted App Service": {instead(403, private, "X-Ms-Forbidden-Ip", "203.0.113.9"), false, Warn,
			[]string{"403", "access restrictions", "Networking"}},
		"restricted App Service with a page": {
			instead(403, "The web app you have attempted to reach has blocked your access."), false, Warn,
			[]string{"403", "access restrictions"}},
		"challenge": {instead(403, private, "Cf-Mitigated", "challenge"), false, Fail,
			[]string{"challenge", "bot protection"}},

		"another page": {instead(200, "<html>"+private), false, Fail,
			[]string{"not as this service does", "CONNECTOR_PUBLIC_URL"}},
		"another site": {instead(404, private), false, Fail, []string{"404", "prefix", "CONNECTOR_PUBLIC_URL"}},
		"https port": {instead(400, "Client sent an HTTP request to an HTTPS server."), false, Fail,
			[]string{"speaks https", "https://"}},
		"proxy sign-in": {instead(407, private), false, Fail, []string{"407", "sign-in"}},
		"own sign-in":   {instead(401, private), false, Fail, []string{"401", "sign-in of its own", "Authentication"}},
		"WAF":           {instead(403, private), false, Fail, []string{"403", "WAF"}},
		"limit":         {instead(429, private), false, Warn, []string{"429", "limits calls"}},
		"unknown host":  {instead(421, private), false, Fail, []string{"421", "does not know the host"}},
		"added prefix": {changed(func(r *http.Request) { r.URL.Path = "/connector" + r.URL.Path }), false, Fail,
			[]string{"another path", "401 MissingCredentials", "no prefix"}},

		"redirect to another host": {
			instead(301, "", "Location", "https://"+strings.Repeat("x", 200)+".example/"), false, Fail,
			[]string{"301", `another host, "xxxx`, "the platform follows none"},
		},
		"redirect to a sign-in page": {
			instead(302, "", "Location", "https://login.microsoftonline.com/x/authorize?"+private), false,
			Fail, []string{"a redirect to a sign-in page", "Authentication"},
		},
		"redirect to a sign-in path": {instead(302, "", "Location", "/.auth/login/aad"), false, Fail,
			[]string{"sign-in page"}},
		"redirect to another path": {instead(308, "", "Location", "/healthz/"), false, Fail,
			[]string{"another path", "unchanged"}},
		"redirect to itself": {instead(301, "", "Location", "/healthz"), false, Fail,
			[]string{"a redirect to itself", "X-Forwarded-Proto", "Flexible"}},
		"redirect to nowhere": {instead(302, ""), false, Fail, []string{"a redirect to nowhere"}},
		"redirect of a call": {call(302, "", "Location", "/login"), false, Fail,
			[]string{callPath + " answers 302", "sign-in page"}},

		"another Host": {refusing(421, "MisdirectedRequest"), false, Fail,
			[]string{"another Host (421)", "Host header", "CONNECTOR_PUBLIC_URL"}},
		"another Host of a proxy": {call(421, private), false, Fail, []string{"421", "does not know the host"}},
		"WAF for calls":           {call(403, private), false, Fail, []string{callPath + " answers 403", "WAF"}},
		"own sign-in for calls":   {call(401, `{"error":"unauthorized"}`), false, Fail, []string{"sign-in of its own"}},
		"other JSON with a code": {call(401, `{"statusCode":401,"error":{"code":"x y"},"requestId":"1"}`), false, Fail,
			[]string{"sign-in of its own"}},
		"added body": {refusing(400, "BodyNotAllowed"),
			false, Fail, []string{"400 BodyNotAllowed", "unchanged"}},
		"draining": {refusing(503, "Draining"),
			false, Warn, []string{"stopping"}},
		"added credential": {changed(func(r *http.Request) { r.Header.Set("X-Api-Key", "k") }), false, Fail,
			[]string{"arrives with one (401 InvalidApiKey)"}},
		"added token of another tenant": {refusing(403, "TenantNotAllowed"), false, Fail,
			[]string{"arrives with one (403 TenantNotAllowed)"}},
		"two added credentials": {refusing(400, "MultipleCredentials"), false, Fail, []string{"arrives with one"}},
		"added good credential, limited": {refusing(429, "RateLimitExceeded"), false, Fail,
			[]string{"passes the sign-in (429 RateLimitExceeded)", "adds one", "anyone who knows the URL"}},
		"added good credential of a service whose own fails": {refusing(502, "PartnerCenterUnauthorized"), false, Fail,
			[]string{"passes the sign-in", "adds one"}},
		"added good credential and parameter": {refusing(400, "UnknownParameter"), false, Fail,
			[]string{"passes the sign-in", "adds one"}},
		"added good credential": {call(200, `{"items":[]}`, "MS-RequestId", uuid.NewString()), false, Fail,
			[]string{"anyone who knows the URL"}},

		"sandbox there": {marked("X-Connector-Sandbox", "true"), false, Fail,
			[]string{"is a sandbox", "CONNECTOR_SANDBOX"}},
		"sandbox wanted":        {service, true, Warn, []string{"not a sandbox"}},
		"Age":                   {marked("Age", "3"), false, Fail, []string{"caches answers", "Age", "no-store"}},
		"Age of a new answer":   {marked("Age", "0"), false, OK, []string{"leads to the service"}},
		"Age that is no number": {marked("Age", private), false, OK, []string{"leads to the service"}},
		"repeated answer":       {caching(), false, Fail, []string{"caches answers", "same answer"}},
		"removed headers": {marked("MS-RequestId", ""), false, Warn,
			[]string{"removed on the way: MS-RequestId.", "Retry-After"}},

		"dropped key": {changed(func(r *http.Request) { r.Header.Del("X-Api-Key") }), false, Fail,
			[]string{"X-Api-Key is dropped", "pass X-Api-Key on"}},
		"dropped token": {changed(func(r *http.Request) { r.Header.Del("Authorization") }), false, Fail,
			[]string{"Authorization is dropped", "pass Authorization on"}},
		"changed token": {at(callPath, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "" {
				refuse(w, 401, "InvalidAuthorizationHeader")
				return
			}
			service(w, r)
		}), false, Fail, []string{"401 InvalidAuthorizationHeader, not with InvalidToken"}},
		"firewall for keys": {withCredential("X-Api-Key", answer(403, "")), false, Fail, []string{"403", "WAF"}},
		"draining later": {withCredential("X-Api-Key", http.HandlerFunc(refusing(503, "Draining"))), false, Warn,
			[]string{"not ready: it is stopping", "Wait until"}},
		"not ready": {at("/readyz", answer(503, "not ready\n")), false, Warn, []string{"/readyz", "not ready"}},

		"calls alone": {onlyCalls(404, private), false, Warn,
			[]string{"leads to the service, but its health paths do not pass: /healthz answers 404", "monitors"}},
		"calls alone with another Host": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/healthz" {
				w.WriteHeader(404)
				return
			}
			refuse(w, 421, "MisdirectedRequest")
		}, false, Fail, []string{"another Host (421)"}},
		"calls alone without a key": {func(w http.ResponseWriter, r *http.Request) {
			r.Header.Del("X-Api-Key")
			onlyCalls(404, private)(w, r)
		}, false, Fail, []string{"X-Api-Key is dropped"}},
		"a health path of the proxy": {at("/healthz", answer(200, "healthy")), false, Warn,
			[]string{"health paths do not pass: /healthz answers 200"}},
		"no /readyz": {at("/readyz", answer(503, private)), false, Warn,
			[]string{"health paths do not pass: /readyz answers 503"}},
		"another /readyz": {at("/readyz", answer(200, private)), false, Warn,
			[]string{"health paths do not pass: /readyz answers 200"}},
	} {
		t.Run(name, func(t *testing.T) {
			requests := 0
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests++
				c.proxy(w, r)
			}))
			defer s.Close()
			all := try(t, Config{PublicURL: s.URL, HTTP: noRedirects(s), Sandbox: c.sandbox, SigningKeys: signingKeys,
				APIKeys: &APIKeys{Count: 1, Names: []string{"flows"}}})
			all.expect(t, publicSubject, c.result, c.says...)
			all.expectOne(t, publicSubject)
			if strings.Contains(fmt.Sprint(all), private) || len(fmt.Sprint(all)) > 1000 {
				t.Errorf("a finding has what the peer sent: %q", all)
			}
			if requests > 5 {
				t.Errorf("%d requests", requests)
			}
		})
	}
	t.Run("that is not set is left out", func(t *testing.T) { try(t, Config{}).expectNone(t, publicSubject) })
}

// TestMisdirected tells a proxy that changes the Host from a service with another URL, where a
// service runs on this machine.
func TestMisdirected(t *testing.T) {
	for name, c := range map[string]struct {
		status int // of the service on this machine
		code   string
		says   []string
	}{
		"a proxy that changes the Host": {401, "MissingCredentials",
			[]string{"a proxy changes the Host header", "$http_host"}},
		"a service with another public URL": {421, "MisdirectedRequest", []string{"Restart the service"}},
		"something else on this machine":    {404, "", []string{"and give the service there"}},
	} {
		t.Run(name, func(t *testing.T) {
			there := httptest.NewServer(http.HandlerFunc(refusing(421, "MisdirectedRequest")))
			defer there.Close()
			here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if "http://"+r.Host != there.URL {
					t.Errorf("the Host is %s", r.Host)
				}
				if c.code == "" {
					w.WriteHeader(c.status)
					return
				}
				refuse(w, c.status, c.code)
			}))
			defer here.Close()
			all := try(t, Config{PublicURL: there.URL, HTTP: noRedirects(there), Listen: here.Listener.Addr().String()})
			all.expect(t, publicSubject, Fail, c.says...)
			all.expectOne(t, publicSubject)
		})
	}
}

// TestPublicTLS covers what is different under an https URL.
func TestPublicTLS(t *testing.T) {
	for name, c := range map[string]struct {
		proxy  proxy
		result Result
		says   []string
	}{
		"good": {service, OK, []string{"leads to the service"}},
		"an origin that wants https": {instead(400, "The plain HTTP request was sent to HTTPS port"), Fail,
			[]string{"the proxy speaks http to a port of the origin that wants https", "forward by https"}},
		"a redirect to itself": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+r.Host+r.URL.Path, http.StatusMovedPermanently)
		}, Fail, []string{"a redirect to itself", "X-Forwarded-Proto: https"}},
		"a redirect to http": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+r.Host+r.URL.Path, http.StatusMovedPermanently)
		}, Fail, []string{"from https to http"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewTLSServer(http.HandlerFunc(c.proxy))
			defer s.Close()
			all := try(t, Config{PublicURL: s.URL, HTTP: noRedirects(s)})
			all.expect(t, publicSubject, c.result, c.says...)
		})
	}
}

func TestRedirect(t *testing.T) {
	for location, want := range map[string]string{
		"https://svc.example/healthz":      "a redirect to itself",
		"https://SVC.example:443/healthz":  "a redirect to itself",
		"https://svc.example:8443/healthz": `another port, "8443"`,
		"https://svc.example:443/x":        "another path",
		"https://svc.example/healthz?x=1":  "another path",
		"http://svc.example/healthz":       "from https to http",
		"http://svc.example:443/healthz":   "from https to http",
		"https://www.svc.example/healthz":  "another host",
	} {
		for _, from := range []string{"https://svc.example", "https://svc.example:443"} {
			t.Run(from+" to "+location, func(t *testing.T) {
				if means, _ := redirect(from+"/healthz", location); !strings.Contains(means, want) {
					t.Errorf("%q, want %q", means, want)
				}
			})
		}
	}
}

func TestNginxHost(t *testing.T) {
	for address, want := range map[string]string{
		"https://svc.example": "$host", "https://svc.example:443": "$host",
		"https://svc.example:8443": "$http_host", "http://svc.example:8080": "$http_host",
	} {
		t.Run(address, func(t *testing.T) {
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			if got := nginxHost(u); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}
