package auth_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/partner-center/connector/internal/auth"
	"github.com/partner-center/connector/internal/fault"
)

// line returns the line of a key in a keys file.
func line(name, key string) string {
	return fmt.Sprintf("%s %x\n", name, sha256.Sum256([]byte(key)))
}

// open returns a sign-in with a keys file of the given content, the path of the file, and the log.
func open(t *testing.T, content string) (signIn *auth.SignIn, path string, log *bytes.Buffer) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "keys")
	write(t, path, content)
	log = new(bytes.Buffer)
	keys, err := auth.OpenKeys(path, nil, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return auth.NewSignIn(auth.Config{Keys: keys}), path, log
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// authenticate returns the identity that key proves, or the code of the error.
func authenticate(s *auth.SignIn, key string) string {
	return outcome(s.Authenticate(context.Background(), http.Header{"X-Api-Key": {key}}))
}

func outcome(c auth.Connection, err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return string(f.Code)
	}
	return c.Identity
}

func TestAuthenticate(t *testing.T) {
	s, _, _ := open(t, "# keys of Contoso\n\n"+line("flows", "k1")+"\t"+line("flows", "k2")+line("apps", "k3"))
	digest := fmt.Sprintf("%x", sha256.Sum256([]byte("k1")))
	for _, c := range []struct {
		name   string
		header http.Header
		want   string
	}{
		{"accepts a key", http.Header{"X-Api-Key": {"k1"}}, "flows"},
		{"accepts a second key of the name", http.Header{"X-Api-Key": {"k2"}}, "flows"},
		{"accepts a key of another name", http.Header{"X-Api-Key": {"k3"}}, "apps"},
		{"misses a credential", nil, "MissingCredentials"},
		{"misses a credential in other headers", http.Header{"Cookie": {"k1"}, "Ocp-Apim-Subscription-Key": {"k1"}},
			"MissingCredentials"},
		{"misses an empty key", http.Header{"X-Api-Key": {""}}, "MissingCredentials"},
		{"rejects an unknown key", http.Header{"X-Api-Key": {"k9"}}, "InvalidApiKey"},
		{"rejects a digest", http.Header{"X-Api-Key": {digest}}, "InvalidApiKey"},
		{"rejects a name", http.Header{"X-Api-Key": {"flows"}}, "InvalidApiKey"},
		{"rejects another case", http.Header{"X-Api-Key": {"K1"}}, "InvalidApiKey"},
		{"rejects a list", http.Header{"X-Api-Key": {"k1,k1"}}, "InvalidApiKey"},
		{"rejects two keys", http.Header{"X-Api-Key": {"k1", "k1"}}, "MultipleCredentials"},
		{"rejects two keys of which one is empty", http.Header{"X-Api-Key": {"k1", ""}}, "MultipleCredentials"},
		{"rejects a key beside a token", http.Header{"X-Api-Key": {"k1"}, "Authorization": {"Bearer x"}},
			"MultipleCredentials"},
		{"rejects two tokens", http.Header{"Authorization": {"Bearer x", "Bearer x"}}, "MultipleCredentials"},
		{"rejects a token if keys alone are accepted", http.Header{"Authorization": {"Bearer x"}}, "InvalidToken"},
		{"rejects a key sent as a token", http.Header{"Authorization": {"bearer k1"}}, "InvalidToken"},
		{"rejects a scheme alone", http.Header{"Authorization": {"Bearer"}}, "InvalidAuthorizationHeader"},
		{"rejects another scheme", http.Header{"Authorization": {"Basic azE6"}}, "InvalidAuthorizationHeader"},
		{"rejects a key without a scheme", http.Header{"Authorization": {"k1"}}, "InvalidAuthorizationHeader"},
		{"rejects an empty header", http.Header{"Authorization": {""}}, "InvalidAuthorizationHeader"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := outcome(s.Authenticate(t.Context(), c.header)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestConnection(t *testing.T) {
	t.Run("is carried by a context", func(t *testing.T) {
		want := auth.Connection{Identity: "flows"}
		if got, ok := auth.FromContext(auth.NewContext(t.Context(), want)); got != want || !ok {
			t.Errorf("got %v, %t", got, ok)
		}
	})
	t.Run("is absent from other contexts", func(t *testing.T) {
		if got, ok := auth.FromContext(t.Context()); got != (auth.Connection{}) || ok {
			t.Errorf("got %v, %t", got, ok)
		}
	})
	t.Run("shows its identity and name", func(t *testing.T) {
		if got := fmt.Sprintf("%v %#v", auth.Connection{Identity: "flows"}, auth.Connection{Identity: "a/b/c",
			Name: "one"}); got != "flows a/b/c/one" {
			t.Error(got)
		}
	})
}
