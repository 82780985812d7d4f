package entra

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/fault"
)

const (
	contoso          = fakeentra.TenantID
	app              = fakeentra.ClientID
	resource         = fakeentra.Resource
	exchangeAudience = fakeentra.ExchangeAudience
	assertionType    = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// TestMain keeps every test on this machine, and is the process that TestKilledWhileRotating kills.
func TestMain(m *testing.M) {
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		panic("a test reached for the outside network")
	}}
	if os.Getenv("ROTATE_FILE") != "" {
		rotateForever()
	}
	os.Exit(m.Run())
}

// lockedBuffer is a buffer that is safe for concurrent use.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// fakeEntra is the fake Entra ID whose token endpoint a test scripts. It records the token requests.
type fakeEntra struct {
	*fakeentra.Server
	t testing.TB
	// nil: a numbered token, and a numbered refresh token for a user
	answer func(form url.Values) (status int, body any)
	header http.Header // of every answer to a token request
	log    *lockedBuffer

	mu    sync.Mutex
	forms []url.Values // the token requests
}

func newFakeEntra(t testing.TB) *fakeEntra {
	e := &fakeEntra{Server: fakeentra.New(t, new(secret.Set)), t: t, log: new(lockedBuffer), header: http.Header{}}
	e.AnswerToken(e.serveToken)
	return e
}

func (e *fakeEntra) serveToken(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/"+contoso+fakeentra.TokenPath {
		fakeentra.Refusal(90002)(w, r)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forms = append(e.forms, r.PostForm)
	answer := e.answer
	if answer == nil {
		answer = e.grant
	}
	status, body := answer(r.PostForm)
	maps.Copy(w.Header(), e.header)
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(status)
	if text, ok := body.(string); ok {
		w.Write([]byte(text))
		return
	}
	json.NewEncoder(w).Encode(body)
}

// grant answers with the next token. Its caller holds the lock.
func (e *fakeEntra) grant(form url.Values) (int, any) {
	token := map[string]any{
		"token_type":   "Bearer",
		"expires_in":   3600,
		"access_token": fmt.Sprint("access-", len(e.forms)),
	}
	if form.Get("grant_type") != "client_credentials" {
		token["refresh_token"] = fmt.Sprint("refresh-", len(e.forms))
	}
	return 200, token
}

// refuse refuses every token request from now on.
func (e *fakeEntra) refuse(status int, name string, codes ...int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = func(url.Values) (int, any) { return status, refusal(name, codes...) }
}

// last returns the form of the latest token request.
func (e *fakeEntra) last() url.Values {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.forms) == 0 {
		e.t.Fatal("there was no token request")
	}
	return e.forms[len(e.forms)-1]
}

func (e *fakeEntra) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.forms)
}

func refusal(name string, codes ...int) map[string]any {
	return map[string]any{
		"error":             name,
		"error_description": fmt.Sprintf("AADSTS%v: Something quoted. Trace ID: 1", codes),
		"error_codes":       codes,
	}
}

func answerWith(w http.ResponseWriter, status int, name string, codes ...int) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(refusal(name, codes...))
}

// config returns the settings of a service that this Entra ID knows, without a credential.
func (e *fakeEntra) config() Config {
	return Config{
		Authority: e.URL, TenantID: contoso, ClientID: app, Resource: resource, ExchangeAudience: exchangeAudience,
		Timeout: 10 * time.Second, HTTP: &http.Client{Transport: e.Client().Transport},
		Log: slog.New(slog.NewJSONHandler(e.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// withSecret returns config with a client secret.
func (e *fakeEntra) withSecret() Config {
	c := e.config()
	c.ClientSecret = "the-secret"
	return c
}

// write creates a file with mode 0600 and returns its path.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	rewrite(t, path, content)
	return path
}

func rewrite(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// must returns a token, which there has to be.
func must(t testing.TB, s *Tokens, refused string) string {
	t.Helper()
	token, err := s.Get(context.Background(), refused)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// mustFail returns the fault of a request that has to fail with a code.
func mustFail(t testing.TB, s *Tokens, code fault.Code) *fault.Error {
	t.Helper()
	token, err := s.Get(context.Background(), "")
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatalf("got %q, %v", token, err)
	}
	if f.Code != code {
		t.Errorf("%v, want %s", f, code)
	}
	if wait := f.RetryAfter; (code == fault.IdentityUnavailable) != (wait == fault.DefaultRetry) {
		t.Errorf("%v with a wait of %v", f, wait)
	}
	return f
}

func codeOf(err error) fault.Code {
	var f *fault.Error
	errors.As(err, &f)
	if f == nil {
		return fault.Code("")
	}
	return f.Code
}

// testPair is a certificate with its key.
type testPair struct {
	certificate *x509.Certificate
	key         *rsa.PrivateKey
	pem         string
}

func newPair(name string, from, to time.Time) testPair {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	certificate := certify(key, name, from, to)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return testPair{certificate, key, pemBlock("CERTIFICATE", certificate.Raw) + pemBlock("PRIVATE KEY", pkcs8)}
}

// certify makes a self-signed certificate of a key.
func certify(key *rsa.PrivateKey, name string, from, to time.Time) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    from,
		NotAfter:     to,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return certificate
}

func pemBlock(kind string, content []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
}

var (
	firstPair = sync.OnceValue(
		func() testPair { return newPair("one", time.Now().Add(-time.Hour), time.Now().Add(time.Hour)) },
	)
	secondPair = sync.OnceValue(
		func() testPair { return newPair("two", time.Now().Add(-time.Hour), time.Now().Add(time.Hour)) },
	)
	earlyPair = sync.OnceValue(
		func() testPair { return newPair("new", time.Now().Add(24*time.Hour), time.Now().Add(48*time.Hour)) },
	)
	endedPair = sync.OnceValue(
		func() testPair { return newPair("old", time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)) },
	)
)

// checkAssertion verifies the assertion of an app as Entra ID does, and returns its jti.
func (e *fakeEntra) checkAssertion(form url.Values, by *x509.Certificate) string {
	e.t.Helper()
	if form.Get("client_assertion_type") != assertionType || form.Has("client_secret") {
		e.t.Errorf("not an assertion: %v", form)
	}
	signed, err := jose.ParseSigned(form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.PS256})
	if err != nil {
		e.t.Fatal(err)
	}
	payload, err := signed.Verify(by.PublicKey)
	if err != nil {
		e.t.Fatal(err)
	}
	thumbprint := sha256.Sum256(by.Raw)
	named, _ := signed.Signatures[0].Protected.ExtraHeaders["x5t#S256"].(string)
	if named != base64.RawURLEncoding.EncodeToString(thumbprint[:]) &&
		named != base64.StdEncoding.EncodeToString(thumbprint[:]) {
		e.t.Errorf("thumbprint %q", named)
	}
	var claims struct {
		Audience string `json:"aud"`
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		ID       string `json:"jti"`
		From     int64  `json:"nbf"`
		To       int64  `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		e.t.Fatal(err)
	}
	now := time.Now().Unix()
	if claims.Audience != e.URL+"/"+contoso+"/oauth2/v2.0/token" || claims.Issuer != app || claims.Subject != app ||
		claims.ID == "" ||
		claims.From > now || claims.From < now-5 || claims.To < now+500 ||
		claims.To > now+600 {
		e.t.Errorf("claims %s", payload)
	}
	return claims.ID
}

// jwt returns an access token with these claims and a signature that is not valid.
func jwt(claims map[string]any) string {
	payload, _ := json.Marshal(claims)
	return strings.Join([]string{
		base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)),
		base64.RawURLEncoding.EncodeToString(payload), "c2lnbmF0dXJl"}, ".")
}

func pkcs1(p testPair) string { return pemBlock("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(p.key)) }

// ecPair returns a certificate with a key on an elliptic curve.
func ecPair(t *testing.T) string {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now(),
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pemBlock("CERTIFICATE", der) + pemBlock("PRIVATE KEY", pkcs8)
}
