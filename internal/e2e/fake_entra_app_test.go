package e2e

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// proveApp returns what is wrong with the credential of a token request's app.
func (e *entraID) proveApp(r *http.Request) (code int) {
	secret, assertion := r.PostFormValue("client_secret"), r.PostFormValue("client_assertion")
	e.mu.Lock()
	public, want := e.public, e.secret
	e.mu.Unlock()
	switch {
	case r.PostFormValue("client_id") != clientID:
		return 700016
	case assertion != "":
		e.secrets.add("client assertion", assertion)
		if r.PostFormValue("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" || secret != "" {
			return 7000218
		}
		return e.proveAssertion(assertion, e.URL+r.URL.Path)
	case secret == "" && public:
		return 0
	case secret == "":
		return 7000218
	case secret != want:
		return 7000215
	}
	return 0
}

// proveAssertion takes one that has been federated, and one that the app has signed for itself.
func (e *entraID) proveAssertion(assertion, endpoint string) (code int) {
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
		if !isNamed(certificate, token.Headers[0].ExtraHeaders) || token.Claims(certificate.PublicKey, &claims) != nil {
			continue
		}
		want := jwt.Expected{Issuer: clientID, Subject: clientID, AnyAudience: jwt.Audience{endpoint}, Time: time.Now()}
		if claims.Expiry != nil && claims.ID != "" && claims.Validate(want) == nil {
			return 0
		}
	}
	return 700027
}

// isNamed says whether a header names a certificate by one of its digests, in any base64: Microsoft's own clients do
// not agree on one.
func isNamed(certificate *x509.Certificate, header map[jose.HeaderKey]any) bool {
	short, long := sha1.Sum(certificate.Raw), sha256.Sum256(certificate.Raw)
	for name, digest := range map[jose.HeaderKey][]byte{"x5t": short[:], "x5t#S256": long[:]} {
		named, _ := header[name].(string)
		if strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(named) == base64.RawURLEncoding.EncodeToString(digest) {
			return true
		}
	}
	return false
}

// register gives the app a certificate.
func (e *entraID) register(certificate *x509.Certificate) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.certificates = append(e.certificates, certificate)
}

// federate makes a text as good as the app's secret.
func (e *entraID) federate(assertion string) {
	e.secrets.add("federated token", assertion)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.federated[assertion] = true
}
