package entra

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

// shapes are the forms in which a secret can show.
func shapes(secret string) []string {
	raw := []byte(secret)
	quoted, _ := json.Marshal(secret)
	return []string{
		secret, strings.Trim(string(quoted), `"`), strings.Trim(fmt.Sprintf("%q", secret), `"`),
		base64.StdEncoding.EncodeToString(raw), base64.URLEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw),
		hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)), url.QueryEscape(secret), url.PathEscape(secret), fmt.Sprint(raw),
	}
}

// checkNoLeak looks for secrets in a text.
func checkNoLeak(t *testing.T, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		for _, shape := range shapes(secret) {
			if secret != "" && strings.Contains(text, shape) {
				t.Errorf("%q shows in %.2000s", shape, text)
				return
			}
		}
	}
}

// spell is an error with all that it wraps, in every way in which it can be printed.
func spell(err error) string {
	text := ""
	for ; err != nil; err = errors.Unwrap(err) {
		text += fmt.Sprintf("%v\n%+v\n%#v\n%q\n", err, err, err, err)
	}
	return text
}

// TestNothingLeaks uses every credential with peers that repeat in every answer all that they were sent.
func TestNothingLeaks(t *testing.T) {
	const (
		secret   = `s3cr3t~/+ "ünd" <&>` + "\t"
		jwtLike  = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjb250b3NvIn0.c2lnbmF0dXJl"
		refresh  = "1.AXoA-refresh_token-0123456789.abcdefgh"
		identity = "eyJ0eXAiOiJKV1QifQ.identity-token-987654321.c2ln"
		password = "pfx-passw0rd"
	)
	credentials := map[string]func(*Config){
		"secret":      func(c *Config) { c.ClientSecret = secret },
		"secret file": func(c *Config) { c.ClientSecretFile = write(t, "secret", secret) },
		"certificate": func(c *Config) {
			c.CertificateFile, c.CertificatePassword = "testdata/contoso.pfx", "contoso"
		},
		"wrong password": func(c *Config) { c.CertificateFile, c.CertificatePassword = "testdata/contoso.pfx", password },
		"federated":      func(c *Config) { c.FederatedTokenFile = write(t, "token", jwtLike) },
		"identity":       func(c *Config) { c.ManagedIdentity = "system" },
		"broken PEM": func(c *Config) {
			c.CertificateFile = write(t, "pem", strings.Replace(firstPair().pem, "MII", "AII", 1))
		},
	}
	answers := map[string]func(sent string) (int, string, string){
		"refusal": func(sent string) (int, string, string) {
			body, _ := json.Marshal(map[string]any{"error": "invalid_grant", "error_description": "AADSTS70000: " + sent, "error_codes": []int{70000}, "suberror": sent, "claims": sent})
			return 400, "application/json", string(body)
		},
		"odd refusal": func(sent string) (int, string, string) {
			body, _ := json.Marshal(map[string]any{"error": sent, "error_codes": []string{sent}})
			return 401, "application/json", string(body)
		},
		"text refusal": func(sent string) (int, string, string) {
			return 400, "text/plain", "error=" + sent + "&error_description=" + sent
		},
		"HTML":        func(sent string) (int, string, string) { return 500, "text/html", "<p>" + sent },
		"broken good": func(sent string) (int, string, string) { return 200, "application/json", `{"access_token": ` + sent },
		"error in good": func(sent string) (int, string, string) {
			return 200, "application/json", `{"error":"invalid_grant","error_description":` + fmt.Sprintf("%q", sent) + `}`
		},
		"unusable good": func(sent string) (int, string, string) {
			return 200, "application/json", `{"access_token":` + fmt.Sprintf("%q", "a b "+sent) + `,"refresh_token":"next","expires_in":3600,"token_type":"Bearer"}`
		},
		"text good": func(sent string) (int, string, string) { return 200, "text/plain", sent },
		"redirect":  func(sent string) (int, string, string) { return 307, "text/plain", sent },
		"throttled": func(sent string) (int, string, string) { return 429, "application/json", fmt.Sprintf("%q", sent) },
	}
	for name, answer := range answers {
		repeat := func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			sent, _ := url.QueryUnescape(string(body))
			sent += fmt.Sprint(string(body), r.Header, r.URL)
			status, media, text := answer(sent)
			w.Header().Set("Content-Type", media)
			w.Header().Set("Location", "/?"+url.QueryEscape(sent))
			w.Header().Set("Retry-After", strings.ReplaceAll(sent, "\n", ""))
			w.WriteHeader(status)
			io.WriteString(w, text)
		}
		for credential, set := range credentials {
			for kind, start := range kinds(t) {
				e := newFakeEntra(t)
				metadata := e.Config.Handler
				e.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == http.MethodGet {
						metadata.ServeHTTP(w, r)
						return
					}
					repeat(w, r)
				})
				if name == "HTML" {
					startIdentity(t, repeat)
				} else {
					startIdentity(t, func(w http.ResponseWriter, r *http.Request) {
						json.NewEncoder(w).Encode(map[string]any{"access_token": identity, "token_type": "Bearer", "resource": exchange, "expires_on": "4000000000"})
					})
				}
				c := e.config()
				set(&c)
				startKind := start
				if kind == "user" {
					startKind = func(c Config) *Tokens {
						c.RefreshTokenFile = write(t, "refresh", refresh)
						return NewUser(c)
					}
				}
				s := startKind(c)
				_, err := s.Get(t.Context(), "")
				if err == nil {
					t.Errorf("%s, %s, %s: a token", name, credential, kind)
				}
				text := spell(err) + e.log.String() + Remedy(err) + spell(c.Validate())
				secrets := []string{strings.TrimRight(secret, "\r\n"), jwtLike, refresh, identity, password, "the-header", "PRIVATE", base64.StdEncoding.EncodeToString(firstPair().key.D.Bytes())[:40]}
				checkNoLeak(t, text, secrets...)
				if strings.Contains(text, "eyJ") || strings.Contains(text, "client_assertion") {
					t.Errorf("%s, %s, %s: an assertion shows in %s", name, credential, kind, text)
				}
			}
		}
	}
}

// TestFilesDoNotLeak makes every file unusable in ways whose errors could quote it.
func TestFilesDoNotLeak(t *testing.T) {
	const secret = "s3cr3t-of-a-file"
	e := newFakeEntra(t)
	for _, content := range []string{secret + "\n" + secret, "\ufeff" + secret, pemBlock("PRIVATE KEY", []byte(secret)), "-----BEGIN " + secret, pemBlock("CERTIFICATE", []byte(secret))} {
		for _, set := range []func(*Config, string){
			func(c *Config, path string) { c.ClientSecretFile = path },
			func(c *Config, path string) { c.CertificateFile, c.CertificatePassword = path, secret },
			func(c *Config, path string) { c.FederatedTokenFile = path },
			func(c *Config, path string) { c.RefreshTokenFile = path },
		} {
			c := e.config()
			path := write(t, "f", content)
			set(&c, path)
			var errs []error
			errs = append(errs, c.Validate())
			if c.RefreshTokenFile != "" {
				_, err := NewUser(c).Get(t.Context(), "")
				errs = append(errs, err)
			} else {
				_, err := NewApp(c).Get(t.Context(), "")
				errs = append(errs, err)
			}
			var text bytes.Buffer
			for _, err := range errs {
				if err != nil {
					text.WriteString(spell(err) + Remedy(err))
				}
			}
			if c.CertificateFile != "" && errs[1] == nil {
				t.Errorf("%q made a token", content)
			}
			checkNoLeak(t, text.String()+e.log.String(), secret)
			os.Remove(path)
		}
	}
}
