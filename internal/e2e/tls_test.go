package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/fakeentra"
	"github.com/partner-center/connector/internal/e2e/fakepartner"
	"github.com/partner-center/connector/internal/e2e/secret"
	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestUpstreamTLS shows that a call, and so its token, is sent only to a server with a trusted and
// valid certificate over TLS 1.2 or later.
func TestUpstreamTLS(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	here := []net.IP{net.IPv4(127, 0, 0, 1)}
	for _, c := range []struct {
		name        string
		certificate x509.Certificate
		trusted     bool
		maxVersion  uint16 // of TLS; 0: no limit
		plain       bool   // no TLS
		status      int
	}{
		{name: "a trusted certificate",
			certificate: x509.Certificate{IPAddresses: here, NotAfter: time.Now().Add(time.Hour)}, trusted: true,
			status: 200},
		{name: "an untrusted certificate",
			certificate: x509.Certificate{IPAddresses: here, NotAfter: time.Now().Add(time.Hour)}, status: 502},
		{name: "an expired certificate",
			certificate: x509.Certificate{IPAddresses: here, NotAfter: time.Now().Add(-time.Minute)}, trusted: true,
			status: 502},
		{name: "a certificate of another host",
			certificate: x509.Certificate{DNSNames: []string{"evil.example"}, NotAfter: time.Now().Add(time.Hour)},
			trusted:     true, status: 502},
		{name: "TLS 1.1", certificate: x509.Certificate{IPAddresses: here, NotAfter: time.Now().Add(time.Hour)},
			trusted: true, maxVersion: tls.VersionTLS11, status: 502},
		{name: "no TLS", certificate: x509.Certificate{IPAddresses: here, NotAfter: time.Now().Add(time.Hour)},
			trusted: true, plain: true, status: 502},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			upstream := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.RawQuery != "size=1" { // the service's own call at its start
					calls.Add(1)
				}
				fakepartner.Good(w, r)
			}))
			upstream.Config.ErrorLog = log.New(io.Discard, "", 0)
			defer upstream.Close()
			certificate := selfSigned(t, c.certificate)
			upstream.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS10,
				MaxVersion: c.maxVersion}
			if c.plain {
				upstream.Start()
			} else {
				upstream.StartTLS()
			}

			known := new(secret.Set)
			entra := fakeentra.New(t, known)
			environment := entra.Env(t)
			if c.trusted {
				environment = append(environment,
					fakeentra.TrustEnv(t, entra.Certificate().Raw, certificate.Certificate[0]))
			}
			keys := newKeysFile(t, known)
			p := start(t, "connector", known,
				append(environment, "CONNECTOR_UPSTREAM_URL=https://"+upstream.Listener.Addr().String(),
					"CONNECTOR_API_KEYS_FILE="+keys.path)...)
			code := ""
			if c.status != 200 {
				code = "PartnerCenterUnreachable"
			}
			began := time.Now()
			p.get(t, "/v1/customers", keys.key).expect(t, c.status, code)
			if took := time.Since(began); took > p.atMost(5*time.Second) {
				t.Errorf("the call took %v", took)
			}
			if want := int32(200 / c.status); calls.Load() != want {
				t.Errorf("%d calls, want %d", calls.Load(), want)
			}
		})
	}
}

// selfSigned returns a self-signed certificate that is made from a template.
func selfSigned(t *testing.T, template x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(1)
	template.NotBefore = time.Now().Add(-time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
