package entra

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// signIn is a consent that is under way.
type signIn struct {
	t       *testing.T
	e       *fakeEntra
	c       Config
	address *url.URL // that the user is to open
	done    chan error
	text    *lockedBuffer // what the user reads
}

// grantCode makes an Entra ID redeem the code "the-code" once, if the verifier is that of the challenge.
func (s *signIn) grantCode(claims map[string]any, refreshToken string) {
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	s.e.answer = func(form url.Values) (int, any) {
		sum := sha256.Sum256([]byte(form.Get("code_verifier")))
		if base64.RawURLEncoding.EncodeToString(sum[:]) != s.address.Query().Get("code_challenge") {
			return 400, refusal("invalid_grant", 501481)
		}
		if form.Get("code") != "the-code" || form.Get("redirect_uri") != s.address.Query().Get("redirect_uri") || form.Get("grant_type") != "authorization_code" ||
			form.Get("scope") != resource+"/user_impersonation offline_access" || form.Get("client_id") != app {
			return 400, refusal("invalid_grant", 70000)
		}
		answer := map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": "opaque", "refresh_token": refreshToken}
		if claims != nil {
			answer["access_token"] = jwt(claims)
		}
		return 200, answer
	}
}

var addressForm = regexp.MustCompile(`https://\S+`)

// consent begins a consent and waits until it says what to open.
func consent(t *testing.T, ctx context.Context, e *fakeEntra, c Config) *signIn {
	t.Helper()
	if c.RefreshTokenFile == "" {
		c.RefreshTokenFile = filepath.Join(t.TempDir(), "refresh")
	}
	s := &signIn{t: t, e: e, c: c, done: make(chan error, 1), text: new(lockedBuffer)}
	reader, writer := io.Pipe()
	go func() {
		s.done <- Consent(ctx, c, ConsentOptions{NoBrowser: true, Out: io.MultiWriter(s.text, writer)})
		writer.Close()
	}()
	lines := bufio.NewReader(reader)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(<-s.done)
		}
		if found := addressForm.FindString(line); found != "" {
			go io.Copy(io.Discard, lines)
			s.address, err = url.Parse(found)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	}
}

// come comes back to the redirect URI with a query, changed by edit.
func (s *signIn) come(query url.Values, edit func(*http.Request)) (status int, page string) {
	s.t.Helper()
	redirect := s.address.Query().Get("redirect_uri")
	req, err := http.NewRequest(http.MethodGet, redirect+"/?"+query.Encode(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if edit != nil {
		edit(req)
	}
	browser := &http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	resp, err := browser.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	for name := range query {
		if value := query.Get(name); value != "" && strings.Contains(string(body)+fmt.Sprint(resp.Header), value) {
			s.t.Errorf("the page repeats %q: %s", value, body)
		}
	}
	return resp.StatusCode, string(body)
}

func (s *signIn) state() string { return s.address.Query().Get("state") }

// end returns how the consent ended.
func (s *signIn) end() error {
	s.t.Helper()
	select {
	case err := <-s.done:
		if text := fmt.Sprint(err); strings.Contains(text, "\n") {
			s.t.Errorf("more than one line: %s", text)
		}
		return err
	case <-time.After(20 * time.Second):
		s.t.Fatal("it goes on waiting")
		return nil
	}
}

func TestConsent(t *testing.T) {
	startIdentity(t, identityTokens(t, ""))
	for name, set := range map[string]func(*Config){
		"public client": func(*Config) {},
		"secret":        func(c *Config) { c.ClientSecret = "the-secret" },
		"certificate":   func(c *Config) { c.CertificateFile = write(t, "f", firstPair().pem) },
		"federated":     func(c *Config) { c.FederatedTokenFile = write(t, "f", "kubernetes-1") },
		"identity":      func(c *Config) { c.ManagedIdentity = "system" },
	} {
		t.Run(name, func(t *testing.T) {
			e := newFakeEntra(t)
			c := e.config()
			set(&c)
			s := consent(t, t.Context(), e, c)
			q := s.address.Query()
			for parameter, want := range map[string]string{
				"client_id": app, "response_type": "code", "response_mode": "query", "prompt": "select_account", "code_challenge_method": "S256",
				"scope": resource + "/user_impersonation offline_access",
			} {
				if q.Get(parameter) != want {
					t.Errorf("%s: %q", parameter, q[parameter])
				}
			}
			if s.address.Path != "/"+contoso+"/oauth2/v2.0/authorize" || s.address.Host != e.Listener.Addr().String() ||
				!regexp.MustCompile(`^http://localhost:[0-9]+$`).MatchString(q.Get("redirect_uri")) || len(s.state()) < 20 {
				t.Error(s.address)
			}
			s.grantCode(map[string]any{"tid": strings.ToUpper(contoso), "aud": resource, "amr": []string{"pwd", "mfa"}}, "consented")
			status, page := s.come(url.Values{"code": {"the-code"}, "state": {s.state()}, "session_state": {"<b>"}}, nil)
			if status != 200 || !strings.Contains(page, "You can close this window") {
				t.Errorf("%d: %s", status, page)
			}
			if err := s.end(); err != nil {
				t.Fatal(err)
			}
			switch form := e.last(); name {
			case "public client":
				if form.Has("client_secret") || form.Has("client_assertion") {
					t.Error(form)
				}
			case "secret":
				if form.Get("client_secret") != "the-secret" {
					t.Error(form)
				}
			case "certificate":
				e.checkAssertion(form, firstPair().certificate)
			case "federated":
				if form.Get("client_assertion") != "kubernetes-1" {
					t.Error(form)
				}
			case "identity":
				if form.Get("client_assertion") != "identity-2" {
					t.Error(form)
				}
			}
			path := between(t, s.text.String(), "The refresh token is in ", ".\n")
			if content := read(t, path); content != "consented\n" {
				t.Errorf("the file holds %q", content)
			}
			if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
				t.Errorf("%v, %v", info, err)
			}
			if text := s.text.String(); !strings.Contains(text, "with multifactor authentication.\n") || strings.Contains(text, "WARNING") || strings.Contains(text, "the-code") || strings.Contains(text, "consented") {
				t.Error(text)
			}
		})
	}
}

func between(t *testing.T, text, before, after string) string {
	t.Helper()
	_, text, ok := strings.Cut(text, before)
	text, _, ended := strings.Cut(text, after)
	if !ok || !ended {
		t.Fatalf("no %q … %q", before, after)
	}
	return text
}

// TestConsentForeignRequests goes on waiting through everything that is not its answer.
func TestConsentForeignRequests(t *testing.T) {
	e := newFakeEntra(t)
	c := e.withSecret()
	c.RefreshTokenFile = write(t, "refresh", "old")
	if err := os.Chmod(c.RefreshTokenFile, 0o640); err != nil {
		t.Fatal(err)
	}
	s := consent(t, t.Context(), e, c)
	s.grantCode(map[string]any{"tid": contoso, "amr": []string{"pwd", "mfa"}}, "consented")
	good := url.Values{"code": {"the-code"}, "state": {s.state()}}
	for name, request := range map[string]struct {
		query url.Values
		edit  func(*http.Request)
	}{
		"wrong state":     {url.Values{"code": {"the-code"}, "state": {"guessed"}}, nil},
		"no state":        {url.Values{"code": {"the-code"}}, nil},
		"error, no state": {url.Values{"error": {"access_denied"}, "state": {"guessed"}}, nil},
		"neither":         {url.Values{"state": good["state"]}, nil},
		"both":            {url.Values{"code": {"the-code"}, "error": {"access_denied"}, "state": good["state"]}, nil},
		"favicon":         {nil, func(r *http.Request) { r.URL.Path = "/favicon.ico" }},
		"other path":      {good, func(r *http.Request) { r.URL.Path = "/other" }},
		"other host":      {good, func(r *http.Request) { r.Host = "rebound.fabrikam.com" }},
		"other port":      {good, func(r *http.Request) { r.Host = "localhost" }},
		"post":            {good, func(r *http.Request) { r.Method = http.MethodPost }},
		"head":            {good, func(r *http.Request) { r.Method = http.MethodHead }},
	} {
		if status, _ := s.come(request.query, request.edit); status != 404 {
			t.Errorf("%s: %d", name, status)
		}
	}
	if e.count() != 0 {
		t.Fatal("a foreign code was redeemed")
	}
	port := s.address.Query().Get("redirect_uri")[len("http://localhost:"):]
	if status, _ := s.come(good, func(r *http.Request) { r.Host = "127.0.0.1:" + port }); status != 200 {
		t.Errorf("the answer: %d", status)
	}
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(c.RefreshTokenFile); err != nil || info.Mode() != 0o640 || read(t, c.RefreshTokenFile) != "consented\n" {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
		t.Error("it still listens")
	}
}

// TestConsentWithoutMFA writes what Partner Center refuses only where there is nothing better.
func TestConsentWithoutMFA(t *testing.T) {
	for name, c := range map[string]struct {
		before string // of the file; -: there is none
		claims map[string]any
		after  string
	}{
		"new":         {"-", map[string]any{"tid": contoso, "amr": []string{"pwd"}}, "consented\n"},
		"empty":       {"\n", map[string]any{"tid": contoso, "amr": []string{"pwd"}}, "consented\n"},
		"good":        {"old", map[string]any{"tid": contoso, "amr": []string{"pwd"}}, "old"},
		"odd":         {"o\nld", map[string]any{"tid": contoso, "amr": []string{"pwd"}}, "o\nld"},
		"nobody says": {"old", map[string]any{"tid": contoso}, "consented\n"},
	} {
		e := newFakeEntra(t)
		config := e.withSecret()
		config.RefreshTokenFile = filepath.Join(t.TempDir(), "refresh")
		if c.before != "-" {
			rewrite(t, config.RefreshTokenFile, c.before)
		}
		s := consent(t, t.Context(), e, config)
		s.grantCode(c.claims, "consented")
		s.come(url.Values{"code": {"the-code"}, "state": {s.state()}}, nil)
		err := s.end()
		kept := c.after == c.before
		if (err != nil) != kept || kept && (!strings.Contains(err.Error(), "without multifactor") || !strings.Contains(err.Error(), config.RefreshTokenFile)) {
			t.Errorf("%s: %v", name, err)
		}
		if text := s.text.String(); !kept && (!strings.Contains(text, "WARNING") || !strings.Contains(text, "April 2026")) {
			t.Errorf("%s: %s", name, text)
		}
		if got := read(t, config.RefreshTokenFile); got != c.after {
			t.Errorf("%s: the file holds %q", name, got)
		}
	}
}

func TestConsentErrors(t *testing.T) {
	for name, c := range map[string]struct {
		query url.Values
		want  []string
	}{
		"declined": {url.Values{"error": {"access_denied"}, "error_description": {"AADSTS65004: User declined to consent to access the app. Trace ID: free-text"}},
			[]string{"access_denied AADSTS65004", "accept"}},
		"canceled": {url.Values{"error": {"access_denied"}, "error_subcode": {"cancel"}}, []string{"access_denied", "broken off"}},
		"consent":  {url.Values{"error": {"consent_required"}, "error_description": {"AADSTS65001: free-text"}}, []string{"consent_required AADSTS65001"}},
		"text":     {url.Values{"error": {"free-text <b>"}, "error_description": {"free-text AADSTS1: more"}}, []string{"answer of the sign-in page AADSTS1. Look"}},
		"mfa":      {url.Values{"error": {"interaction_required"}, "error_description": {"AADSTS50079: free-text"}}, []string{"AADSTS50079", "multifactor"}},
	} {
		e := newFakeEntra(t)
		s := consent(t, t.Context(), e, e.withSecret())
		c.query.Set("state", s.state())
		s.come(c.query, nil)
		err := s.end()
		if err == nil || strings.Contains(err.Error(), "free-text") || e.count() != 0 {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v, want %s", name, err, part)
			}
		}
	}
}

// TestConsentRefused is a good sign-in that does not lead to a good token.
func TestConsentRefused(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(*signIn)
		want   string
	}{
		"wrong secret": {func(s *signIn) { s.e.refuse(401, "invalid_client", 7000215) },
			"answer 401 of Entra ID: invalid_client AADSTS7000215. Set CONNECTOR_CLIENT_SECRET to the secret's Value, not to its Secret ID."},
		"other tenant": {func(s *signIn) { s.grantCode(map[string]any{"tid": "fabrikam", "amr": []string{"mfa"}}, "consented") },
			`the user signed in to tenant "fabrikam"`},
		"no refresh token": {func(s *signIn) { s.grantCode(map[string]any{"tid": contoso}, "") }, "no refresh token"},
	} {
		e := newFakeEntra(t)
		config := e.withSecret()
		config.RefreshTokenFile = write(t, "refresh", "old")
		s := consent(t, t.Context(), e, config)
		c.answer(s)
		s.come(url.Values{"code": {"the-code"}, "state": {s.state()}}, nil)
		if err := s.end(); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "the-code") {
			t.Errorf("%s: %v", name, err)
		}
		if content := read(t, config.RefreshTokenFile); content != "old" {
			t.Errorf("%s: the file holds %q", name, content)
		}
	}
}

func TestConsentWithAnOpaqueToken(t *testing.T) {
	e := newFakeEntra(t)
	s := consent(t, t.Context(), e, e.withSecret())
	s.grantCode(nil, "consented")
	s.come(url.Values{"code": {"the-code"}, "state": {s.state()}}, nil)
	if err := s.end(); err != nil || !strings.Contains(s.text.String(), "cannot be seen") {
		t.Errorf("%v: %s", err, s.text)
	}
}

func TestConsentEndsWithItsContext(t *testing.T) {
	e := newFakeEntra(t)
	ctx, cancel := context.WithCancel(t.Context())
	s := consent(t, ctx, e, e.withSecret())
	cancel()
	if err := s.end(); err == nil || !strings.Contains(err.Error(), "stopped before anybody had signed in") {
		t.Error(err)
	}
}

// quiet is a listener to which nobody comes.
type quiet struct {
	closed chan struct{}
	once   sync.Once
}

func (q *quiet) Accept() (net.Conn, error) { <-q.closed; return nil, net.ErrClosed }
func (q *quiet) Close() error              { q.once.Do(func() { close(q.closed) }); return nil }
func (q *quiet) Addr() net.Addr            { return &net.TCPAddr{} }

func TestConsentWaitsTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before := time.Now()
		l := &landing{answer: make(chan url.Values, 1)}
		_, err := l.wait(t.Context(), &quiet{closed: make(chan struct{})})
		if err == nil || time.Since(before) < 10*time.Minute || time.Since(before) > 10*time.Minute+5*time.Second {
			t.Errorf("after %v: %v", time.Since(before), err)
		}
	})
}

// TestConsentBeforeSignIn finds out what cannot work before anybody signs in.
func TestConsentBeforeSignIn(t *testing.T) {
	e := newFakeEntra(t)
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		set  func(*Config, *ConsentOptions)
		want string
	}{
		"no directory":    {func(c *Config, _ *ConsentOptions) { c.RefreshTokenFile = "absent/refresh" }, "CONNECTOR_REFRESH_TOKEN_FILE: absent/refresh: no such file or directory: name a file in a directory"},
		"bad certificate": {func(c *Config, _ *ConsentOptions) { c.CertificateFile = "absent/f" }, "CONNECTOR_CLIENT_CERTIFICATE_FILE"},
		"taken port":      {func(_ *Config, o *ConsentOptions) { o.Port = taken.Addr().(*net.TCPAddr).Port }, "choose another port"},
	} {
		config, options := e.config(), ConsentOptions{NoBrowser: true, Out: io.Discard}
		config.RefreshTokenFile = filepath.Join(t.TempDir(), "refresh")
		c.set(&config, &options)
		if err := Consent(t.Context(), config, options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(filepath.Dir(config.RefreshTokenFile)); len(left) != 0 {
			t.Errorf("%s: left behind %v", name, left)
		}
	}
}

func TestConsentOpensTheBrowser(t *testing.T) {
	opened := make(chan string, 1)
	old := openBrowser
	t.Cleanup(func() { openBrowser = old })
	openBrowser = func(address string) { opened <- address }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	var text lockedBuffer
	c := newFakeEntra(t).withSecret()
	c.RefreshTokenFile = filepath.Join(t.TempDir(), "refresh")
	go func() { done <- Consent(ctx, c, ConsentOptions{Out: &text}) }()
	if address := <-opened; !strings.Contains(text.String(), address) {
		t.Errorf("opened %s and said %s", address, &text)
	}
	cancel()
	<-done
}
