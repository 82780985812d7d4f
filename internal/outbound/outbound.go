// Package outbound provides the HTTP client that the service uses for all calls to other services.
//
// It follows no redirect, so credentials reach only the host that they are meant for. It ignores
// proxy settings, requests no compression, requires TLS 1.2 or later and uses HTTP/1.1 only. It
// bounds connecting and the response header's size; the total time of a call is bounded by the
// caller's context.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// NewClient returns a client that trusts the certificate authorities in roots, or the system's if
// roots is nil. timeout bounds dialing and the TLS handshake, since net/http continues to connect
// after the call's context has ended.
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
			MaxIdleConnsPerHost:    32, // bounds how often net/http sends a call again on a dead connection
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Observe returns a copy of client that calls begin before each request, with the request's
// context. The function that begin returns is called once: with the status when the response body
// ends or is closed, or with 0 if there is no response.
func Observe(client *http.Client, begin func(context.Context) func(status int)) *http.Client {
	observed := *client
	observed.Transport = &observer{client.Transport, begin}
	return &observed
}

// An observer is a RoundTripper that reports each request and its result.
type observer struct {
	base  http.RoundTripper
	begin func(context.Context) func(status int)
}

// RoundTrip sends req and reports its result.
func (o *observer) RoundTrip(req *http.Request) (*http.Response, error) {
	end := o.begin(req.Context())
	resp, err := o.base.RoundTrip(req)
	if err != nil {
		end(0)
		return nil, err
	}
	resp.Body = &observedBody{ReadCloser: resp.Body, status: resp.StatusCode, end: end}
	return resp, nil
}

// An observedBody calls end once, when the body ends or is closed.
type observedBody struct {
	io.ReadCloser
	status int
	end    func(status int)
	done   atomic.Bool // end has been called
}

// Read reads from the body.
func (b *observedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.ended()
	}
	return n, err
}

// ended calls end unless that has been done.
func (b *observedBody) ended() {
	if !b.done.Swap(true) {
		b.end(b.status)
	}
}

// Close closes the body.
func (b *observedBody) Close() error {
	defer b.ended()
	return b.ReadCloser.Close()
}

// Describe returns an error that is safe to log in place of err, the error of a request. Errors of
// net/http can quote the URL and bytes of the response, so an error of an unknown type becomes
// "malformed HTTP response".
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
	case errors.Is(err, context.Canceled):
		return context.Canceled
	}
	return errors.New("malformed HTTP response")
}
