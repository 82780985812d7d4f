package diagnose

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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

// health answers /healthz by itself.
func health(status int, body string, headers ...string) proxy {
	return at("/healthz", answer(status, body, headers...))
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

		"idle proxy": {health(502, private), false, Warn,
			[]string{"502", "Start the service, which this command does not", "CONNECTOR_LISTEN"}},
		"gateway timeout": {health(504, ""), false, Warn, []string{"504", "does not reach the service"}},
		"wrong target port": {health(503, "upstream connect error or disconnect"), false, Warn,
			[]string{"target port"}},
		"stopped Container App": {health(404, "<p>This Container App is stopped or does not exist."), false, Warn,
			[]string{"Start the app", "Container Apps"}},
		"stopped App Service": {health(403, "<h1>Error 403 - This web app is stopped."), false, Warn,
			[]string{"App Service", "Start the app"}},
		"unknown App Service": {health(404, "<title>404 Web Site not found"), false, Fail,
			[]string{"Custom domains"}},
		"Cloudflare 520": {health(520, private), false, Warn, []string{"520", "Cloudflare"}},
		"Cloudflare 521": {health(521, private), false, Warn, []string{"521", "refuses connections"}},
		"Cloudflare 522": {health(522, private), false, Warn, []string{"522", "in time"}},
		"Cloudflare 523": {health(523, private), false, Warn, []string{"523", "DNS record of the origin"}},
		"Cloudflare 524": {health(524, private), false, Warn, []string{"524", "in time"}},
		"Cloudflare 525": {health(525, private), false, Fail, []string{"525", "TLS to the origin"}},
		"Cloudflare 526": {health(526, private), false, Fail, []string{"526", "certificate"}},
		"challenge": {health(403, private, "Cf-Mitigated", "challenge"), false, Fail,
			[]string{"challenge", "bot protection"}},

		"another page": {health(200, "<html>"+private), false, Fail,
			[]string{"not as this service does", "CONNECTOR_PUBLIC_URL"}},
		"another site": {health(404, private), false, Fail, []string{"404", "prefix", "CONNECTOR_PUBLIC_URL"}},
		"https port": {health(400, "Client sent an HTTP request to an HTTPS server."), false, Fail,
			[]string{"speaks https", "https://"}},
		"proxy sign-in": {health(407, private), false, Fail, []string{"407", "sign-in"}},
		"own sign-in":   {health(401, private), false, Fail, []string{"401", "sign-in of its own", "Authentication"}},
		"WAF":           {health(403, private), false, Fail, []string{"403", "WAF"}},
		"limit":         {health(429, private), false, Warn, []string{"429", "limits calls"}},
		"unknown host":  {health(421, private), false, Fail, []string{"421", "does not know the host"}},
		"added prefix": {changed(func(r *http.Request) { r.URL.Path = "/connector" + r.URL.Path }), false, Fail,
			[]string{"another path", "401 MissingCredentials", "no prefix"}},

		"redirect to another host": {
			health(301, "", "Location", "https://"+strings.Repeat("x", 200)+".example/"), false, Fail,
			[]string{"301", `another host, "xxxx`, "the platform follows none"},
		},
		"redirect to a sign-in page": {
			health(302, "", "Location", "https://login.microsoftonline.com/x/authorize?"+private), false,
			Fail, []string{"a redirect to a sign-in page", "Authentication"},
		},
		"redirect to a sign-in path": {health(302, "", "Location", "/.auth/login/aad"), false, Fail,
			[]string{"sign-in page"}},
		"redirect to another path": {health(308, "", "Location", "/healthz/"), false, Fail,
			[]string{"another path", "unchanged"}},
		"redirect to nowhere": {health(302, ""), false, Fail, []string{"a redirect to nowhere"}},
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
		"added good credential": {call(200, `{"items":[]}`, "MS-RequestId", uuid.NewString()), false, Fail,
			[]string{"anyone who knows the URL"}},

		"sandbox there": {marked("X-Connector-Sandbox", "true"), false, Fail,
			[]string{"is a sandbox", "CONNECTOR_SANDBOX"}},
		"sandbox wanted":  {service, true, Warn, []string{"not a sandbox"}},
		"Age":             {marked("Age", "3"), false, Fail, []string{"caches answers", "Age", "no-store"}},
		"repeated answer": {caching(), false, Fail, []string{"caches answers", "same answer"}},
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
		"firewall for keys": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Api-Key") != "" {
				w.WriteHeader(403)
				return
			}
			service(w, r)
		}, false, Fail, []string{"403", "WAF"}},
		"not ready": {at("/readyz", answer(503, "not ready\n")), false, Warn, []string{"/readyz", "not ready"}},
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
		"a proxy that changes the Host":     {401, "MissingCredentials", []string{"a proxy changes the Host header"}},
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
