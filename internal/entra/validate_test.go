package entra

import (
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/partner-center/connector/internal/secretfile"
)

const absent = "absent/f"

// validateCases are settings and what Validate says about them.
func validateCases(t *testing.T) map[string]struct {
	change func(*Config)
	want   []string // in the error; none: no error
} {
	secret := func(content string) func(*Config) {
		return func(c *Config) { c.ClientSecretFile = write(t, "f", content) }
	}
	certificate := func(content string) func(*Config) {
		return func(c *Config) { c.CertificateFile = write(t, "f", content) }
	}
	pfx := func(path, password string) func(*Config) {
		return func(c *Config) { c.CertificateFile, c.CertificatePassword = path, password }
	}
	federated := func(content string) func(*Config) {
		return func(c *Config) { c.FederatedTokenFile = write(t, "f", content) }
	}
	refresh := func(content string) func(*Config) {
		return func(c *Config) { c.RefreshTokenFile = write(t, "f", content) }
	}
	const secretFile, certificateFile = "CONNECTOR_CLIENT_SECRET_FILE", "CONNECTOR_CLIENT_CERTIFICATE_FILE"
	const password = "CONNECTOR_CLIENT_CERTIFICATE_PASSWORD"
	_, ecKey, _ := strings.Cut(ecPair(t), "-----END CERTIFICATE-----\n")
	renewed := certify(endedPair().key, "new", time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	alone := pemBlock("CERTIFICATE", firstPair().certificate.Raw)
	oldEncrypted := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: []byte("x"),
		Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}}))
	return map[string]struct {
		change func(*Config)
		want   []string
	}{
		"accepts a secret":      {func(c *Config) { c.ClientSecret = "s" }, nil},
		"accepts a secret file": {secret("s\n"), nil},
		"names an absent secret file": {
			func(c *Config) { c.ClientSecret, c.ClientSecretFile = "s", absent },
			[]string{secretFile + ": absent/f: no such file or directory: name a file"},
		},
		"names an empty secret file": {secret("\r\n"), []string{"it is empty"}},
		"names a directory": {
			func(c *Config) { c.ClientSecretFile = t.TempDir() },
			[]string{"is a directory"},
		},
		"names two secrets in one file": {secret("s\nt\n"), []string{"more than one line"}},
		"names a byte-order mark before a secret": {
			secret("\ufeffs\n"),
			[]string{"begins with a byte-order mark: save it as plain UTF-8 or ASCII"},
		},
		"names a secret in UTF-16":           {secret("\xff\xfes\x00\r\x00\n\x00"), []string{"it is UTF-16 text"}},
		"names a blank in a secret":          {secret("s t\n"), []string{"it has a blank inside"}},
		"accepts a certificate with its key": {certificate(firstPair().pem), nil},
		"accepts a key of PKCS #1":           {certificate(alone + pkcs1(firstPair())), nil},
		"accepts a PFX":                      {pfx("testdata/contoso.pfx", "contoso"), nil},
		"accepts a PFX with AES":             {pfx("testdata/contoso-aes.pfx", "contoso"), nil},
		"names a wrong password": {
			pfx("testdata/contoso.pfx", "fabrikam"),
			[]string{certificateFile + ": testdata/contoso.pfx", "password incorrect", password},
		},
		"names a blank at the end of the password": {
			pfx("testdata/contoso.pfx", "contoso "),
			[]string{password, "CONNECTOR_CLIENT_CERTIFICATE_PASSWORD: it ends with a blank"},
		},
		"names a missing password": {
			pfx("testdata/contoso.pfx", ""),
			[]string{"set its password", password},
		},
		"names an absent certificate": {
			func(c *Config) { c.CertificateFile = absent },
			[]string{certificateFile + ": absent/f: no such file"},
		},
		"names an empty certificate":              {certificate(""), []string{certificateFile}},
		"names garbage in place of a certificate": {certificate("garbage"), []string{certificateFile}},
		"names a certificate without a key":       {certificate(alone), []string{"no private key", "one PEM file"}},
		"names a key without a certificate":       {certificate(pkcs1(firstPair())), []string{"no certificate"}},
		"names two keys": {
			certificate(firstPair().pem + secondPair().pem),
			[]string{"multiple private keys"},
		},
		"names a broken certificate": {
			certificate(pemBlock("CERTIFICATE", []byte("x"))),
			[]string{"x509", "one PEM file"},
		},
		"names the key of another certificate": {
			certificate(alone + pkcs1(secondPair())),
			[]string{"another certificate"},
		},
		"names a certificate on an elliptic curve": {certificate(ecPair(t)), []string{"not RSA"}},
		"names a key on an elliptic curve":         {certificate(alone + ecKey), []string{"not RSA"}},
		"names a key of SEC 1": {
			certificate(alone + pemBlock("EC PARAMETERS", []byte("x")) + pemBlock("EC PRIVATE KEY", []byte("x"))),
			[]string{"its key is not RSA", "RSA key"},
		},
		"names an encrypted key": {
			certificate(alone + pemBlock("ENCRYPTED PRIVATE KEY", []byte("x"))),
			[]string{"encrypted", "openssl pkey"},
		},
		"names an encrypted key of the older kind": {
			certificate(alone + oldEncrypted),
			[]string{"encrypted", "openssl pkey"},
		},
		"accepts the word ENCRYPTED in a comment": {certificate("friendlyName: NOT ENCRYPTED\n" + firstPair().pem),
			nil},
		"accepts a byte-order mark before PEM": {certificate("\ufeff" + firstPair().pem), nil},
		"names a certificate that is not valid yet": {
			certificate(earlyPair().pem),
			[]string{"valid from", "check this machine's clock, or wait until then"},
		},
		"accepts an old certificate with a new one": {
			certificate(endedPair().pem + pemBlock("CERTIFICATE", renewed.Raw)),
			nil,
		},
		"names a certificate that has ended": {
			certificate(endedPair().pem),
			[]string{"valid from", "make a new one"},
		},
		"accepts a federated token": {federated("token"), nil},
		"names an absent federated token": {
			func(c *Config) { c.FederatedTokenFile = absent },
			[]string{"CONNECTOR_FEDERATED_TOKEN_FILE: absent/f"},
		},
		"names a blank in a federated token": {
			federated("to ken"),
			[]string{"CONNECTOR_FEDERATED_TOKEN_FILE", "it has a blank inside"},
		},
		"accepts a managed identity": {func(c *Config) { c.ManagedIdentity = "system" }, nil},
		"accepts a public client":    {refresh("token"), nil},
		"names a byte-order mark before consent": {
			refresh("\ufefftoken"),
			[]string{"CONNECTOR_REFRESH_TOKEN_FILE", "begins with a byte-order mark"},
		},
		"names a blank at the end of consent": {
			refresh("token "),
			[]string{"CONNECTOR_REFRESH_TOKEN_FILE", "it ends with a blank"},
		},
		"names a missing consent": {
			func(c *Config) { c.RefreshTokenFile = absent },
			[]string{"CONNECTOR_REFRESH_TOKEN_FILE: absent/f: consent missing: run connector consent"},
		},
		"names an empty consent": {refresh("\n"), []string{"consent missing: run connector consent"}},
		"names every file that is wrong": {
			func(c *Config) { c.RefreshTokenFile, c.CertificateFile = absent, "absent/g" },
			[]string{absent, "absent/g"},
		},
	}
}

func TestValidate(t *testing.T) {
	e := newFakeEntra(t)
	for name, c := range validateCases(t) {
		t.Run(name, func(t *testing.T) {
			config := e.config()
			c.change(&config)
			err := config.Validate()
			if (err != nil) != (c.want != nil) {
				t.Fatalf("Validate = %v", err)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error is %v, want %s", err, part)
				}
			}
			var file *secretfile.Error
			if err != nil && (!errors.As(err, &file) || file.Remedy == "") {
				t.Errorf("%v is no error of a file with a remedy", err)
			}
		})
	}
	if e.count() != 0 {
		t.Error("Validate used the network")
	}
}

func TestCertificate(t *testing.T) {
	c := newFakeEntra(t).config()
	t.Run("is nil without a file", func(t *testing.T) {
		if leaf, err := c.Certificate(); leaf != nil || err != nil {
			t.Errorf("Certificate = %v, %v", leaf, err)
		}
	})
	t.Run("is the one that belongs to the key", func(t *testing.T) {
		c.CertificateFile = write(t, "f", pemBlock("CERTIFICATE", firstPair().certificate.Raw)+secondPair().pem)
		if leaf, err := c.Certificate(); err != nil || !leaf.Equal(secondPair().certificate) {
			t.Errorf("Certificate = %v, %v", leaf, err)
		}
	})
	t.Run("is an error without a key", func(t *testing.T) {
		c.CertificateFile = write(t, "f", pemBlock("CERTIFICATE", firstPair().certificate.Raw))
		if _, err := c.Certificate(); err == nil {
			t.Error("a certificate without a key was accepted")
		}
	})
}
