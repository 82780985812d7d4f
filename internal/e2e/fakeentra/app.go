package fakeentra

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/partner-center/connector/internal/e2e/secret"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// checkApp authenticates the app of a token request. It returns the AADSTS code of the refusal, or 0.
func (e *Server) checkApp(r *http.Request) (code int) {
	got, assertion := r.PostFormValue("client_secret"), r.PostFormValue("client_assertion")
	e.mu.Lock()
	public, want := e.public, e.secret
	e.mu.Unlock()
	switch {
	case r.PostFormValue("client_id") != ClientID:
		return 700016
	case assertion != "":
		e.secrets.Add("client assertion", assertion)
		if (r.PostFormValue("client_assertion_type") != assertionType) || (got != "") {
			return 7000218
		}
		return e.checkAssertion(assertion, e.URL+r.URL.Path)
	case (got == "") && public:
		return 0
	case got == "":
		return 7000218
	case got != want:
		return 7000215
	}
	return 0
}

// checkAssertion accepts a federated token, and an assertion that the app signed with one of its
// certificates. It returns the AADSTS code of the refusal, or 0.
func (e *Server) checkAssertion(assertion, endpoint string) (code int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.federated[assertion] {
		return 0
	}
	token, err := jwt.ParseSigned(assertion, []jose.SignatureAlgorithm{jose.RS256, jose.PS256})
	if err != nil {
		return 700213
	}
	for _, certificate := range e.certificates {
		var claims jwt.Claims
		if !hasThumbprint(token.Headers[0].ExtraHeaders, certificate) ||
			(token.Claims(certificate.PublicKey, &claims) != nil) {
			continue
		}
		want := jwt.Expected{Issuer: ClientID, Subject: ClientID, AnyAudience: jwt.Audience{endpoint}, Time: time.Now()}
		if (claims.Expiry != nil) && (claims.ID != "") && (claims.Validate(want) == nil) {
			return 0
		}
	}
	return 700027
}

// hasThumbprint reports whether a header has the SHA-1 or SHA-256 thumbprint of a certificate. It
// accepts every base64 alphabet, because Microsoft's own clients use different ones.
func hasThumbprint(header map[jose.HeaderKey]any, certificate *x509.Certificate) bool {
	short, long := sha1.Sum(certificate.Raw), sha256.Sum256(certificate.Raw)
	toURL := strings.NewReplacer("+", "-", "/", "_", "=", "")
	for name, digest := range map[jose.HeaderKey][]byte{"x5t": short[:], "x5t#S256": long[:]} {
		named, _ := header[name].(string)
		if toURL.Replace(named) == base64.RawURLEncoding.EncodeToString(digest) {
			return true
		}
	}
	return false
}

// Secret returns the app's client secret.
func (e *Server) Secret() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.secret
}

// RotateSecret gives the app another client secret and returns it. The old one is refused from now on.
func (e *Server) RotateSecret() string {
	next := secret.New("secret")
	e.secrets.Add("client secret", next)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.secret = next
	return next
}

// AllowPublicClient lets the app sign in without a credential.
func (e *Server) AllowPublicClient() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.public = true
}

// AddFederatedToken accepts a text in place of the app's secret.
func (e *Server) AddFederatedToken(assertion string) {
	e.secrets.Add("federated token", assertion)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.federated[assertion] = true
}

// RemoveFederatedToken undoes AddFederatedToken.
func (e *Server) RemoveFederatedToken(assertion string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.federated, assertion)
}

// AddCertificate accepts assertions that are signed with a certificate's key.
func (e *Server) AddCertificate(certificate *x509.Certificate) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.certificates = append(e.certificates, certificate)
}

// NewCertificatePEM makes a certificate for the app and returns it with its private key.
func (e *Server) NewCertificatePEM(t testing.TB) string {
	t.Helper()
	key, certificate := NewCertificate(t)
	e.AddCertificate(certificate)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	e.secrets.Add("private key", strings.Split(text, "\n")[5])
	return text + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
}

// NewCertificate returns a key and a self-signed certificate, which no app has yet.
func NewCertificate(t testing.TB) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return key, certificate
}
