package redislimit_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/redisserver"
	"github.com/partner-center/connector/internal/ratelimit/redislimit"
)

// startTLS starts a server that speaks TLS on address, and returns an option for a limiter that trusts
// its certificate.
func startTLS(t *testing.T) (s *redisserver.Server, address string, trust option) {
	t.Helper()
	dir := t.TempDir()
	certificate, key := filepath.Join(dir, "certificate.pem"), filepath.Join(dir, "key.pem")
	roots := selfSign(t, certificate, key)
	port := redisserver.FreePort(t)
	s = redisserver.Start(t, "--tls-port", fmt.Sprint(port), "--tls-cert-file", certificate, "--tls-key-file", key,
		"--tls-ca-cert-file", certificate, "--tls-auth-clients", "no")
	trust = func(c *redislimit.Config) { c.TLS, c.Roots = true, roots }
	return s, fmt.Sprintf("127.0.0.1:%d", port), trust
}

// TestRedisTLS shows that a server is used only if its certificate is trusted.
func TestRedisTLS(t *testing.T) {
	t.Parallel()
	s, address, trust := startTLS(t)
	for name, c := range map[string]struct {
		address string
		option  option
	}{
		"another authority": {address, func(c *redislimit.Config) { c.TLS = true }},
		"another name":      {fmt.Sprintf("localhost:%s", address[len("127.0.0.1:"):]), trust},
	} {
		err := newPatient(t, c.address, 1, 5*time.Minute, c.option).Start(t.Context())
		if unfit, ok := errors.AsType[*redislimit.UnfitError](err); !ok || (unfit.Defect != redislimit.Untrusted) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := s.Do("DBSIZE"); n != int64(0) {
		t.Errorf("%v keys", n)
	}
	mustTake(t, start(t, address, 1, 5*time.Minute, trust), identity("contoso"))
	if n := s.Do("DBSIZE"); n != int64(2) {
		t.Errorf("%v keys", n)
	}
}

// selfSign writes a certificate for 127.0.0.1 and its key, and returns the certificate as an authority.
func selfSign(t *testing.T, certificate, key string) *x509.CertPool {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		NotAfter:              time.Now().Add(time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	public, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		certificate: {Type: "CERTIFICATE", Bytes: public},
		key:         {Type: "PRIVATE KEY", Bytes: secret},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	root, err := x509.ParseCertificate(public)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	return roots
}
