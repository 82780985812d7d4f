// Package sandbox is a fake: a Partner Center and an Entra ID token endpoint on
// loopback, with made-up data and no protection worth the name. Never give it a
// real credential, and never take its answers for a real customer's.
//
// It answers what Partner Center documents and is known to send, odd habits
// included: byte-order marks, nulls, unknown members, dates of every shape,
// money of any length. Whatever else is asked is refused with the reason, so
// that a caller's mistake shows here and not in production, and the customers
// in [Failures] make it fail on demand. Every start gives the same answers,
// apart from tokens, ids of requests, and ports. It changes nothing, keeps
// nothing, throttles nothing, and knows one partner, one app and one user.
package sandbox

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Sandbox is a running fake Partner Center with its token endpoint.
type Sandbox struct {
	UpstreamURL  string         // Partner Center's base URL, http and without /v1
	AuthorityURL string         // the token endpoint's, https with a certificate made at start
	RootCAs      *x509.CertPool // trusts that certificate
	TenantID     string         // the one tenant that the token endpoint knows
	ClientID     string         // its one app
	ClientSecret string         // that app's secret, another one at every start
	RefreshToken string         // what its one user's consent gave: good for App+User tokens

	partnerCenter, authority *server
}

// Start runs a sandbox on two free ports of 127.0.0.1 until it is closed.
func Start() (*Sandbox, error) {
	data, err := load()
	if err != nil {
		return nil, err
	}
	certificate, roots, err := selfSigned()
	if err != nil {
		return nil, err
	}
	tokens, err := newMint()
	if err != nil {
		return nil, err
	}
	upstream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	authority, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, upstream.Close())
	}
	s := &Sandbox{
		UpstreamURL:  "http://" + upstream.Addr().String(),
		AuthorityURL: "https://" + authority.Addr().String(),
		RootCAs:      roots,
		TenantID:     tenantID,
		ClientID:     clientID,
		ClientSecret: rand.Text(),
		RefreshToken: tokens.issue(refresh, time.Now()),
	}
	s.partnerCenter = serve(upstream, partnerCenter{data, tokens})
	s.authority = serve(
		tls.NewListener(authority, &tls.Config{Certificates: []tls.Certificate{certificate}}),
		entra{url: s.AuthorityURL, secret: s.ClientSecret, tokens: tokens})
	return s, nil
}

// Close ends the sandbox and whatever it is still answering; when it returns,
// nothing of it runs any more.
func (s *Sandbox) Close() error {
	return errors.Join(s.partnerCenter.close(), s.authority.close())
}

// server is an http.Server whose close waits for its connections.
type server struct {
	http        *http.Server
	accepting   sync.WaitGroup
	connections sync.WaitGroup
}

func serve(l net.Listener, h http.Handler) *server {
	s := &server{http: &http.Server{
		Handler: h,
		// No ReadTimeout: it would end the context of what is answered slowly.
		ReadHeaderTimeout: 5 * time.Second,
		WriteTimeout:      patience + 10*time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
	}}
	s.http.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			s.connections.Add(1)
		case http.StateClosed:
			s.connections.Done()
		}
	}
	s.accepting.Go(func() { _ = s.http.Serve(l) })
	return s
}

func (s *server) close() error {
	err := s.http.Close()
	s.accepting.Wait()
	// What was accepted while the first Close ran is closed by the second.
	err = errors.Join(err, s.http.Close())
	s.connections.Wait()
	return err
}
