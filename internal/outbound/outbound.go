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
	"sync"
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

// Observe returns a copy of a client that tells begin of every request before it is sent. What begin returns is told once
// what came of it: the status of the answer, when that has ended or nobody reads on, or 0 where none came.
func Observe(client *http.Client, begin func(context.Context) func(status int)) *http.Client {
	observed := *client
	observed.Transport = &observer{client.Transport, begin}
	return &observed
}

type observer struct {
	base  http.RoundTripper
	begin func(context.Context) func(status int)
}

// RoundTrip makes a request.
func (o *observer) RoundTrip(req *http.Request) (*http.Response, error) {
	end := o.begin(req.Context())
	resp, err := o.base.RoundTrip(req)
	if err != nil {
		end(0)
		return nil, err
	}
	resp.Body = &observedBody{resp.Body, sync.OnceFunc(func() { end(resp.StatusCode) })}
	return resp, nil
}

// observedBody is a body that tells when it has ended.
type observedBody struct {
	io.ReadCloser
	ended func()
}

// Read reads on in the body.
func (b *observedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.ended()
	}
	return n, err
}

// Close closes the body.
func (b *observedBody) Close() error {
	defer b.ended()
	return b.ReadCloser.Close()
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
