// Package console_test drives the console in a browser, against the whole service.
package console_test

import (
	"encoding/pem"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/partner-center/connector/internal/e2e/browser"
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run runs the tests in a process that trusts the fake Entra ID, whose certificate is that of every
// httptest.Server. The process reads the variable once, so tests cannot set it themselves.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "console")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	server := httptest.NewTLSServer(http.NotFoundHandler())
	trusted := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	server.Close()
	file := filepath.Join(dir, "trusted.pem")
	if err := os.WriteFile(file, trusted, 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv("SSL_CERT_FILE", file)
	flag.Set("test.parallel", "6") // the tests wait most of the time; the command line can still change it
	return browser.Main(m)
}
