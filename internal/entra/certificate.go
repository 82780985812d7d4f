package entra

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/partner-center/connector/internal/secretfile"
	"software.sslmate.com/src/go-pkcs12"
)

const certificateSetting = "CONNECTOR_CLIENT_CERTIFICATE_FILE"

// A keyPair is a certificate of the app with its private key.
type keyPair struct {
	leaf *x509.Certificate
	key  *rsa.PrivateKey
}

// badCertificate returns the error for a certificate file that cannot be used.
func (c Config) badCertificate(err error, remedy string) error {
	return &secretfile.Error{Setting: certificateSetting, Path: c.CertificateFile, Err: err, Remedy: remedy}
}

func (c Config) notRSA() error {
	return c.badCertificate(errors.New("its key is not RSA"),
		"make a certificate with an RSA key, the only kind that Entra ID accepts")
}

// readCertificate reads the file with the app's certificate. An error is a *secretfile.Error.
func (c Config) readCertificate() (*keyPair, error) {
	content, err := secretfile.ReadFile(certificateSetting, c.CertificateFile)
	if err != nil {
		return nil, err
	}
	certificates, key, err := c.parseCertificate(content)
	if err != nil {
		return nil, err
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, c.notRSA()
	}
	if leaf := choose(certificates, private, time.Now()); leaf != nil {
		return &keyPair{leaf, private}, nil
	}
	return nil, c.badCertificate(errors.New("its key belongs to another certificate"),
		"put the certificate and its own key into one file")
}

// choose returns the certificate for key. It prefers one that is valid now, since a file may hold
// both an old and a new one, and returns nil if no certificate belongs to the key.
func choose(certificates []*x509.Certificate, key *rsa.PrivateKey, now time.Time) (leaf *x509.Certificate) {
	for _, certificate := range certificates {
		switch {
		case !key.PublicKey.Equal(certificate.PublicKey):
		case inForce(certificate, now):
			return certificate
		case leaf == nil:
			leaf = certificate
		}
	}
	return leaf
}

// inForce reports whether the certificate is valid at the given time.
func inForce(certificate *x509.Certificate, now time.Time) bool {
	return !now.Before(certificate.NotBefore) && !now.After(certificate.NotAfter)
}

// parseCertificate parses PEM or PFX, whichever content is.
func (c Config) parseCertificate(content []byte) ([]*x509.Certificate, crypto.PrivateKey, error) {
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // some editors add a byte-order mark
	blocks := pemBlocks(content)
	if len(blocks) == 0 {
		return c.parsePFX(content)
	}
	if slices.ContainsFunc(blocks, encrypted) {
		return nil, nil, c.badCertificate(errors.New("its key is encrypted"),
			"decrypt it with openssl pkey -in FILE, or name a PFX")
	}
	certificates, key, err := azidentity.ParseCertificates(content, nil)
	if err != nil && slices.ContainsFunc(blocks, isSEC1) { // azidentity ignores such keys
		return nil, nil, c.notRSA()
	}
	if err != nil {
		return nil, nil, c.badCertificate(err,
			"put the certificate and its RSA key, not encrypted, into one PEM file, or name a PFX")
	}
	return certificates, key, nil
}

// parsePFX parses a PFX. A wrong password has a remedy of its own.
func (c Config) parsePFX(content []byte) ([]*x509.Certificate, crypto.PrivateKey, error) {
	key, leaf, others, err := pkcs12.DecodeChain(content, c.CertificatePassword)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		remedy := "set its password in CONNECTOR_CLIENT_CERTIFICATE_PASSWORD or the file of " +
			"CONNECTOR_CLIENT_CERTIFICATE_PASSWORD_FILE"
		if c.CertificatePassword != "" {
			remedy = "check the password in " + cmp.Or(c.PasswordSetting, "CONNECTOR_CLIENT_CERTIFICATE_PASSWORD")
			if err := secretfile.CheckToken(c.CertificatePassword); err != nil {
				remedy += ": " + err.Error() // allowed, but rarely intended
			}
		}
		return nil, nil, c.badCertificate(err, remedy)
	case err != nil:
		return nil, nil, c.badCertificate(errors.New("neither PEM nor a PFX with one certificate and its key"),
			"name such a file")
	}
	return append([]*x509.Certificate{leaf}, others...), key, nil
}

func pemBlocks(content []byte) (blocks []*pem.Block) {
	for {
		block, rest := pem.Decode(content)
		if block == nil {
			return blocks
		}
		blocks, content = append(blocks, block), rest
	}
}

// encrypted reports whether a block is an encrypted key, either in PKCS #8 or in the older form
// with a header.
func encrypted(b *pem.Block) bool {
	return b.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED")
}

// isSEC1 reports whether a block is an elliptic curve key in SEC 1 form.
func isSEC1(b *pem.Block) bool { return b.Type == "EC PRIVATE KEY" }

// assertionLife is how long an assertion is valid. It is used at once; the rest allows for clocks
// that differ.
const assertionLife = 10 * time.Minute

// assertion returns a signed JWT that authenticates the app at one token endpoint. Its format is
// documented at
// https://learn.microsoft.com/entra/identity-platform/certificate-credentials#assertion-format.
func (k *keyPair) assertion(endpoint, clientID string) (string, error) {
	thumbprint := sha256.Sum256(k.leaf.Raw)
	options := new(jose.SignerOptions).WithType("JWT").
		WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(thumbprint[:]))
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.PS256, Key: k.key}, options)
	if err != nil {
		return "", err
	}
	now := time.Now()
	claims, err := json.Marshal(map[string]any{
		"aud": endpoint,
		"iss": clientID,
		"sub": clientID,
		"jti": uuid.NewString(),
		"nbf": now.Unix(),
		"exp": now.Add(assertionLife).Unix(),
	})
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
