package entra

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"software.sslmate.com/src/go-pkcs12"
)

// proof is how the app proves itself in one request, in one of three ways or, as a public client, not at all.
type proof struct {
	secret    string
	assertion string   // somebody else's word for the app, such as Kubernetes'
	pair      *keyPair // signs the app's own word
}

// prover makes the proof for a request from what holds at that moment. It is never called twice at a time.
type prover func(context.Context) (proof, error)

// prover chooses the way in which the app proves itself.
func (c Config) prover() prover {
	switch {
	case c.ClientSecretFile != "":
		secret := &source[string]{log: c.Log, last: c.ClientSecret, usable: c.ClientSecret != "", read: func() (string, error) {
			return readLine("CONNECTOR_CLIENT_SECRET_FILE", c.ClientSecretFile)
		}}
		return func(context.Context) (proof, error) {
			s, err := secret.get()
			return proof{secret: s}, err
		}
	case c.CertificateFile != "":
		pair := &source[*keyPair]{log: c.Log, read: c.readCertificate}
		return func(context.Context) (proof, error) {
			p, err := pair.get()
			return proof{pair: p}, err
		}
	case c.FederatedTokenFile != "":
		token := &source[string]{log: c.Log, read: func() (string, error) {
			return readLine("CONNECTOR_FEDERATED_TOKEN_FILE", c.FederatedTokenFile)
		}}
		return func(context.Context) (proof, error) {
			t, err := token.get()
			return proof{assertion: t}, err
		}
	case c.ManagedIdentity != "":
		return c.proveByManagedIdentity
	}
	return func(context.Context) (proof, error) { return proof{secret: c.ClientSecret}, nil }
}

// proveByManagedIdentity asks the machine that the service runs on for a token that stands for the app.
func (c Config) proveByManagedIdentity(ctx context.Context) (proof, error) {
	w := c.wire(managedIdentity)
	options := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: w.options("")}
	if c.ManagedIdentity != "system" {
		options.ID = azidentity.ClientID(c.ManagedIdentity)
	}
	credential, err := azidentity.NewManagedIdentityCredential(options)
	if err != nil {
		return proof{}, err
	}
	token, err := credential.GetToken(ctx, policy.TokenRequestOptions{
		Scopes: []string{c.ExchangeAudience + "/.default"},
		Claims: "{}", // passes the cache, which all credentials of a process share
	})
	if err != nil {
		return proof{}, w.failure()
	}
	return proof{assertion: token.Token}, nil
}

// keyPair is a certificate of the app's with its key.
type keyPair struct {
	leaf *x509.Certificate
	key  *rsa.PrivateKey
}

func (c Config) badCertificate(err error, remedy string) error {
	return &badFile{"CONNECTOR_CLIENT_CERTIFICATE_FILE", c.CertificateFile, err, remedy}
}

func (c Config) notRSA() error {
	return c.badCertificate(errors.New("its key is not RSA"), "make a certificate with an RSA key, the only kind that Entra ID takes")
}

func (c Config) readCertificate() (*keyPair, error) {
	content, err := readFile("CONNECTOR_CLIENT_CERTIFICATE_FILE", c.CertificateFile)
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
	return nil, c.badCertificate(errors.New("its key belongs to another certificate"), "put the certificate and its own key into one file")
}

// choose returns the certificate of a key: one in force if there is any, since a file may hold the old and the new one.
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

func inForce(certificate *x509.Certificate, now time.Time) bool {
	return !now.Before(certificate.NotBefore) && !now.After(certificate.NotAfter)
}

// parseCertificate reads PEM or PFX.
func (c Config) parseCertificate(content []byte) ([]*x509.Certificate, crypto.PrivateKey, error) {
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // some editors put one in front of PEM
	blocks := pemBlocks(content)
	if len(blocks) == 0 {
		key, leaf, others, err := pkcs12.DecodeChain(content, c.CertificatePassword)
		switch {
		case errors.Is(err, pkcs12.ErrIncorrectPassword):
			return nil, nil, c.badCertificate(err, "check CONNECTOR_CLIENT_CERTIFICATE_PASSWORD")
		case err != nil:
			return nil, nil, c.badCertificate(errors.New("neither PEM nor a PFX with one certificate and its key"), "name such a file")
		}
		return append([]*x509.Certificate{leaf}, others...), key, nil
	}
	if slices.ContainsFunc(blocks, encrypted) {
		return nil, nil, c.badCertificate(errors.New("its key is encrypted"), "decrypt it with openssl pkey -in FILE, or name a PFX")
	}
	certificates, key, err := azidentity.ParseCertificates(content, nil)
	if err != nil && slices.ContainsFunc(blocks, isSEC1) { // which it does not look at
		return nil, nil, c.notRSA()
	}
	if err != nil {
		return nil, nil, c.badCertificate(err, "put the certificate and its RSA key, not encrypted, into one PEM file, or name a PFX")
	}
	return certificates, key, nil
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

// encrypted says whether a block is an encrypted key, of PKCS #8 or of the older kind with a header.
func encrypted(b *pem.Block) bool {
	return b.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED")
}

// isSEC1 says whether a block is a key on an elliptic curve, in the form of SEC 1.
func isSEC1(b *pem.Block) bool { return b.Type == "EC PRIVATE KEY" }

const assertionLife = 10 * time.Minute

// assertion is the app's word for itself, for one token endpoint:
// https://learn.microsoft.com/entra/identity-platform/certificate-credentials#assertion-format.
func (k *keyPair) assertion(endpoint, clientID string) (string, error) {
	thumbprint := sha256.Sum256(k.leaf.Raw)
	options := new(jose.SignerOptions).WithType("JWT").WithHeader("x5t#S256", base64.RawURLEncoding.EncodeToString(thumbprint[:]))
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

// parameters are the members of a token request that carry the proof.
func (p proof) parameters(endpoint, clientID string) (url.Values, error) {
	if p.pair != nil {
		var err error
		if p.assertion, err = p.pair.assertion(endpoint, clientID); err != nil {
			return nil, fmt.Errorf("signing an assertion: %w", err)
		}
	}
	parameters := url.Values{}
	if p.assertion != "" {
		parameters.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
		parameters.Set("client_assertion", p.assertion)
	}
	if p.secret != "" {
		parameters.Set("client_secret", p.secret)
	}
	return parameters, nil
}
