package config_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/partner-center/connector/internal/config"
)

// TestSpoiltSecrets covers what editors, shells and clipboards do to secrets: it is named, in a
// file and in a variable.
func TestSpoiltSecrets(t *testing.T) {
	const long = "0123456789abcdef0123456789abcdef" // as link secrets must be
	for name, c := range map[string]struct {
		content string
		says    string
	}{
		"a byte-order mark": {"\ufeff" + long, "it begins with a byte-order mark: save it as plain UTF-8"},
		"UTF-16": {
			"\xff\xfe" + strings.Join(strings.Split(long, ""), "\x00") + "\x00",
			"it is UTF-16 text: save it as plain UTF-8",
		},
		"a second line":        {long + "\n" + long, "it has more than one line of text"},
		"a blank at the end":   {long + " ", "it ends with a blank: remove it"},
		"a blank at the start": {"\u00a0" + long, "it begins with a blank: remove it"},
		"a blank inside":       {long + " " + long, "it has a blank inside: remove it"},
	} {
		for setting, set := range map[string]func(*config.Flags, string){
			"CONNECTOR_CLIENT_SECRET": func(f *config.Flags, path string) { f.ClientSecretFile = path },
			"CONNECTOR_LINK_SECRET":   func(f *config.Flags, path string) { f.LinkSecretFile = path },
			"CONNECTOR_CLIENT_CERTIFICATE_PASSWORD": func(f *config.Flags, path string) {
				f.ClientCertificatePasswordFile = path
			},
		} {
			if isAllowed(setting, name) {
				continue
			}
			expect := func(t *testing.T, f config.Flags, getenv func(string) string, setting string) {
				t.Helper()
				_, err := config.Load(f, getenv)
				var mistake config.Mistake
				if !slices.Equal(mistaken(err), []string{setting}) || !errors.As(err, &mistake) ||
					!strings.Contains(mistake.Wants, c.says) {
					t.Errorf("the mistake is %v, want %s: %s", err, setting, c.says)
				}
				if err != nil && strings.Contains(err.Error(), long[:8]) {
					t.Errorf("the secret shows in %v", err)
				}
			}
			t.Run(name+" in the file of "+setting, func(t *testing.T) {
				f, base := flagsFor(t, setting)
				set(&f, newFile(t, c.content))
				expect(t, f, base, setting+"_FILE")
			})
			t.Run(name+" in "+setting, func(t *testing.T) {
				f, base := flagsFor(t, setting)
				expect(t, f, func(variable string) string {
					if variable == setting {
						return c.content
					}
					return base(variable)
				}, setting)
			})
		}
	}
}

// isAllowed reports whether a secret may have a blank that others may not: passphrases have blanks
// inside, and those of certificates anywhere.
func isAllowed(setting, name string) bool {
	switch setting {
	case "CONNECTOR_LINK_SECRET":
		return name == "a blank inside"
	case "CONNECTOR_CLIENT_CERTIFICATE_PASSWORD":
		return strings.HasPrefix(name, "a blank")
	}
	return false
}

// flagsFor returns good settings in which only one secret is missing, and their variables.
func flagsFor(t *testing.T, setting string) (config.Flags, func(string) string) {
	t.Helper()
	f := good(t)
	switch setting {
	case "CONNECTOR_CLIENT_SECRET":
		return f, environment("")
	case "CONNECTOR_CLIENT_CERTIFICATE_PASSWORD":
		f.ClientCertificateFile = newFile(t, "certificate")
		return f, environment("")
	}
	return f, environment("hush")
}

func TestEmptySecretFile(t *testing.T) {
	for _, content := range []string{"", "\n"} {
		f := good(t)
		f.ClientSecretFile = newFile(t, content)
		_, err := config.Load(f, environment(""))
		var mistake config.Mistake
		if !errors.As(err, &mistake) || mistake.Setting != "CONNECTOR_CLIENT_SECRET_FILE" ||
			!strings.Contains(mistake.Wants, "it is empty") {
			t.Errorf("%q: %v", content, err)
		}
	}
}

func TestLinkSecretMayHaveBlanksInside(t *testing.T) {
	f := good(t)
	const passphrase = "correct horse battery staple and more"
	f.LinkSecretFile = newFile(t, passphrase+"\n")
	if got, err := config.Load(f, environment("hush")); err != nil || string(got.LinkSecret) != passphrase {
		t.Errorf("%q, %v", string(got.LinkSecret), err)
	}
}
