package diagnose

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// trustRemedy returns what to do if this machine does not trust the certificate of peer. It returns
// an empty text if err is not about a certificate.
func trustRemedy(err error, peer string) string {
	var verification *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var names x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return fmt.Sprintf("This machine does not know the issuer of that certificate, %s. A proxy that inspects TLS "+
			"may answer in place of %s: add its CA to the system's store, or to the file that SSL_CERT_FILE names.",
			issuer(err), peer)
	case errors.As(err, &names):
		return fmt.Sprintf("The certificate there is for other names. Find out which machine answers in place of %s.",
			peer)
	case errors.As(err, &invalid) && (invalid.Reason == x509.Expired):
		return "The certificate there is outside its dates. Check this machine's clock; if it is right, the " +
			"certificate has to be renewed."
	case errors.As(err, &verification):
		return fmt.Sprintf("The certificate there is not acceptable. Find out which machine answers in place of %s.",
			peer)
	}
	return ""
}

// issuer returns the name of the CA that issued the certificate in a verification error, according
// to that certificate. The peer chose the name, so it is quoted and truncated.
func issuer(err error) string {
	var verification *tls.CertificateVerificationError
	if !errors.As(err, &verification) || (len(verification.UnverifiedCertificates) == 0) {
		return "which is not named"
	}
	return "CN " + quote(verification.UnverifiedCertificates[0].Issuer.CommonName)
}
