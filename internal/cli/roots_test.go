package cli

import (
	"crypto/x509"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestFallbackRoots checks the roots of the binary in a process without a store of CA certificates,
// which is this test once more.
func TestFallbackRoots(t *testing.T) {
	if os.Getenv("WITHOUT_STORE") != "" {
		expectFallbackRoots(t)
		return
	}
	absent := filepath.Join(t.TempDir(), "absent")
	command := exec.Command(os.Args[0], "-test.run=^TestFallbackRoots$")
	command.Env = []string{"SSL_CERT_FILE=" + absent, "SSL_CERT_DIR=" + absent, "WITHOUT_STORE=1"}
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// expectFallbackRoots checks that there are roots, and that a certificate that they do not know is
// refused for that reason.
func expectFallbackRoots(t *testing.T) {
	t.Helper()
	roots, err := x509.SystemCertPool()
	if err != nil || roots.Equal(x509.NewCertPool()) {
		t.Errorf("there are no roots: %v", err)
	}
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	_, err = s.Certificate().Verify(x509.VerifyOptions{DNSName: "example.com"})
	if !errors.As(err, new(x509.UnknownAuthorityError)) || errors.As(err, new(x509.SystemRootsError)) {
		t.Errorf("the certificate of a test is refused with %v", err)
	}
}
