package diagnose

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// certificateProblem explains why the certificate at the public URL is not accepted. It returns false
// if err is about something else. The platform must accept it too, so trusting it on this machine is
// no remedy.
func certificateProblem(err error, url string) (text, remedy string, ok bool) {
	var verification *tls.CertificateVerificationError
	if !errors.As(err, &verification) || (len(verification.UnverifiedCertificates) == 0) {
		return "", "", false
	}
	var names x509.HostnameError
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	what := "the certificate of " + url
	switch {
	case errors.As(err, &names):
		return what + " is for other names" + firstName(verification.UnverifiedCertificates[0]),
			fmt.Sprintf("Get a certificate that names the host of %s: the platform accepts no other.", url), true
	case errors.As(err, &invalid) && (invalid.Reason == x509.Expired):
		text, remedy = outsideDates(what, verification.UnverifiedCertificates[0], invalid.Cert)
		return text, remedy, true
	case errors.As(err, &unknown):
		text, remedy = untrusted(what, verification)
		return text, remedy, true
	}
	return what + " is not acceptable for a server", "Use a certificate of a public CA for TLS servers.", true
}

// firstName returns the first name of a certificate for a text, or nothing.
func firstName(leaf *x509.Certificate) string {
	if len(leaf.DNSNames) == 0 {
		return ""
	}
	return ", such as " + quote(leaf.DNSNames[0])
}

// outsideDates explains an error about the dates of invalid, a certificate of the chain of leaf.
func outsideDates(what string, leaf, invalid *x509.Certificate) (text, remedy string) {
	const clock = "Check this machine's clock; if it is right, "
	if !bytes.Equal(leaf.Raw, invalid.Raw) {
		what = "a CA certificate that comes with " + what
	}
	if time.Now().Before(invalid.NotBefore) {
		return what + " is not valid before " + invalid.NotBefore.UTC().Format(time.RFC3339),
			clock + "wait until then or install another."
	}
	return what + " has expired on " + invalid.NotAfter.UTC().Format(time.DateOnly),
		clock + "renew the certificate and reload the proxy."
}

// untrusted explains a chain that ends at no CA that this machine knows.
func untrusted(what string, err *tls.CertificateVerificationError) (text, remedy string) {
	leaf := err.UnverifiedCertificates[0]
	switch {
	case bytes.Equal(leaf.RawIssuer, leaf.RawSubject):
		return what + " is self-signed", "Use a certificate of a public CA: the platform accepts no other."
	case len(err.UnverifiedCertificates) == 1:
		return what + " comes alone, without that of its issuer, " + issuer(err),
			"Send the full chain (fullchain.pem in place of cert.pem): without the intermediate certificate the " +
				"platform cannot verify it. It accepts public CAs only."
	}
	return what + " is from a CA that this machine does not know", fmt.Sprintf("The issuer is %s, and the platform "+
		"may not know it either. Use a certificate of a public CA. If it has one, a proxy that inspects TLS answers "+
		"here.", issuer(err))
}
