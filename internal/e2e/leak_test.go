package e2e

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/secret"
)

// spellings are ways in which a credential slips into an output.
var spellings = map[string]func(string) string{
	"raw":        func(s string) string { return s },
	"base64":     func(s string) string { return base64.StdEncoding.EncodeToString([]byte("user:" + s)) },
	"base64url":  func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(`{"secret":"` + s + `"}`)) },
	"hex":        func(s string) string { return hex.EncodeToString([]byte(s)) },
	"HEX":        func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"query":      url.QueryEscape,
	"path":       url.PathEscape,
	"JSON":       secret.InJSON,
	"Go":         func(s string) string { return fmt.Sprintf("%+v", struct{ Secret string }{s}) },
	"Go, quoted": func(s string) string { return fmt.Sprintf("%q", s) },
	"beginning":  func(s string) string { return s[:len(s)/2] + "…" },
	"end":        func(s string) string { return "…" + s[len(s)/2:] },
}

// leaky is the connector, but for writing its client secret once, spelled as its first argument says.
func leaky() {
	fmt.Fprintf(os.Stderr, `{"msg":"%s"}`+"\n", spellings[os.Args[1]](os.Getenv("CONNECTOR_CLIENT_SECRET")))
	os.Args = append(os.Args[:1], os.Args[2:]...)
	connector()
}

// TestSecretsAreFound plants a credential in the output of a process, in every spelling, and finds it; and finds none in
// the same output without it.
func TestSecretsAreFound(t *testing.T) {
	t.Parallel()
	s := newBackends(t)
	for spelling := range spellings {
		command := exec.Command("connector-leaky", spelling, "version")
		command.Env = slices.Concat(plainEnvironment(t), s.environment(t))
		output, err := command.CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		if found := s.secrets.Find(output); !strings.HasPrefix(found, "client secret, ") {
			t.Errorf("%s: found %q in %s", spelling, found, output)
		}
		_, clean, _ := strings.Cut(string(output), "\n")
		if found := s.secrets.Find([]byte(clean)); found != "" || clean == "" {
			t.Errorf("%s: found %q in %q", spelling, found, clean)
		}
	}
}
