package diagnose

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// A signed is a certificate with its key.
type signed struct {
	*x509.Certificate
	key *ecdsa.PrivateKey
}

// sign makes a certificate from a template, by an issuer or self-signed.
func sign(t *testing.T, template x509.Certificate, by *signed) *signed {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().Add(-time.Hour)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(100 * 24 * time.Hour)
	}
	template.BasicConstraintsValid = true
	issuer, issuerKey := &template, key
	if by != nil {
		issuer, issuerKey = by.Certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, issuer, key.Public(), issuerKey)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &signed{parsed, key}
}

// authority returns the template of a CA.
func authority(name string) x509.Certificate {
	return x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, KeyUsage: x509.KeyUsageCertSign}
}

// server returns the template of the certificate of a server on this machine.
func server() x509.Certificate {
	return x509.Certificate{Subject: pkix.Name{CommonName: "server"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
}

func TestPublicCertificate(t *testing.T) {
	root := sign(t, authority("Root"), nil)
	intermediate := sign(t, authority("Intermediate"), root)
	old := authority("Old")
	old.NotAfter = time.Now().Add(-time.Minute)
	oldIntermediate := sign(t, old, root)
	ended, early, soon, other, client := server(), server(), server(), server(), server()
	ended.NotAfter = time.Now().Add(-time.Minute)
	early.NotBefore = time.Now().Add(time.Hour)
	soon.NotAfter = time.Now().Add(time.Hour)
	other.IPAddresses, other.DNSNames = nil, []string{"fabrikam.example"}
	client.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	private := sign(t, authority("Private\nok    forged"), nil)
	for name, c := range map[string]struct {
		template x509.Certificate
		by       *signed   // nil: self-signed
		more     []*signed // sent with it
		result   Result
		says     []string
	}{
		"good": {server(), intermediate, []*signed{intermediate}, OK, []string{"valid until 20"}},
		"ends soon": {soon, intermediate, []*signed{intermediate}, Warn,
			[]string{"for 0 more days", "Renew the certificate"}},
		"missing intermediate": {server(), intermediate, nil, Fail,
			[]string{"comes alone", `CN "Intermediate"`, "full chain"}},
		"self-signed": {server(), nil, nil, Fail, []string{"is self-signed", "public CA"}},
		"unknown CA": {server(), private, []*signed{private}, Fail,
			[]string{"from a CA that this machine does not know", `CN "Private\nok    forged"`, "inspects TLS"}},
		"expired": {ended, intermediate, []*signed{intermediate}, Fail,
			[]string{"has expired on", "renew"}},
		"not yet valid": {early, intermediate, []*signed{intermediate}, Fail,
			[]string{"is not valid before", "clock"}},
		"expired intermediate": {server(), oldIntermediate, []*signed{oldIntermediate}, Fail,
			[]string{"a CA certificate that comes with", "has expired on"}},
		"other names": {other, intermediate, []*signed{intermediate}, Fail,
			[]string{`other names, such as "fabrikam.example"`, "Get a certificate that names the host"}},
		"for clients": {client, intermediate, []*signed{intermediate}, Fail,
			[]string{"not acceptable for a server"}},
	} {
		t.Run(name, func(t *testing.T) {
			leaf := sign(t, c.template, c.by)
			chain := tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: leaf.key}
			for _, m := range c.more {
				chain.Certificate = append(chain.Certificate, m.Raw)
			}
			s := startTLS(t, &tls.Config{Certificates: []tls.Certificate{chain}})
			roots := x509.NewCertPool()
			roots.AddCert(root.Certificate)
			all := try(t, Config{PublicURL: s.URL, HTTP: trusting(roots)})
			all.expect(t, publicSubject, c.result, c.says...)
			if c.result == Fail {
				all.expectOne(t, publicSubject)
			}
		})
	}
}

// startTLS starts the service with TLS.
func startTLS(t *testing.T, config *tls.Config) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(service))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = config
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// trusting returns a client that trusts CA certificates, with TLS as outbound's clients have it.
func trusting(roots *x509.CertPool) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
	}}
}

func TestPublicHandshake(t *testing.T) {
	for name, c := range map[string]struct {
		config *tls.Config
		says   []string
	}{
		"TLS 1.1": {&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			[]string{"no TLS 1.2 or later"}},
		"no certificate for it": {&tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return nil, io.ErrUnexpectedEOF
		}}, []string{"refuses TLS for this name (tls: internal error)", "SNI"}},
		"client certificates": {&tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12},
			[]string{"client certificate"}},
		"client certificates with TLS 1.3": {&tls.Config{ClientAuth: tls.RequireAnyClientCert},
			[]string{"client certificate"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := startTLS(t, c.config)
			roots := x509.NewCertPool()
			roots.AddCert(s.Certificate())
			all := try(t, Config{PublicURL: s.URL, HTTP: trusting(roots)})
			all.expect(t, publicSubject, Fail, c.says...)
			all.expectOne(t, publicSubject)
		})
	}
}
