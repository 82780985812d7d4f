// Package outbound makes the one kind of HTTP client with which the service calls others: it follows no redirect,
// uses no proxy, asks for no compression, checks certificates with TLS 1.2 or later, and speaks HTTP/1.1. It sets no
// deadline for a call as a whole; that is the caller's context.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// NewClient returns a client that trusts the authorities in roots; nil: the system's. A connection that is being made
// outlives the call that wanted it, so it has a timeout of its own.
func NewClient(roots *x509.CertPool, timeout time.Duration) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            (&net.Dialer{Timeout: timeout, KeepAlive: 30 * time.Second}).DialContext,
			TLSHandshakeTimeout:    timeout,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
			Protocols:              protocols,
			DisableCompression:     true,
			MaxIdleConns:           64,
			MaxIdleConnsPerHost:    32, // a call can be tried on each that has died
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Describe returns what of an error of a call may be logged: it can quote the peer's bytes otherwise.
func Describe(err error) error {
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &network):
		return network
	case errors.As(err, &certificate):
		return certificate
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	}
	return errors.New("the peer does not speak HTTP as it should")
}
