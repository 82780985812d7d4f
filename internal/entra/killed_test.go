package entra

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// TestKilledWhileRotating kills processes in the middle of their work and finds the file whole each
// time.
func TestKilledWhileRotating(t *testing.T) {
	tier.Full(t)
	e := newFakeEntra(t)
	r := rotate(e, false)
	c := withUser(e)
	for round := range 4 {
		var output bytes.Buffer
		child := exec.Command(os.Args[0])
		child.Stdout, child.Stderr = &output, &output
		child.Env = append(os.Environ(), "ROTATE_FILE="+c.RefreshTokenFile, "ROTATE_AUTHORITY="+e.URL,
			"ROTATE_ROOT="+pemBlock("CERTIFICATE", e.Certificate().Raw))
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		for began, until := time.Now(), e.count()+5+round; e.count() < until; time.Sleep(time.Millisecond) {
			if time.Since(began) > time.Minute {
				t.Fatalf("the process does not work: %s", &output)
			}
		}
		time.Sleep(time.Duration(round) * 300 * time.Microsecond) // another point of its work in each round
		child.Process.Kill()
		child.Wait()
		if token := held(t, c); !r.knows(token) {
			t.Fatalf("the file holds %q", token)
		}
		must(t, NewUser(c), "")
	}
}

// rotateForever is the main function of the process that is killed.
func rotateForever() {
	block, _ := pem.Decode([]byte(os.Getenv("ROTATE_ROOT")))
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		panic(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy, transport.TLSClientConfig.RootCAs = nil, roots
	s := NewUser(Config{
		Authority: os.Getenv("ROTATE_AUTHORITY"), TenantID: contoso, ClientID: app, Resource: resource,
		ClientSecret:     "s",
		RefreshTokenFile: os.Getenv("ROTATE_FILE"),
		Timeout:          10 * time.Second, HTTP: &http.Client{Transport: transport}, Log: slog.Default(),
	})
	for token := ""; ; {
		if token, err = s.Get(context.Background(), token); err != nil {
			panic(err)
		}
	}
}
