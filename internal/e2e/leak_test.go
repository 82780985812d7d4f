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
	"github.com/partner-center/connector/internal/e2e/tier"
)

// spellings are encodings in which a credential may leak into an output.
var spellings = map[string]func(string) string{
	"raw":    func(s string) string { return s },
	"base64": func(s string) string { return base64.StdEncoding.EncodeToString([]byte("user:" + s)) },
	"base64url": func(s string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(`{"secret":"` + s + `"}`))
	},
	"hex":       func(s string) string { return hex.EncodeToString([]byte(s)) },
	"HEX":       func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"query":     url.QueryEscape,
	"path":      url.PathEscape,
	"JSON":      secret.InJSON,
	"Go":        func(s string) string { return fmt.Sprintf("%+v", struct{ Secret string }{s}) },
	"Go quote":  func(s string) string { return fmt.Sprintf("%q", s) },
	"beginning": func(s string) string { return s[:len(s)/2] + "…" },
	"end":       func(s string) string { return "…" + s[len(s)/2:] },
}

// leakyConnector writes its client secret in the spelling that its first argument names, and then
// is the connector.
func leakyConnector() {
	fmt.Fprintf(os.Stderr, `{"msg":"%s"}`+"\n", spellings[os.Args[1]](os.Getenv("CONNECTOR_CLIENT_SECRET")))
	os.Args = append(os.Args[:1], os.Args[2:]...)
	connector()
}

// TestSecretsAreFound checks the check: a process that leaks a credential in any spelling is
// caught, and its other output is not.
func TestSecretsAreFound(t *testing.T) {
	t.Parallel()
	tier.Full(t)
	s := newBackends(t)
	for spelling := range spellings {
		t.Run(spelling, func(t *testing.T) {
			command := exec.Command("connector-leaky", spelling, "version")
			command.Env = slices.Concat(plainEnvironment(t), s.environment(t))
			output, err := command.CombinedOutput()
			if err != nil {
				t.Fatal(err)
			}
			if found := s.secrets.Find(output); !strings.HasPrefix(found, "client secret, ") {
				t.Errorf("found %q in %s", found, output)
			}
			_, clean, _ := strings.Cut(string(output), "\n")
			if found := s.secrets.Find([]byte(clean)); (found != "") || (clean == "") {
				t.Errorf("found %q in %q, which has no credential", found, clean)
			}
		})
	}
}
