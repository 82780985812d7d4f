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
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/e2e/tier"
)

// shapes returns the forms in which a secret can appear.
func shapes(secret string) []string {
	raw := []byte(secret)
	quoted, _ := json.Marshal(secret)
	return []string{
		secret, strings.Trim(string(quoted), `"`), strings.Trim(fmt.Sprintf("%q", secret), `"`),
		base64.StdEncoding.EncodeToString(raw), base64.URLEncoding.EncodeToString(raw),
		base64.RawStdEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw),
		hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)),
		url.QueryEscape(secret), url.PathEscape(secret), fmt.Sprint(raw),
	}
}

// checkNoLeak fails if any of the secrets is in a text.
func checkNoLeak(t *testing.T, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		for _, shape := range shapes(secret) {
			if (secret != "") && strings.Contains(text, shape) {
				t.Errorf("%q is in %.2000s", shape, text)
				return
			}
		}
	}
}

// spell returns an error with all that it wraps, in every way in which it can be printed.
func spell(err error) string {
	text := ""
	for ; err != nil; err = errors.Unwrap(err) {
		text += fmt.Sprintf("%v\n%+v\n%#v\n%q\n", err, err, err, err)
	}
	return text
}

const (
	oddSecret     = `s3cr3t~/+ "ünd" <&>` + "\t"
	oddAssertion  = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjb250b3NvIn0.c2lnbmF0dXJl"
	oddRefresh    = "1.AXoA-refresh_token-0123456789.abcdefgh"
	oddIdentity   = "eyJ0eXAiOiJKV1QifQ.identity-token-987654321.c2ln"
	wrongPassword = "pfx-passw0rd"
)

// secretCredentials are credentials of the app, by name.
func secretCredentials(t *testing.T) map[string]func(*Config) {
	return map[string]func(*Config){
		"secret":      func(c *Config) { c.ClientSecret = oddSecret },
		"secret file": func(c *Config) { c.ClientSecretFile = write(t, "secret", strings.Map(visible, oddSecret)) },
		"certificate": func(c *Config) {
			c.CertificateFile, c.CertificatePassword = "testdata/contoso.pfx", "contoso"
		},
		"wrong password": func(c *Config) {
			c.CertificateFile, c.CertificatePassword = "testdata/contoso.pfx",
				wrongPassword
		},
		"federated": func(c *Config) { c.FederatedTokenFile = write(t, "token", oddAssertion) },
		"identity":  func(c *Config) { c.ManagedIdentity = "system" },
		"broken PEM": func(c *Config) {
			c.CertificateFile = write(t, "pem", strings.Replace(firstPair().pem, "MII", "AII", 1))
		},
	}
}

// visible drops blanks, which no secret in a file has.
func visible(r rune) rune {
	if strings.ContainsRune(" \t", r) {
		return -1
	}
	return r
}

// repeatingAnswers are answers, by name, that repeat what was sent.
var repeatingAnswers = map[string]func(sent string) (status int, media, body string){
	"refusal": func(sent string) (int, string, string) {
		body, _ := json.Marshal(map[string]any{"error": "invalid_grant", "error_description": "AADSTS70000: " + sent,
			"error_codes": []int{70000}, "suberror": sent, "claims": sent})
		return 400, "application/json", string(body)
	},
	"odd refusal": func(sent string) (int, string, string) {
		body, _ := json.Marshal(map[string]any{"error": sent, "error_codes": []string{sent}})
		return 401, "application/json", string(body)
	},
	"text refusal": func(sent string) (int, string, string) {
		return 400, "text/plain", "error=" + sent + "&error_description=" + sent
	},
	"HTML": func(sent string) (int, string, string) { return 500, "text/html", "<p>" + sent },
	"broken grant": func(sent string) (int, string, string) {
		return 200, "application/json",
			`{"access_token": ` + sent
	},
	"error in grant": func(sent string) (int, string, string) {
		return 200, "application/json", `{"error":"invalid_grant","error_description":` + fmt.Sprintf("%q", sent) + `}`
	},
	"unusable token": func(sent string) (int, string, string) {
		return 200, "application/json", `{"access_token":` + fmt.Sprintf(
			"%q",
			"a b "+sent,
		) + `,"refresh_token":"next","expires_in":3600,"token_type":"Bearer"}`
	},
	"text grant": func(sent string) (int, string, string) { return 200, "text/plain", sent },
	"redirect":   func(sent string) (int, string, string) { return 307, "text/plain", sent },
	"throttled":  func(sent string) (int, string, string) { return 429, "application/json", fmt.Sprintf("%q", sent) },
}

// repeat returns a handler that repeats in its answer all that it was sent.
func repeat(answer func(sent string) (status int, media, body string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
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
}

// TestNothingLeaks uses every credential with peers that repeat in every answer all that they were
// sent.
func TestNothingLeaks(t *testing.T) {
	tier.Full(t)
	secrets := []string{
		oddSecret,
		strings.Map(visible, oddSecret),
		oddAssertion,
		oddRefresh,
		oddIdentity,
		wrongPassword,
		"the-header",
		"PRIVATE",
		base64.StdEncoding.EncodeToString(firstPair().key.D.Bytes())[:40],
	}
	for name, answer := range repeatingAnswers {
		for credential, set := range secretCredentials(t) {
			t.Run(credential+" and "+name, func(t *testing.T) {
				eachKind(t, func(t *testing.T, _ string, newTokens func(Config) *Tokens) {
					e := newFakeEntra(t)
					e.Config.Handler = repeat(answer)
					if name == "HTML" {
						startIdentity(t, repeat(answer))
					} else {
						startIdentity(t, func(w http.ResponseWriter, r *http.Request) {
							json.NewEncoder(w).Encode(
								map[string]any{"access_token": oddIdentity, "token_type": "Bearer",
									"resource": exchangeAudience, "expires_on": "4000000000"})
						})
					}
					c := e.config()
					set(&c)
					c.RefreshTokenFile = write(t, "refresh", oddRefresh)
					_, err := newTokens(c).Get(t.Context(), "")
					if err == nil {
						t.Fatal("there is a token")
					}
					text := spell(err) + e.log.String() + spell(c.Validate())
					checkNoLeak(t, text, secrets...)
					if strings.Contains(text, "eyJ") || strings.Contains(text, "client_assertion") {
						t.Errorf("an assertion is in %s", text)
					}
				})
			})
		}
	}
}

// TestFilesDoNotLeak makes every file unusable in ways whose errors could quote it.
func TestFilesDoNotLeak(t *testing.T) {
	const secret = "s3cr3t-of-a-file"
	e := newFakeEntra(t)
	for name, content := range map[string]string{
		"two lines": secret + "\n" + secret, "byte-order mark": "\ufeff" + secret, "blank": secret + " " + secret,
		"PEM of a broken key": pemBlock("PRIVATE KEY", []byte(secret)), "broken PEM": "-----BEGIN " + secret,
		"PEM of a broken certificate": pemBlock("CERTIFICATE", []byte(secret)),
	} {
		for setting, set := range map[string]func(*Config, string){
			"secret":      func(c *Config, path string) { c.ClientSecretFile = path },
			"certificate": func(c *Config, path string) { c.CertificateFile, c.CertificatePassword = path, secret },
			"federated":   func(c *Config, path string) { c.FederatedTokenFile = path },
			"refresh":     func(c *Config, path string) { c.RefreshTokenFile = path },
		} {
			t.Run(name+" as "+setting, func(t *testing.T) {
				c := e.config()
				set(&c, write(t, "f", content))
				newTokens := NewApp
				if c.RefreshTokenFile != "" {
					newTokens = NewUser
				}
				_, err := newTokens(c).Get(t.Context(), "")
				if (c.CertificateFile != "") && (err == nil) {
					t.Error("there is a token")
				}
				var text bytes.Buffer
				text.WriteString(spell(c.Validate()) + spell(err))
				checkNoLeak(t, text.String()+e.log.String(), secret)
			})
		}
	}
}
